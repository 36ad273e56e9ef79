"""What records reach never goes, whatever shares its digest: any set of records, candidates and names."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.registry.documents.record import Facts, Record, Released
from pipeline.registry.reach import Holding, Place, Removal, Tagged, is_ours, removals, roots

REPOSITORIES = ("org/a", "org/b")
KEYS = tuple(digit * 64 for digit in "012345")
DIGESTS = tuple(f"sha256:{digit * 64}" for digit in "abcdef")
FACTS = Facts(fleet="mainpc", commit="", commit_date="")

repositories = st.sampled_from(REPOSITORIES)
digests = st.sampled_from(DIGESTS)
names = st.one_of(
    st.builds("key-{}".format, st.sampled_from(KEYS)),
    st.builds("evidence-{}".format, st.sampled_from(KEYS)),
    st.sampled_from(["20250810-9c99cc9", "latest", "last-inputs", "key-", "evidence-123", "key-" + "0" * 63]),
)
places = st.tuples(repositories, digests)


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    """Tags name one digest each; digests are few, so that many tags share one."""
    named = draw(st.dictionaries(st.tuples(repositories, names), digests, max_size=16))
    tags = tuple(Tagged(repository=place, tag=tag, digest=digest) for (place, tag), digest in named.items())
    parts = draw(st.dictionaries(places, st.lists(digests, max_size=2), max_size=3))
    subjects = {
        tag.place: (tag.repository, draw(digests))
        for tag in tags
        if tag.tag.startswith("evidence-") and draw(st.booleans())
    }
    inside: dict[Place, tuple[Place, ...]] = {
        place: tuple((place[0], digest) for digest in listed) for place, listed in parts.items()
    }
    return Holding(tags=tags, parts=inside, subjects=subjects)


units = st.builds(
    Released,
    kind=st.just("image"),
    name=st.just("image"),
    repository=repositories,
    digest=digests,
    build_key=st.sampled_from(KEYS),
    evidence=st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(KEYS), max_size=2),
)
records = st.lists(
    st.builds(Record, tag=st.just("t"), facts=st.just(FACTS), units=st.lists(units, max_size=3).map(tuple)),
    max_size=3,
)


def after(holding: Holding, gone: tuple[Removal, ...]) -> dict[str, dict[str, str]]:
    """The registry's tags when each removal is deleted by digest, as a registry does it."""
    deleted = {(each.repository, each.digest) for each in gone}
    left: dict[str, dict[str, str]] = defaultdict(dict)
    for each in holding.tags:
        if each.place not in deleted:
            left[each.repository][each.tag] = each.digest
    return left


def contained(place: Place, holding: Holding) -> set[Place]:
    found, left = set(), [place]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += holding.parts.get(one, ())
    return found


@given(holdings(), records)
def test_nothing_that_a_record_reaches_goes(holding: Holding, recorded: list[Record]) -> None:
    gone = {(each.repository, each.digest) for each in removals(holding, roots(recorded, holding.tags))}
    left = after(holding, removals(holding, roots(recorded, holding.tags)))
    named = {(each.repository, each.tag): each.digest for each in holding.tags}
    for unit in (unit for record in recorded for unit in record.units):
        assert not gone & contained((unit.repository, unit.digest), holding)
        for key in unit.evidence.values():
            place = unit.repository, f"evidence-{key}"
            if place in named:
                assert left[place[0]].get(place[1]) == named[place]


@given(holdings(), records)
def test_only_candidates_and_evidence_go_whole_and_only_once(
    holding: Holding, recorded: list[Record]
) -> None:
    gone = removals(holding, roots(recorded, holding.tags))
    inside = {part for each in gone for part in holding.parts.get((each.repository, each.digest), ())}
    for each in gone:
        assert each.tags or (each.repository, each.digest) in inside
        assert all(is_ours(tag) for tag in each.tags)
        shared = {t.tag for t in holding.tags if t.place == (each.repository, each.digest)}
        assert set(each.tags) == shared
    assert len({(each.repository, each.digest) for each in gone}) == len(gone)
    assert [each.is_evidence for each in gone] == sorted((each.is_evidence for each in gone), reverse=True)


def test_the_images_of_an_index_go_after_it_and_not_while_another_one_has_them() -> None:
    index, other, shared, own = ((REPOSITORIES[0], digest) for digest in DIGESTS[:4])
    tags = [
        Tagged(repository=place[0], tag=f"key-{key}", digest=place[1])
        for place, key in ((index, KEYS[0]), (other, KEYS[1]))
    ]
    tags.append(Tagged(repository=own[0], tag=f"key-{KEYS[0]}-linux-arm64", digest=own[1]))
    holding = Holding(tags=tuple(tags), parts={index: (shared, own), other: (shared,)})
    gone = [(each.repository, each.digest) for each in removals(holding, frozenset({other}))]
    assert gone == [index, own]
    gone = [(each.repository, each.digest) for each in removals(holding, frozenset())]
    assert gone[:2] == [index, other] and {*gone[2:]} == {shared, own}
    assert removals(holding, frozenset({index, other})) == ()


@given(holdings(), records)
def test_what_nothing_reaches_does_go(holding: Holding, recorded: list[Record]) -> None:
    """The twin: a rule that keeps everything would satisfy the other two."""
    gone = {(each.repository, each.digest) for each in removals(holding, roots(recorded, holding.tags))}
    inside = {part for parts in holding.parts.values() for part in parts}
    reached = {(unit.repository, unit.digest) for record in recorded for unit in record.units}
    evidence = {key for record in recorded for unit in record.units for key in unit.evidence.values()}
    for each in holding.tags:
        shared = [tag.tag for tag in holding.tags if tag.place == each.place]
        unreached = each.place not in reached | inside and each.place not in holding.subjects
        if unreached and all(is_ours(tag) and tag.partition("-")[2] not in evidence for tag in shared):
            assert each.place in gone


@pytest.mark.parametrize(
    ("tag", "ours"),
    [
        ("key-" + "0" * 64, True),
        ("evidence-" + "a" * 64, True),
        ("key-" + "0" * 64 + "-linux-arm64", True),
        ("key-" + "0" * 64 + "-linux-arm-v7", True),
        ("key-" + "0" * 64 + "-linux", False),
        ("evidence-" + "a" * 64 + "-linux-arm64", False),
        ("key-" + "0" * 63, False),
        ("key-" + "A" * 64, False),
        ("my-key-" + "0" * 64, False),
        ("key-" + "0" * 64 + ".1", False),
        ("last-inputs", False),
        ("20250810-9c99cc9", False),
    ],
)
def test_whose_tag_it_is(tag: str, *, ours: bool) -> None:
    assert is_ours(tag) is ours
