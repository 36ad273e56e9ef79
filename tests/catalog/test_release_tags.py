import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.tags import ReleaseTag, check_release_tag, parse_release_tag
from pipeline.errors import ReleaseError

COMMIT = "9c99cc9" + "0" * 33


@pytest.mark.parametrize(
    "text", ["20250810-9c99cc9", "20240229-0000000", "20250810-9c99cc9.1", "20250810-9c99cc9.12"]
)
def test_tags_of_the_form(text: str):
    assert str(parse_release_tag(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "latest",
            "20250810",
            "20250810-9c99cc",
            "20250810-9c99cc99",
            "20250810-9C99CC9",
            "20250810_9c99cc9",
        ),
        *(
            "20250230-9c99cc9",
            "20250010-9c99cc9",
            "20250810-9c99cc9.0",
            "20250810-9c99cc9.01",
            "20250810-9c99cc9.",
        ),
        *(
            "2025-08-10-9c99cc9",
            "20250810-9c99cc9\n",
            " 20250810-9c99cc9",
            "٢٠٢٥٠٨١٠-9c99cc9",
            "00000101-9c99cc9",
        ),
    ],
)
def test_tags_of_another_form(text: str):
    with pytest.raises(ReleaseError, match="not a release tag"):
        parse_release_tag(text)


@given(st.dates(), st.from_regex(r"[0-9a-f]{7}", fullmatch=True), st.integers(0, 999_999))
def test_what_is_printed_parses_to_the_same(day: date, commit: str, number: int):
    tag = ReleaseTag(date=day, commit=commit, number=number)
    if day.year >= 1000:  # strftime does not pad years everywhere, and no commit is that old
        assert parse_release_tag(str(tag)) == tag


@given(st.text(max_size=30))
def test_any_text_is_a_tag_or_a_release_error(text: str):
    with contextlib.suppress(ReleaseError):
        assert str(parse_release_tag(text)) == text


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("", id="not given"),
        pytest.param("2025-08-10T00:00:00+00:00", id="first second"),
        pytest.param("2025-08-10T23:59:59Z", id="last second"),
        pytest.param("2025-08-11T01:30:00+02:00", id="the day before in UTC"),
        pytest.param("2025-08-10", id="a bare day"),
    ],
)
def test_tag_that_fits(moment: str):
    assert check_release_tag("20250810-9c99cc9.2", commit=COMMIT, commit_date=moment).number == 2


@pytest.mark.parametrize(
    ("commit", "moment", "why"),
    [
        pytest.param("8" + COMMIT[1:], "", "the commit is 8c99cc9", id="another commit"),
        pytest.param("9c99cc", "", "is not a commit", id="too short"),
        pytest.param("9C99CC9", "", "is not a commit", id="upper case"),
        pytest.param("HEAD", "", "is not a commit", id="a name"),
        pytest.param(COMMIT, "2025-08-10T23:30:00-05:00", "of 20250811 \\(UTC\\)", id="the day after in UTC"),
        pytest.param(COMMIT, "2025-08-09T12:00:00+00:00", "of 20250809", id="another day"),
        pytest.param(COMMIT, "yesterday", "is not a date", id="no date"),
    ],
)
def test_tag_that_does_not_fit(commit: str, moment: str, why: str):
    with pytest.raises(ReleaseError, match=why):
        check_release_tag("20250810-9c99cc9", commit=commit, commit_date=moment)
