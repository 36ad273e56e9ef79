"""The writer of YAML: another program reads back what was written, whichever version it speaks."""

from typing import Any

import pytest
from compose_fleets import read
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reporting.yaml import to_yaml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "no",
        "Yes",
        "NULL",
        "~",
        "1e3",
        "0x1f",
        "12:30:45",
        "2025-08-10",
        ".inf",
        "a: b",
        "a #b",
        "- a",
        "*a",
        "",
    ]
)
SCALARS = TEXT | st.booleans() | st.integers(-(2**31), 2**31)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("version", [(1, 1), (1, 2)], ids=["YAML 1.1", "YAML 1.2"])
@given(value=st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_read_back(version: tuple[int, int], value: dict[str, Any]) -> None:
    assert read(to_yaml(value), version) == value


@pytest.mark.parametrize(
    "word", ["no", "Off", "y", "null", "8080", "1.5", "0o17", "=", "a b", "$x", "${A:-b}"]
)
def test_text_that_could_be_something_else_is_quoted(word: str) -> None:
    assert to_yaml({"key": word}) == f'key: "{word}"\n'


@pytest.mark.parametrize("word", ["linux/amd64", "unless-stopped", "curl", "main_pc_code/services/x.py"])
def test_plain_words_stay_plain(word: str) -> None:
    assert to_yaml({"key": word}) == f"key: {word}\n"
