import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.dockerfile.words import expand, split_quoted, split_words

VALUES = {"a": "1", "empty": "", "b": "x y", "É": "accent"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *(("plain", "plain"), ("$a", "1"), ("${a}", "1"), ("$a$b", "1x y"), ("x${a}y", "x1y"), ("$ax", "")),
        *(
            ("${a:-d}", "1"),
            ("${empty:-d}", "d"),
            ("${empty-d}", ""),
            ("${none:-d}", "d"),
            ("${none-d}", "d"),
        ),
        *(("${a:+d}", "d"), ("${empty:+d}", ""), ("${empty+d}", "d"), ("${none:+d}", ""), ("${none+d}", "")),
        *(("${none:-${a}}", "1"), ("${none:-${other:-$b}}", "x y"), ("${a:?why}", "1"), ("${empty?why}", "")),
        *(
            ("\\$a", "$a"),
            ("'$a'", "$a"),
            ('"$a"', "1"),
            ('"\\$a"', "$a"),
            ('"\\x"', "\\x"),
            ("a\\ b", "a b"),
        ),
        *(
            ("$", "$"),
            ("$/", "$/"),
            ("a$", "a$"),
            ("''", ""),
            ("$É", "accent"),
            ("${none:-'}'}", "}"),
            ("\\", ""),
        ),
    ],
)
def test_expansion(word: str, expected: str):
    assert expand(word, VALUES).text == expected


def test_the_escape_character_can_be_another():
    assert expand("`$a\\x", VALUES, escape="`").text == "$a\\x"


@pytest.mark.parametrize(
    ("word", "unknown"),
    [
        *(
            ("$a", set()),
            ("$none", {"none"}),
            ("${none:-x}", {"none"}),
            ("${a:-$none}", set()),
            ("'$none'", set()),
        ),
        *(
            ("${x:-$y}", {"x", "y"}),
            ("${a#1}", {"a"}),
            ("${a%%1}", {"a"}),
            ("${a/1/2}", {"a"}),
            ("${x:+$y}", {"x"}),
        ),
    ],
)
def test_what_a_word_depends_on_that_has_no_value(word: str, unknown: set[str]):
    assert expand(word, VALUES).unknown == unknown


@pytest.mark.parametrize(
    "word", ["${", "${}", "${a", "${:a}", "${a!b}", "'x", '"x', "${none?}", "${empty:?no}", "${a:-"]
)
def test_words_that_buildkit_refuses_carry_a_problem(word: str):
    result = expand(word, VALUES)
    assert result.problem and result.text == word


def test_splitting():
    assert split_words(" a\t b\v'c d' ") == ("a", "b", "'c", "d'")
    assert split_quoted(" a='b c' \"d e\" f\\ g ") == ("a='b c'", '"d e"', "f\\ g")
    assert split_quoted("'open end") == ("'open end",)


@given(st.text(alphabet="$a{}:-+?#%/'\"\\ xé\n", max_size=60))
@example("${a:-" * 500 + "}" * 500)
@example('"' + "${a:-" * 5000)
def test_any_word_is_expanded_or_has_a_problem(word: str):
    result = expand(word, VALUES)
    assert isinstance(result.text, str)
    assert split_quoted(word) is not None


@given(st.text(alphabet="abc/._-", max_size=20))
def test_a_word_without_special_characters_stays(word: str):
    assert expand(word, VALUES).text == word
