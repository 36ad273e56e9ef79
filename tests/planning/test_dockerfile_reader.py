import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.planning.dockerfile import Dockerfile, read_dockerfile


def shown(dockerfile: Dockerfile) -> list[tuple[int, str, str]]:
    return [(each.line, each.keyword, each.text) for each in dockerfile.instructions]


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.what) for problem in read_dockerfile(text).problems]


def test_lines_comments_and_continuations():
    dockerfile = read_dockerfile(
        "# a comment\n"
        "arg A=1\n"
        "\n"
        "FROM x AS one\n"
        "  RUN a \\\n"
        "# comment within\n"
        "\n"
        "    b \\  \n"
        "    c\n"
        "ENV K=v\\\n"
    )
    assert shown(dockerfile) == [(2, "ARG", "A=1"), (5, "RUN", "a     b     c"), (10, "ENV", "K=v")]
    assert dockerfile.stages[0].instructions[0].last_line == 9
    assert dockerfile.problems == ()


def test_windows_line_ends_and_byte_order_mark():
    dockerfile = read_dockerfile("\ufeffFROM x\r\nRUN a \\\r\n  b\r\n")
    assert shown(dockerfile) == [(2, "RUN", "a   b")]


@pytest.mark.parametrize(
    ("text", "escape", "run"),
    [
        pytest.param("# escape=`\nFROM x\nRUN a `\n b\n", "`", "a  b", id="escape"),
        pytest.param(
            "# syntax=docker/dockerfile:1.7\n#escape = `\nFROM x\nRUN a `\n b\n", "`", "a  b", id="second"
        ),
        pytest.param(
            "# hello\n# escape=`\nFROM x\nRUN a \\\n b\n", "\\", "a  b", id="after a comment it is a comment"
        ),
        pytest.param("\n# escape=`\nFROM x\nRUN a \\\n b\n", "\\", "a  b", id="after an empty line, too"),
        pytest.param("# ESCAPE=`\nFROM x\nRUN a `\n b\n", "`", "a  b", id="upper case"),
        pytest.param("FROM x\nRUN a \\\\\n", "\\", "a \\\\", id="a doubled escape does not continue"),
    ],
)
def test_directives(text: str, escape: str, run: str):
    dockerfile = read_dockerfile(text)
    assert dockerfile.escape == escape
    assert dockerfile.stages[0].instructions[0].text == run


def test_stages():
    dockerfile = read_dockerfile("FROM --platform=$X a:1 As Build\nRUN 1\nFROM ${B}\nRUN 2\nRUN 3\n")
    assert [(s.index, s.name, s.base, s.line, len(s.instructions)) for s in dockerfile.stages] == [
        (0, "Build", "a:1", 1, 1),
        (1, "", "${B}", 3, 2),
    ]


@pytest.mark.parametrize(
    ("line", "flags", "words", "is_json"),
    [
        pytest.param("COPY a b c", (), ("a", "b", "c"), False, id="plain"),
        pytest.param('COPY ["a b", "c"]', (), ("a b", "c"), True, id="json"),
        pytest.param("COPY [a b", (), ("[a", "b"), False, id="no json"),
        pytest.param('COPY ["a", 1]', (), ('["a",', "1]"), False, id="json of other things"),
        pytest.param(
            "COPY --from=x --chown=1:2 a b", (("from", "x"), ("chown", "1:2")), ("a", "b"), False, id="flags"
        ),
        pytest.param("COPY --link a b", (("link", ""),), ("a", "b"), False, id="flag without value"),
        pytest.param(
            'RUN --mount="type=bind,source=a b" x',
            (("mount", "type=bind,source=a b"),),
            ("x",),
            False,
            id="quoted",
        ),
        pytest.param("RUN echo --from=x", (), ("echo", "--from=x"), False, id="no flag after the first word"),
        pytest.param('CMD --x="a b" -- c', (("x", "a b"),), ("c",), False, id="any instruction"),
        pytest.param("ENV A='b c' D=e\\ f", (), ("A='b c'", "D=e\\ f"), False, id="ENV keeps quotes"),
        pytest.param(
            "HEALTHCHECK --interval=5s CMD x", (("interval", "5s"),), ("CMD", "x"), False, id="HEALTHCHECK"
        ),
        pytest.param('HEALTHCHECK CMD ["x", "y z"]', (), ("CMD", "x", "y z"), True, id="HEALTHCHECK in JSON"),
    ],
)
def test_flags_and_words(
    line: str, flags: tuple[tuple[str, str], ...], words: tuple[str, ...], is_json: bool
):
    instruction = read_dockerfile(f"FROM x\n{line}\n").stages[0].instructions[0]
    assert (instruction.flags, instruction.words, instruction.is_json) == (flags, words, is_json)


def test_heredocs():
    dockerfile = read_dockerfile(
        "FROM x\n"
        "COPY <<one <<-'two' /to/\n"
        "FROM not-a-stage\n"
        "one\n"
        "\t$x\n"
        "\ttwo\n"
        "RUN cat <<EOF > /x && echo '<<no' \\\n"
        "  and more\n"
        "text\n"
        "EOF\n"
        "USER 1\n"
    )
    copy, run, user = dockerfile.stages[0].instructions
    assert [(each.name, each.text, each.expand) for each in copy.heredocs] == [
        ("one", "FROM not-a-stage\n", True),
        ("two", "$x\n", False),
    ]
    assert run.heredocs[0].text == "text\n" and run.text.endswith("and more")
    assert (user.line, user.words) == (11, ("1",))
    assert dockerfile.problems == () and len(dockerfile.stages) == 1


@pytest.mark.parametrize(
    "line", ['ENV A="<<EOF"', "RUN echo '<<EOF'", 'RUN ["sh", "<<EOF"]', "RUN a<<EOF", "CMD x <<EOF"]
)
def test_what_is_no_heredoc(line: str):
    assert len(read_dockerfile(f"FROM x\n{line}\nUSER 1\n").stages[0].instructions) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", (1, "there is no FROM"), id="empty"),
        pytest.param("ARG A\n", (1, "there is no FROM"), id="only ARG"),
        pytest.param("RUN x\nFROM y\n", (1, "RUN stands before the first FROM"), id="too early"),
        pytest.param("FROM x\nRNU y\n", (2, "unknown instruction RNU; did you mean RUN?"), id="unknown"),
        pytest.param("FROM x\nCOPY\n", (2, "COPY needs an argument"), id="nothing"),
        pytest.param("FROM x\nRUN <<EOF\na\n", (2, "the here-document EOF is not ended"), id="heredoc"),
        pytest.param("# escape=x\nFROM y\n", (1, "the escape character is \\ or `, not x"), id="escape"),
        pytest.param(
            "# escape=`\n# escape=`\nFROM y\n", (2, "only one escape directive can be used"), id="twice"
        ),
    ],
)
def test_problems(text: str, expected: tuple[int, str]):
    assert expected in problems(text)


def test_a_sound_dockerfile_has_no_problems():
    assert (
        problems('ARG A\nFROM x\nENTRYPOINT []\nCMD x\nMAINTAINER m\nSTOPSIGNAL 2\nVOLUME /x\nSHELL ["a"]\n')
        == []
    )


PIECES = st.sampled_from(
    [
        *(
            "FROM",
            "ARG",
            "COPY",
            "RUN",
            "ENV",
            "ONBUILD",
            " ",
            "\n",
            "\\\n",
            "\\",
            "`",
            "#",
            "# escape=`\n",
            '"',
            "'",
        ),
        *(
            "<<EOF",
            "EOF\n",
            "[",
            "]",
            '["a"]',
            "$",
            "${",
            "}",
            ":-",
            "x",
            "=",
            "--from=",
            "--",
            "\t",
            "\r\n",
            "\0",
            "ä",
        ),
        *("\ud800", "<<-'E'", "AS", ",", "\ufeff", "\x0c", "\u2028", "\x85"),
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
@example("[" * 100_000)
@example("FROM x\nCOPY " + "[" * 100_000)
@example("FROM x\nRUN " + "--a=" * 10_000)
def test_any_text_is_read_and_every_line_is_within_the_file(text: str):
    dockerfile = read_dockerfile(text)
    rows = text.count("\n") + 1
    for instruction in dockerfile.instructions:
        assert 1 <= instruction.line <= instruction.last_line <= rows
    assert all(1 <= problem.line <= rows for problem in dockerfile.problems)
    assert len(dockerfile.stages) == sum(1 for _ in dockerfile.stages)
