"""Names, against a table and against the rules of Go's strcase written down plainly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.host.call.names import camel, kebab, pascal


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("build_all", "build-all"),
        ("lint", "lint"),
        ("cu121", "cu-121"),
        ("family_cu121_base", "family-cu-121-base"),
        ("speech_2_text", "speech-2-text"),
        ("sha256", "sha-256"),
        ("imageName", "image-name"),
        ("HTTPServer", "httpserver"),
        ("from_", "from"),
        ("as_json", "as-json"),
        ("with_all_gp_us", "with-all-gp-us"),
    ],
)
def test_a_flag_is_spelt_as_dagger_spells_it(name, flag):
    assert kebab(name) == flag


def test_types_are_in_pascal_case():
    assert pascal("my-pipeline") == "MyPipeline"
    assert pascal("pipeline") != "pipeline"


def go_lower_camel(text: str) -> str:
    out, start, before_upper = [], False, False
    for at, letter in enumerate(text):
        upper, lower = "A" <= letter <= "Z", "a" <= letter <= "z"
        shown = letter
        if start:
            shown = letter.upper() if lower else letter
        elif upper and (at == 0 or before_upper):
            shown = letter.lower()
        before_upper = upper
        if upper or lower:
            out.append(shown)
            start = False
        elif "0" <= letter <= "9":
            out.append(shown)
            start = True
        else:
            start = letter in "_ -."
    return "".join(out)


def go_kebab(text: str) -> str:
    out = []
    for at, letter in enumerate(text):
        upper, lower, digit = "A" <= letter <= "Z", "a" <= letter <= "z", "0" <= letter <= "9"
        after = text[at + 1] if at + 1 < len(text) else ""
        next_upper, next_lower, next_digit = "A" <= after <= "Z", "a" <= after <= "z", "0" <= after <= "9"
        changes = (upper and (next_lower or next_digit)) or (lower and (next_upper or next_digit))
        changes = changes or (digit and (next_upper or next_lower))
        if after and changes:
            if upper and next_lower and at > 0 and "A" <= text[at - 1] <= "Z":
                out.append("-")
            out.append(letter.lower())
            if lower or digit or next_digit:
                out.append("-")
        else:
            out.append("-" if letter in " _-." else letter.lower())
    return "".join(out)


@given(st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9_]{0,14}\Z"))
def test_any_name_follows_the_rules_of_strcase(name):
    assert camel(name) == go_lower_camel(name)
    assert kebab(name) == go_kebab(go_lower_camel(name))
