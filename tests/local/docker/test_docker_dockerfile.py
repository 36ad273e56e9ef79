"""The Dockerfile that the daemon gets to see, and the lines that failures name."""

import pytest

from pipeline.local.docker.dockerfile import Script


@pytest.mark.parametrize(
    ("text", "served"),
    [
        pytest.param("FROM a\n", "FROM a\n", id="no-directive"),
        pytest.param("# syntax=x\nFROM a\n", "\nFROM a\n", id="syntax"),
        pytest.param("#SYNTAX = x\r\nFROM a\r\n", "\nFROM a\r\n", id="capitals-blanks-crlf"),
        pytest.param(
            "# syntax=x\n# escape=`\nFROM a\n", "# escape=`\n\nFROM a\n", id="escape-stays-and-counts"
        ),
        pytest.param("# escape=`\n# syntax=x\nFROM a\n", "# escape=`\n\nFROM a\n", id="syntax-second"),
        pytest.param("\n# syntax=x\nFROM a\n", "\n# syntax=x\nFROM a\n", id="only-a-comment"),
        pytest.param("# note\n# syntax=x\nFROM a\n", "# note\n# syntax=x\nFROM a\n", id="after-a-comment"),
    ],
)
def test_the_frontend_is_not_fetched_and_no_line_moves(text: str, served: str) -> None:
    script = Script("Dockerfile", text)
    assert script.served == served
    assert script.served.count("\n") == text.count("\n")


def blanks(text: str) -> str:
    """With one blank for any number of them."""
    return " ".join(text.split())


def test_instructions_know_their_line() -> None:
    text = (
        "# syntax=x\nARG A\n\nfrom ${A} AS one\nRUN a \\\n  # note\n\n  b\n"
        "COPY <<EOF /z\nRUN not me\nEOF\nCMD x"
    )
    found = [(one.line, one.keyword, blanks(one.text)) for one in Script("f", text).instructions]
    assert found == [
        (2, "ARG", "A"),
        (4, "FROM", "${A} AS one"),
        (5, "RUN", "a b"),
        (9, "COPY", "<<EOF /z"),
        (12, "CMD", "x"),
    ]


def test_another_escape_character() -> None:
    found = Script("f", "# escape=`\nRUN a `\n b\nCOPY c:\\ d\n").instructions
    assert [(one.line, blanks(one.text)) for one in found] == [(2, "a b"), (4, "c:\\ d")]


def test_a_shift_in_shell_is_no_here_document() -> None:
    found = Script("f", "RUN echo $((1<<EOF))\nRUN two\n").instructions
    assert [one.line for one in found] == [1, 2]


def test_a_continuation_at_the_end_of_the_file_ends() -> None:
    assert [one.text for one in Script("f", "RUN a \\").instructions] == ["a"]


def test_a_line_that_continues_nothing_is_an_instruction_without_words() -> None:
    assert [(one.keyword, one.text) for one in Script("f", "\\").instructions] == [("", "")]
