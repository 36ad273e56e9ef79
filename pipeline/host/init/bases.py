"""What stands on what, as far as Dockerfiles and build lines say."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.catalog.model import Root
from pipeline.catalog.references import Reference
from pipeline.host.init.documented import BuildLine, Name
from pipeline.host.init.find import Found, component, words_of
from pipeline.planning.outside import external_reference

ON_THE_ROOT = ""


@dataclass
class Bases:
    """What is found out: Dockerfile -> name of its base, "" for the root, absent where it is unknown."""

    own: Mapping[str, str]
    taken: Collection[str]
    known: dict[str, str] = field(default_factory=dict[str, str])
    root: Root | None = None
    pushed: dict[str, Reference] = field(default_factory=dict[str, Reference])

    def family(self, name: str) -> str:
        """The fleet's own family that somebody calls so, by its name or a word of it; empty for none."""
        near = [own for own in self.own.values() if own == name] or [
            own for own in self.own.values() if words_of(own) <= words_of(name)
        ]
        return near[0] if near else ""

    def free(self, name: str) -> str:
        """The name, or a longer one where a Dockerfile has it already."""
        while name in self.taken:
            name = f"family-{name}"
        return name

    def leads_to(self, start: str, end: str) -> bool:
        """Whether a family stands on another one, directly or not."""
        paths = {name: path for path, name in self.own.items()}
        seen: set[str] = set()
        while start and start not in seen:
            if start == end:
                return True
            seen.add(start)
            start = self.known.get(paths.get(start, ""), "")
        return False

    def guess(self) -> str:
        """What a Dockerfile stands on that does not say; a family that is the guess stands on the root."""
        first = [name for path, name in self.own.items() if self.known.get(path) == ON_THE_ROOT]
        silent = [name for path, name in self.own.items() if path not in self.known]
        return next(iter([*first, *silent, *self.own.values(), *self.pushed]), self.free("base"))


def find_bases(
    found: Sequence[Found],
    documented: Mapping[str, BuildLine],
    *,
    own: Mapping[str, str],
    taken: Collection[str],
) -> Bases:
    """What the build lines, the defaults and the opening comments say; ``own`` are families by Dockerfile."""
    bases = Bases(own=own, taken=taken)
    for each in found:
        _by_line_or_default(bases, each, documented.get(each.path))
    for each in found:
        _by_comment(bases, each)
    return bases


def short_name(reference: str) -> str:
    """The last part of a reference, without tag and digest, as a name of the catalog."""
    return component(reference.rpartition("/")[2].partition("@")[0].partition(":")[0])


def _by_line_or_default(bases: Bases, each: Found, line: BuildLine | None) -> None:
    said = line.base if line and line.base.name else None
    default = external_reference(each.base) if each.base and not said else None
    name = said.name if said else short_name(default.repository) if default else ""
    if not name:
        return
    reference = _reference(said) if said else default
    own = bases.family(name)
    root = _root(said, external_reference(each.base) if each.base else None)
    if own and not bases.leads_to(own, bases.own.get(each.path, "")):
        bases.known[each.path] = own
    elif each.kind == "family" and bases.root in (None, root):
        bases.root = root
        bases.known[each.path] = ON_THE_ROOT
    elif reference:
        name = bases.free(name)
        bases.pushed.setdefault(name, reference)
        bases.known[each.path] = name


def _reference(name: Name) -> Reference:
    path = "/".join(filter(None, [name.organisation, name.name]))
    return Reference(registry=name.registry, repository=path, tag=name.tag)


def _by_comment(bases: Bases, each: Found) -> None:
    """The family that its opening comment names, if that does not stand on it already."""
    own = bases.own.get(each.path, "")
    said = each.opening.replace(",", " ").replace(".", " ").split()
    named = [name for name in bases.own.values() if name in said and name != own]
    if each.path not in bases.known and named and not bases.leads_to(named[0], own):
        bases.known[each.path] = named[0]


def _root(said: Name | None, default: Reference | None) -> Root:
    """The root image by the name in a build line, pulled from the Dockerfile's default."""
    usual = Root()
    source = str(default) if default else str(_reference(said)) if said and said.registry else usual.source
    if source == usual.source and said is None:
        return usual
    name = said.name if said else f"root-{short_name(default.repository)}" if default else usual.name
    tag = (said.tag if said else default.tag if default else "") or usual.tag
    return Root(name=name, tag=tag, source=source)
