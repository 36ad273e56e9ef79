"""Go's durations."""

import pytest

from pipeline.durations import is_duration, nanoseconds


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("7s", 7_000_000_000),
        ("90s", 90_000_000_000),
        ("1h30m5s", 5_405_000_000_000),
        ("1.5s", 1_500_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("250ms", 250_000_000),
        ("3us", 3_000),
        ("3\u00b5s", 3_000),
        ("3\u03bcs", 3_000),
        ("5ns", 5),
        ("-2s", -2_000_000_000),
        ("+2s", 2_000_000_000),
    ],
)
def test_durations_are_those_of_go(text: str, count: int) -> None:
    assert is_duration(text)
    assert nanoseconds(text) == count


@pytest.mark.parametrize("text", ["", "7", "s", "7 s", "1s x", "1d", "--1s", ".s", "\u0663s"])
def test_others_are_none(text: str) -> None:
    assert not is_duration(text)
    with pytest.raises(ValueError, match="is not a duration such as"):
        nanoseconds(text)
