"""The tag phase in every interleaving: what it promises holds, and every re-check is needed for it."""

import pytest
from release_model import Exploration, Physics, Violation

from pipeline.registry.tag_phase.protocol import ALL_GUARDS, Claim, Guard, Rules

SETTLE, GAP = 2, 1
BEHIND = SETTLE - 1


def claim(run: str, named: str, *, recorded: str = "") -> Claim:
    """A claim on one repository for each letter, which is its digest; ``recorded``: one that gets no tag."""
    promise = tuple((f"r{number}", digest) for number, digest in enumerate(named))
    own = tuple(name for name, _ in promise)
    promise += (("given", recorded),) if recorded else ()
    return Claim(run=run, promise=promise, named=own, document=f"{run}: {named} {recorded}".encode())


PAIRS = {
    "all differs": (claim("A", "ab"), claim("B", "cd")),
    "one of two differs": (claim("A", "ab"), claim("B", "ad")),
    "one image": (claim("A", "a"), claim("B", "b")),
    "only what gets no tag differs": (claim("A", "a", recorded="x"), claim("B", "a", recorded="y")),
    "equal": (claim("A", "a"), claim("B", "a")),
}


def explore(
    pair: str,
    *,
    lag: int = BEHIND,
    sleeper: bool = False,
    losses: int = 0,
    at_once: int = 8,
    guards: frozenset[Guard] = ALL_GUARDS,
) -> int:
    rules = Rules(wait=2 * SETTLE + GAP, pause=SETTLE, at_once=at_once, tries=3, guards=guards)
    physics = Physics(lag=lag, gap=GAP, sleeper=sleeper, losses=losses)
    return Exploration(claims=PAIRS[pair], rules=rules, physics=physics, converges=not sleeper).run()


# NB: a run that sleeps before its journal lands may leave tags that fit no journal: repeating is refused
# and the release gets the next number. Safety holds, so that is all that is asked of sleepers.
@pytest.mark.parametrize("sleeper", [False, True], ids=["awake", "sleeper"])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_runs_whose_reads_lag_less_than_the_settle_time(pair: str, sleeper: bool) -> None:
    assert explore(pair, sleeper=sleeper) > 5000


@pytest.mark.parametrize(
    ("pair", "sleeper"),
    [
        pytest.param("one image", False, id="awake"),
        pytest.param("only what gets no tag differs", True, id="sleeper"),
    ],
)
def test_a_write_may_be_lost_with_its_answer(pair: str, sleeper: bool) -> None:
    assert explore(pair, sleeper=sleeper, losses=1) > 20_000


def test_batches_of_one_do_not_matter() -> None:
    assert explore("one of two differs", sleeper=True, at_once=1) > 15_000


@pytest.mark.parametrize(
    ("guard", "pair", "sleeper", "losses", "told"),
    [
        pytest.param(
            Guard.BEFORE_JOURNAL, "one image", False, 0, "same command again ends with", id="journal"
        ),
        pytest.param(Guard.AFTER_SETTLING, "one image", True, 0, "the tag in r0 moved", id="settling"),
        pytest.param(Guard.BEFORE_TAGS, "one image", True, 0, "the tag in r0 moved", id="journal, tags"),
        pytest.param(Guard.FREE_TAGS, "one image", True, 0, "the tag in r0 moved", id="free tags"),
        pytest.param(Guard.COMPLETE_TAGS, "one image", False, 1, "over the tags", id="complete tags"),
        pytest.param(Guard.BEFORE_CLOSING, "equal", True, 0, "the record was of", id="journal, closing"),
        pytest.param(
            Guard.BEFORE_CLOSING,
            "only what gets no tag differs",
            True,
            0,
            "the record was of",
            id="journal, closing another",
        ),
        pytest.param(
            Guard.NO_RECORD, "only what gets no tag differs", True, 0, "the record was of", id="no record"
        ),
    ],
)
def test_without_any_one_re_check_there_is_a_violation(
    guard: Guard, pair: str, sleeper: bool, losses: int, told: str
) -> None:
    with pytest.raises(Violation, match=told):
        explore(pair, sleeper=sleeper, losses=losses, guards=ALL_GUARDS - {guard})


def test_every_re_check_is_among_them() -> None:
    marks = test_without_any_one_re_check_there_is_a_violation.pytestmark  # pyright: ignore[reportFunctionMemberAccess]
    assert {case.values[0] for case in marks[0].args[1]} == ALL_GUARDS


@pytest.mark.parametrize(
    ("pair", "sleeper", "told"),
    [
        pytest.param("one image", False, "same command again ends with", id="stuck"),
        pytest.param("one image", True, "the tag in r0 moved", id="moved"),
        pytest.param("only what gets no tag differs", False, "the record was of", id="rewritten"),
    ],
)
def test_reads_that_lag_by_the_settle_time_or_more_are_too_late(pair: str, sleeper: bool, told: str) -> None:
    with pytest.raises(Violation, match=told):
        explore(pair, lag=SETTLE, sleeper=sleeper)
