import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.sizes import parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("512 MiB", 512 << 20), ("1GB", 10**9), ("6.2 GB", 6_200_000_000), ("1 B", 1), ("2 TiB", 2 << 40)],
)
def test_an_amount(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "512", "MiB", "1 mb", "-1 MB", "1e3 MB", "1  MB", "१ MB", "1 MB "])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        parse_size(text)


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_a_value_error(text: str) -> None:
    try:
        assert parse_size(text) >= 0
    except ValueError as error:
        assert "is not an amount" in str(error)


@pytest.mark.parametrize(("size", "text"), [(5, "5 B"), (1536, "1.5 KiB"), (300 << 20, "300.0 MiB")])
def test_shown(size: int, text: str) -> None:
    assert show_size(size) == text
