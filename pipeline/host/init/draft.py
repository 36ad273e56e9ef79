"""Names, families and contexts: what stands on what, as far as the files say."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pipeline.catalog.model import Root
from pipeline.catalog.references import Reference
from pipeline.host.init.documented import BuildLine, Name
from pipeline.host.init.find import Found, component, words_of
from pipeline.planning.context import open_context
from pipeline.planning.outside import external_reference
from pipeline.planning.sources import Sources

_ON_THE_ROOT = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A Dockerfile as a family or image; ``base`` is a family's name, empty for the root image.

    ``sure`` says whether the files tell the base; otherwise it is a guess.
    """

    found: Found
    name: str
    context: str
    base: str
    sure: bool


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What will be written: ``pushed`` are the families that come from a registry, by name."""

    registry: str
    organisation: str
    root: Root
    pushed: Mapping[str, Reference]
    families: tuple[Entry, ...]
    images: tuple[Entry, ...]


@dataclass
class _Bases:
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


def make_draft(
    found: Sequence[Found], documented: Mapping[str, BuildLine], sources: Sources, *, organisation: str
) -> Draft:
    """Put together what the Dockerfiles and the documented build lines say.

    ``organisation`` is what the git remote says, or empty.
    """
    names = _names(found, documented)
    own = {each.path: names[each.path] for each in found if each.kind == "family"}
    bases = _Bases(own=own, taken=names.values())
    for each in found:
        _by_line_or_default(bases, each, documented.get(each.path))
    for each in found:
        _by_comment(bases, each)
    guess = _guess(bases)
    only = len({*own.values(), *bases.pushed}) == 1
    entries = [
        Entry(
            found=each,
            name=names[each.path],
            context=_context(each, documented, sources),
            base=bases.known.get(each.path, "" if own.get(each.path) == guess else guess),
            sure=each.path in bases.known or only,
        )
        for each in found
    ]
    families = [each for each in entries if each.found.kind == "family"]
    registry, owner = _home(documented, bases.pushed)
    root = bases.root or Root()
    return Draft(
        registry=registry or "ghcr.io",
        organisation=owner or organisation,
        root=root.model_copy(update={"name": f"root-{root.name}"})
        if root.name in bases.own.values()
        else root,
        pushed=bases.pushed
        if bases.pushed or families
        else {guess: Reference(registry="", repository=guess)},
        families=tuple(sorted(families, key=lambda each: _depth(each, families))),
        images=tuple(each for each in entries if each.found.kind == "image"),
    )


def _names(found: Sequence[Found], documented: Mapping[str, BuildLine]) -> dict[str, str]:
    """What each is called: in a build line, as a base of another one, in its own first words, by its path."""
    bases = {_last(each.base) for each in found} | {line.base.name for line in documented.values()}
    names: dict[str, str] = {}
    for each in found:
        line = documented.get(each.path)
        said = [line.image.name] if line else []
        if each.kind == "family":
            said += sorted(base for base in bases if words_of(each.word) <= words_of(base))
        first = each.opening.partition(":")[0]
        if ":" in each.opening and first == component(first) and words_of(each.word) <= words_of(first):
            said.append(first)
        said += [each.word, component(each.path.replace("/", "-"))]
        names[each.path] = next(name for name in said if name and name not in names.values())
    return names


def _last(reference: str) -> str:
    return component(reference.rpartition("/")[2].partition("@")[0].partition(":")[0])


def _by_line_or_default(bases: _Bases, each: Found, line: BuildLine | None) -> None:
    said = line.base if line and line.base.name else None
    default = external_reference(each.base) if each.base and not said else None
    name = said.name if said else _last(default.repository) if default else ""
    if not name:
        return
    reference = _reference(said) if said else default
    own = bases.family(name)
    root = _root(said, external_reference(each.base) if each.base else None)
    if own and not bases.leads_to(own, bases.own.get(each.path, "")):
        bases.known[each.path] = own
    elif each.kind == "family" and bases.root in (None, root):
        bases.root = root
        bases.known[each.path] = _ON_THE_ROOT
    elif reference:
        name = bases.free(name)
        bases.pushed.setdefault(name, reference)
        bases.known[each.path] = name


def _reference(name: Name) -> Reference:
    path = "/".join(filter(None, [name.organisation, name.name]))
    return Reference(registry=name.registry, repository=path, tag=name.tag)


def _by_comment(bases: _Bases, each: Found) -> None:
    """The family that its opening comment names, if that does not stand on it already."""
    own = bases.own.get(each.path, "")
    said = each.opening.replace(",", " ").replace(".", " ").split()
    named = [name for name in bases.own.values() if name in said and name != own]
    if each.path not in bases.known and named and not bases.leads_to(named[0], own):
        bases.known[each.path] = named[0]


def _guess(bases: _Bases) -> str:
    """What a Dockerfile stands on that does not say; a family that is the guess itself stands on the root."""
    first = [name for path, name in bases.own.items() if bases.known.get(path) == _ON_THE_ROOT]
    silent = [name for path, name in bases.own.items() if path not in bases.known]
    return next(iter([*first, *silent, *bases.own.values(), *bases.pushed]), bases.free("base"))


def _root(said: Name | None, default: Reference | None) -> Root:
    """The root image by the name in a build line, pulled from the Dockerfile's default."""
    usual = Root()
    source = str(default) if default else str(_reference(said)) if said and said.registry else usual.source
    if source == usual.source and said is None:
        return usual
    name = said.name if said else f"root-{_last(default.repository)}" if default else usual.name
    tag = (said.tag if said else default.tag if default else "") or usual.tag
    return Root(name=name, tag=tag, source=source)


def _home(documented: Mapping[str, BuildLine], pushed: Mapping[str, Reference]) -> tuple[str, str]:
    """Registry and organisation that most names have; empty where none says."""
    names = [name for line in documented.values() for name in (line.image, line.base)]
    registries = Counter(name.registry for name in names if name.registry)
    owners = Counter(name.organisation for name in names if name.organisation)
    for each in pushed.values():
        owner, slash, _ = each.repository.partition("/")
        if slash and each.registry not in ("", "docker.io"):
            registries[each.registry] += 1
            owners[owner] += 1
    return _most(registries), _most(owners)


def _most(counted: Counter[str]) -> str:
    return counted.most_common(1)[0][0] if counted else ""


def _context(each: Found, documented: Mapping[str, BuildLine], sources: Sources) -> str:
    """The documented one, else the nearest folder in which what COPY names is there."""
    if line := documented.get(each.path):
        return line.context.removeprefix("./").rstrip("/") or "."
    reads = [read for stage in each.reads.used for read in stage.context if read.path]
    if not reads and PurePosixPath(each.path).name != "Dockerfile":
        return "."

    def missing(folder: str) -> int:
        context = open_context(sources, folder=folder, dockerfile=each.path)
        return sum(context.read(read).missing for read in reads)

    return min(_folders(each.path), key=missing)


def _folders(path: str) -> Iterator[str]:
    """The folders above a file, the nearest first, "." last."""
    yield from map(str, PurePosixPath(path).parents)


def _depth(entry: Entry, families: Sequence[Entry]) -> int:
    by_name = {each.name: each for each in families}
    depth = 0
    while entry.base in by_name and depth < len(families):
        entry = by_name[entry.base]
        depth += 1
    return depth
