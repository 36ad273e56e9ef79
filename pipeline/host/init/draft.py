"""Names, families and contexts: what stands on what, as far as the files say."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.catalog.model import Root
from pipeline.catalog.references import Reference
from pipeline.host.init.bases import Bases, find_bases, short_name
from pipeline.host.init.documented import BuildLine
from pipeline.host.init.find import Found, component, words_of
from pipeline.planning.context import open_context
from pipeline.planning.sources import Sources

_VENDORS = (
    *("cgr.dev", "docker.elastic.co", "gcr.io/distroless", "ghcr.io/astral-sh"),
    *("mcr.microsoft.com", "nvcr.io", "public.ecr.aws"),
    *("quay.io/centos", "quay.io/fedora", "quay.io/jupyter"),
    *(
        "registry.access.redhat.com",
        "registry.gitlab.com/gitlab-org",
        "registry.k8s.io",
        "registry.redhat.io",
    ),
)


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


def make_draft(
    found: Sequence[Found], documented: Mapping[str, BuildLine], sources: Sources, *, organisation: str
) -> Draft:
    """Put together what the Dockerfiles and the documented build lines say.

    ``organisation`` is what the git remote says, or empty.
    """
    names = _names(found, documented)
    own = {each.path: names[each.path] for each in found if each.kind == "family"}
    bases = find_bases(found, documented, own=own, taken=names.values())
    guess = bases.guess()
    entries = [_entry(each, names[each.path], bases, _context(each, documented, sources)) for each in found]
    families = [each for each in entries if each.found.kind == "family"]
    registry, owner = _home(documented, bases.pushed)
    unsaid = {} if bases.pushed or families else {guess: Reference(registry="", repository=guess)}
    return Draft(
        registry=registry or "ghcr.io",
        organisation=owner or organisation,
        root=_root(bases),
        pushed=bases.pushed or unsaid,
        families=tuple(sorted(families, key=lambda each: _depth(each, families))),
        images=tuple(each for each in entries if each.found.kind == "image"),
    )


def _entry(found: Found, name: str, bases: Bases, context: str) -> Entry:
    guess = bases.guess()
    only = len({*bases.own.values(), *bases.pushed}) == 1
    return Entry(
        found=found,
        name=name,
        context=context,
        base=bases.known.get(found.path, "" if bases.own.get(found.path) == guess else guess),
        sure=found.path in bases.known or only,
    )


def _root(bases: Bases) -> Root:
    """The root image, under a name that no family has."""
    root = bases.root or Root()
    taken = root.name in bases.own.values()
    return root.model_copy(update={"name": f"root-{root.name}"}) if taken else root


def _names(found: Sequence[Found], documented: Mapping[str, BuildLine]) -> dict[str, str]:
    """What each is called: in a build line, as a base of another one, in its own first words, by its path."""
    bases = {short_name(each.base) for each in found} | {line.base.name for line in documented.values()}
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


def _home(documented: Mapping[str, BuildLine], pushed: Mapping[str, Reference]) -> tuple[str, str]:
    """Registry and organisation that most names have; empty where none says."""
    names = [name for line in documented.values() for name in (line.image, line.base)]
    registries = Counter(name.registry for name in names if name.registry)
    owners = Counter(name.organisation for name in names if name.organisation)
    for each in pushed.values():
        owner, slash, _ = each.repository.partition("/")
        if slash and not _is_vendors(each):
            registries[each.registry] += 1
            owners[owner] += 1
    return _most(registries), _most(owners)


def _is_vendors(base: Reference) -> bool:
    """Whether a base is one that everybody stands on: its registry is nobody's own."""
    name = f"{base.registry}/{base.repository}"
    return base.registry in ("", "docker.io") or any(name.startswith(f"{each}/") for each in _VENDORS)


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
