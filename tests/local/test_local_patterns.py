"""Patterns mean what moby/patternmatcher says, and simple ones what Python's fnmatch says."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import EngineError
from pipeline.local.patterns import Filter, cleaned, matcher, whole

WHOLE = [
    ("*", "a", True),
    ("*", "a/b", False),
    ("**", "a/b/c", True),
    ("**/*.py", "a.py", True),
    ("**/*.py", "a/b/c.py", True),
    ("**/*.py", "a.pyc", False),
    ("a/**", "a/b/c", True),
    ("a/**", "a", False),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b", True),
    ("a/**/b", "a/xb", False),
    ("?", "a", True),
    ("?", "/", False),
    ("?", "ab", False),
    ("[a-c]", "b", True),
    ("[a-c]", "d", False),
    ("[^a-c]", "d", True),
    ("[^a-c]", "a", False),
    ("x[^a]y", "x/y", True),  # NB: so it is in moby
    ("\\*", "*", True),
    ("\\*", "a", False),
    ("a.b", "axb", False),
    ("a+(b)", "a+(b)", True),
    ("/a/", "a", True),
    ("./a", "a", True),
    ("a/../b", "b", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), WHOLE)
def test_a_pattern_and_a_path(pattern: str, path: str, expected: bool) -> None:
    assert whole(cleaned(pattern))(path) is expected


LISTS = [
    (["d"], "d/x", True),
    (["d"], "dx", False),
    (["*", "!keep"], "drop", True),
    (["*", "!keep"], "keep", False),
    (["*", "!keep"], "keep/inside", False),
    (["!keep", "*"], "keep", True),
    (["d", "!d/keep"], "d/keep", False),
    (["d", "!d/keep"], "d/drop", True),
    (["", "  "], "a", False),
    ([" d "], "d", True),
]


@pytest.mark.parametrize(("patterns", "path", "expected"), LISTS)
def test_the_last_pattern_that_matches_decides(patterns: list[str], path: str, expected: bool) -> None:
    assert matcher(map(cleaned, patterns))(path) is expected


@pytest.mark.parametrize("pattern", ["[", "[a", "a/[b", "[z-a]"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(EngineError, match="syntax error in pattern"):
        whole(pattern)


names = st.text(alphabet="ab.*?-", min_size=1, max_size=6)


@given(pattern=names.filter(lambda text: "**" not in text), name=names)
def test_within_one_name_it_is_fnmatch(pattern: str, name: str) -> None:
    assert whole(pattern)(name) is bool(re.match(fnmatch.translate(pattern), name))


paths = st.lists(st.sampled_from(["a", "b", "a.py", "x"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(paths, min_size=1, max_size=6), paths)
def test_every_path_is_matched_by_itself_and_by_its_parents(others: list[str], path: str) -> None:
    assert matcher([path])(f"{path}/below")
    assert not matcher([f"{path}/below"])(path)


@given(path=paths)
def test_leaving_directories_out_of_the_walk_loses_nothing(path: str) -> None:
    """`enters` may say yes too often, never no for a directory that holds something taken."""
    for wanted in (
        Filter(include=("**/*.py",)),
        Filter(include=("a/b",)),
        Filter(include=("a/*/x",)),
        Filter(exclude=("a", "!a/b")),
        Filter(include=("a",), exclude=("**/x",)),
    ):
        if wanted.takes(path):
            parts = path.split("/")
            assert all(wanted.enters("/".join(parts[:count])) for count in range(1, len(parts)))
