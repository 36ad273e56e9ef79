"""What records reach, and what they leave over: pure, so that it can be tried with any set of tags."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.registry.documents.record import Record

# NB: a tag of any other form is a name that somebody gave; `last-inputs` is one of them, and is overwritten.
# A candidate's index may have its images under tags of their own: Docker pushes nothing without one.
_OURS = re.compile(r"evidence-[0-9a-f]{64}|key-[0-9a-f]{64}(?:-[a-z0-9]+-[a-z0-9_]+(?:-v[0-9.]+)?)?")

Place = tuple[str, str]
"""A repository (without its registry) and a digest in it."""


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """One tag of a repository, and the digest that it names."""

    repository: str
    tag: str
    digest: str

    @property
    def place(self) -> Place:
        """Where the content is."""
        return self.repository, self.digest


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What a registry holds.

    Parameters
    ----------
    tags:
        Every tag of the fleet's repositories.
    parts:
        An index -> the manifests that it lists.
    subjects:
        Evidence -> the image that it is about.
    """

    tags: tuple[Tagged, ...]
    parts: Mapping[Place, Collection[Place]] = field(default_factory=dict[Place, Collection[Place]])
    subjects: Mapping[Place, Place] = field(default_factory=dict[Place, Place])


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A digest that nothing reaches, and the tags that go with it; an image of an index may have none."""

    repository: str
    digest: str
    tags: tuple[str, ...]

    @property
    def is_evidence(self) -> bool:
        """Whether it is evidence, not a candidate."""
        return bool(self.tags) and all(tag.startswith("evidence-") for tag in self.tags)


def is_ours(tag: str) -> bool:
    """Whether a tag is a candidate's or an evidence's: nobody else's tags are ever deleted."""
    return _OURS.fullmatch(tag) is not None


def roots(records: Iterable[Record], tags: Iterable[Tagged]) -> frozenset[Place]:
    """What records name themselves: their digests, and the evidence of them."""
    named = {(unit.repository, unit.digest) for record in records for unit in record.units}
    keys = {
        (unit.repository, f"evidence-{key}")
        for record in records
        for unit in record.units
        for key in unit.evidence.values()
    }
    return frozenset(named | {each.place for each in tags if (each.repository, each.tag) in keys})


def removals(holding: Holding, kept: Collection[Place]) -> tuple[Removal, ...]:
    """What can go, evidence first, an index before its images: an interruption leaves an image without
    evidence, and images without an index, never the reverse.

    A digest goes only when all its tags are ours (deleting a digest deletes every tag of it), nothing kept
    contains it, and it is no evidence about an image that stays. The images of an index that goes, go too.
    """
    groups: dict[Place, list[str]] = defaultdict(list)
    for each in holding.tags:
        groups[each.place].append(each.tag)
    named = {place for place, tags in groups.items() if not all(is_ours(tag) for tag in tags)}
    stays = _with_parts({*kept, *named}, holding.parts)
    about = {evidence for evidence, image in holding.subjects.items() if image in stays}
    stays = _with_parts(stays | about, holding.parts)
    gone = [
        Removal(repository=place[0], digest=place[1], tags=tuple(sorted(groups.get(place, ()))))
        for place in _with_parts(groups, holding.parts)
        if place not in stays
    ]

    def turn(each: Removal) -> tuple[object, ...]:
        contained = not holding.parts.get((each.repository, each.digest))
        return not each.is_evidence, contained, each.repository, each.tags, each.digest

    return tuple(sorted(gone, key=turn))


def _with_parts(places: Collection[Place], parts: Mapping[Place, Collection[Place]]) -> set[Place]:
    found: set[Place] = set()
    left = list(places)
    while left:
        place = left.pop()
        if place not in found:
            found.add(place)
            left.extend(parts.get(place, ()))
    return found
