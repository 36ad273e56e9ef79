"""The JSON reader of the probe, which has nothing but sh: it finds what Python's finds."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline.stages.smoke.probe

PART = Path(pipeline.stages.smoke.probe.__file__).with_name("json.sh")
HARNESS = f'probe_newline=\'\n\'\n. {PART}\nprobe_json "$1" "$2" && printf \'found %s\' "$probe_value"'


def find(text: str, place: str) -> str | None:
    done = subprocess.run(
        ["sh", "-c", HARNESS, "sh", text, place], capture_output=True, text=True, timeout=120, check=False
    )
    assert not done.stderr
    return done.stdout.removeprefix("found ") if done.stdout else None


TEXT = ' {"a": {"b": [1, {"c": "x\\"y"}, []], "status": "no"}, "status": "ok", "n": -1.5e3, "t": true} '


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("status", "ok"),
        ("a.status", "no"),
        ("a.b.0", "1"),
        ("a.b.1.c", 'x"y'),
        ("n", "-1.5e3"),
        ("t", "true"),
        ("a", None),
        ("a.b.2", None),
        ("a.b.3", None),
        ("b", None),
        ("0", None),
    ],
)
def test_a_field_is_found_at_its_place_only(place: str, value: str | None) -> None:
    assert find(TEXT, place) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "{",
        '{"a"',
        '{"a":',
        '{"a" 1}',
        '{"b": 1]',
        "[}",
        '{"b": "x',
        '{"b": nope',
        '"a"',
        "<html>{}",
    ],
)
def test_what_is_no_json_has_no_field(text: str) -> None:
    assert find(text, "a") is None


WORDS = st.text(alphabet='ab "\\{}[],:x', max_size=4)
KEYS = st.text(alphabet="abc-_", min_size=1, max_size=3)
SCALARS = WORDS | st.integers(-99, 99) | st.booleans() | st.none()
TREES = st.recursive(
    SCALARS, lambda t: st.lists(t, max_size=3) | st.dictionaries(KEYS, t, max_size=3), max_leaves=8
)


def leaves(tree: object, at: str = "") -> dict[str, object]:
    if isinstance(tree, dict):
        parts = tree.items()
    elif isinstance(tree, list):
        parts = enumerate(tree)
    else:
        return {at: tree}
    return {where: leaf for key, part in parts for where, leaf in leaves(part, f"{at}.{key}").items()}


@settings(max_examples=60)
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=3), st.sampled_from([None, 1]))
def test_every_leaf_is_found(tree: dict[str, object], indent: int | None) -> None:
    for place, leaf in leaves(tree).items():
        expected = leaf if isinstance(leaf, str) else json.dumps(leaf)
        assert find(json.dumps(tree, indent=indent), place.removeprefix(".")) == expected
