"""The short form of `make fuzz`: a fixed set of seeds."""

from fuzz import campaign
from fuzz_inputs import make_input

SEEDS = range(1, 401)


def test_any_input_ends_in_a_result_or_an_error_of_ours() -> None:
    tally = campaign(SEEDS)
    assert tally.wrong == []
    assert tally.inputs == len(SEEDS)
    kinds = ("dockerfile", "catalog", "dockerignore", "reference")
    assert all(tally.outcomes[f"{kind}: result"] for kind in kinds)
    assert all(tally.outcomes[f"{kind}: error"] for kind in ("catalog", "reference"))


def test_a_seed_is_an_input() -> None:
    first = [make_input(seed) for seed in SEEDS]
    assert first == [make_input(seed) for seed in SEEDS]
    assert len({each.text for each in first}) > len(SEEDS) * 0.9
