import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipeline.catalog.durations import Seconds, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20s", 20), ("1m30s", 90), ("1h", 3600), ("500ms", 0.5), ("1.5s", 1.5), ("0s", 0), ("2m", 120)],
)
def test_durations(text: str, seconds: float):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "20", "s", "20 s", "-1s", "1d", "1s ", "1,5s", "٣s", "1s2", "1e3s"])
def test_what_is_no_duration(text: str):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.text(alphabet="0123456789.hms ", max_size=12))
def test_any_text_is_seconds_or_a_value_error(text: str):
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= 0


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), None, "nan"])
def test_fields_refuse_what_no_clock_shows(value: object):
    with pytest.raises(ValidationError):
        TypeAdapter(Seconds).validate_python(value)


def test_fields_take_numbers_too():
    assert TypeAdapter(Seconds).validate_python(3) == 3.0
