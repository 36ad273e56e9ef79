"""The reader against two strangers: BuildKit's own parser (`dockerfile`, 0.12), and a port of a newer one."""

import re
from typing import Any

import e2b_dockerfile_utils as port
import pytest
from e2b_dockerfile_utils.dockerignore import _clean as go_clean
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pipeline.dockerfile.words import expand
from pipeline.planning.dockerfile import Dockerfile, Instruction, read_dockerfile
from pipeline.planning.dockerignore import read_dockerignore

buildkit: Any = pytest.importorskip("dockerfile", reason="no wheel of dockerfile for this platform")

# Keyword, first and last line, flags, arguments, whether they are JSON, here-documents.
Told = tuple[str, int, int, tuple[str, ...], tuple[str, ...], bool, tuple[tuple[str, str], ...]]

HEADS = [
    *("FROM x\n", "FROM x AS y\n", "ARG a\nFROM x\n", "# escape=`\nFROM x\n", "#\n# escape=`\nFROM x\n"),
    *("# syntax=a\n#check=b\nFROM x\n", "\ufeffFROM x\n", "# ESCAPE = `\n\nFROM x\n"),
]
KEYWORDS = [
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "HEALTHCHECK CMD"),
    *("LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    *("ONBUILD RUN", "run", "Copy"),
]
WORDS = [
    *(
        "a",
        "b",
        "a=b",
        '"a b"',
        "'a b'",
        "'a",
        '"a',
        "$a",
        "${a:-b c}",
        "a\\ b",
        "a` b",
        '\\"',
        '`"',
        "#",
        "ä",
    ),
    *(
        '["a"]',
        '["a","b c"]',
        '["a", 1]',
        "[a]",
        "[",
        "=",
        "=a",
        "NONE",
        "CMD",
        "AS",
        "\\",
        "`",
        "\x0c",
        "\v",
    ),
    *("<<A", "<<-A", '<<"A"', "<<'A'", "3<<A", "<<A<<B", "a<<A", "<<", "<<-", "<<$A", "<<\\A", "<<B"),
    *("--a", "--a=b", '--a="b c"', "--a='b c'", "--", '--a=\\"b'),
]
BLANKS = [*[" "] * 12, "\t", "  ", " \\\n", "\\\n", " \\ \n\n", " \\\n# c\n ", " `\n", "`\n", "", "\r\n "]
ENDS = [
    *(
        "\n",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\n\n",
        "\n  ",
        "\n# c\n",
        "\nA\n",
        "\n\tA\nA\n",
        "\nx\nA\n",
        "\n\tA\n",
    ),
    *("\n x\n\ty\n\tA\nA\n", "\\\n", "`\n", "\\\\\n", " \\", "\nB\nA\nB\n"),
]


@st.composite
def rows(draw: st.DrawFn) -> str:
    """One instruction, with all that makes reading it hard."""
    pieces = [draw(st.sampled_from(KEYWORDS)), draw(st.sampled_from(BLANKS))]
    for _ in range(draw(st.integers(0, 4))):
        pieces += [draw(st.sampled_from(WORDS)), draw(st.sampled_from(BLANKS))]
    return "".join([*pieces, draw(st.sampled_from(ENDS))])


DOCKERFILES = st.builds(
    lambda head, body: head + "".join(body), st.sampled_from(HEADS), st.lists(rows(), min_size=1, max_size=4)
)
_TEXT = {"CMD", "ENTRYPOINT", "MAINTAINER", "RUN", "SHELL", "STOPSIGNAL", "USER", "WORKDIR"}
_PAIRS = {"ENV", "LABEL"}
_KNOWN = {each.split()[0].upper() for each in KEYWORDS}


def read(dockerfile: Dockerfile) -> list[Told]:
    """What we read, as the strangers tell it."""
    stages = [each for stage in dockerfile.stages for each in (stage.head, *stage.instructions)]
    return [_told(each) for each in (*dockerfile.preamble, *stages)]


def _told(each: Instruction) -> Told:
    flags = tuple(f"--{name}={value}".rstrip("=") for name, value in each.flags)
    heredocs = tuple((heredoc.name, heredoc.text) for heredoc in each.heredocs)
    if each.keyword not in _KNOWN or each.keyword == "ONBUILD":
        return each.keyword, each.line, each.last_line, (), (), False, ()
    return each.keyword, each.line, each.last_line, flags, _arguments(each), each.is_json, heredocs


def _arguments(each: Instruction) -> tuple[str, ...]:
    if each.is_json:
        return each.words
    if each.keyword in _TEXT:
        return (each.text,) if each.text else ()
    if each.keyword in _PAIRS:
        return tuple(part for name, value, _ in each.pairs for part in (name, value))
    if each.keyword == "HEALTHCHECK":
        return tuple(part for part in re.split(r"\s+", each.text, maxsplit=1) if part)
    return each.words


def of_buildkit(text: str) -> list[Told] | None:
    """What BuildKit's parser tells, or None where it refuses."""
    try:
        return [_of_buildkit(each) for each in buildkit.parse_string(text)]
    except buildkit.GoParseError:
        return None


def _of_buildkit(each: Any) -> Told:
    keyword = (each.cmd or "").upper()
    if keyword not in _KNOWN or keyword == "ONBUILD":
        return keyword, each.start_line, each.end_line, (), (), False, ()
    flags = tuple(flag.rstrip("=") for flag in each.flags)
    head = each.original.partition("\n")[0]
    heredocs = tuple((h.name, _chomped(h.content, h.name, head)) for h in each.heredocs)
    return keyword, each.start_line, each.end_line, flags, tuple(each.value), bool(each.json), heredocs


def _chomped(content: str, name: str, head: str) -> str:
    """NB: the strangers leave the tabs of ``<<-`` for later."""
    is_chomped = re.search(rf"<<-[\s\"'\\]*{re.escape(name)}", head) is not None
    return re.sub(r"^\t+", "", content, flags=re.MULTILINE) if is_chomped else content


def of_port(text: str) -> list[Told] | None:
    """What the port tells, or None where it refuses."""
    try:
        return [_of_port(each) for each in port.parse_dockerfile_ast(text).instructions]
    except port.DockerfileSyntaxError:
        return None


def _of_port(each: port.DockerfileInstruction) -> Told:
    if each.name == "ONBUILD":
        return each.name, each.start_line, each.end_line, (), (), False, ()
    flags = tuple(flag.rstrip("=") for flag in each.flags)
    args = [arg for at, arg in enumerate(each.args) if at % 3 < 2] if each.name in _PAIRS else each.args
    heredocs = tuple(
        (h.name, re.sub(r"^\t+", "", h.content, flags=re.MULTILINE) if h.chomp else h.content)
        for h in each.heredocs
    )
    return each.name, each.start_line, each.end_line, flags, tuple(args), each.json, heredocs


def joined(text: str) -> str:
    """Lines that go on as one."""
    return re.sub(r"[\\`][ \t]*\r?\n(\s*#.*\n|\s*\n)*", "", text)


def has_text_after_json(text: str) -> bool:
    """NB: BuildKit took ``["a"] b`` for JSON until 0.13; nothing of it can be meant."""
    return re.search(r"\[\"a\"(, ?\S+ ?\S*)?\][^\n]*\S", joined(text)) is not None


@settings(max_examples=150)
@given(DOCKERFILES)
@example("FROM x\nRUN a <<A <<-B\n\tA\n\tA\nA\n\t B\n\tB\nUSER 1\n")
@example("FROM x\nRUN a \\\n\n# c\n  b \\\n")
@example('FROM x\nHEALTHCHECK --a=b CMD ["a", "b"]\n')
def test_as_buildkit(text: str):
    assume(not has_text_after_json(text) and not re.search(r"<<-?[ \t\r]", joined(text)))
    ours, theirs = read_dockerfile(text), of_buildkit(text)
    if theirs is None:
        assert ours.problems
    else:
        assert read(ours) == theirs


@settings(max_examples=150)
@given(DOCKERFILES)
@example("FROM x\nRUN cat << A\na\nA\n")
@example('FROM x\nCMD ["a"] b\n')
def test_as_a_port_of_a_newer_buildkit(text: str):
    # NB: the port lets COPY and ADD quote, takes flags with the escape character, and looks for no
    # here-documents in an ONBUILD; BuildKit does none of it.
    assume(not ("<<" in text and "onbuild" in text.lower()))
    assume(not re.search(r"(?im)^\s*(copy|add)\b[^\n]*[\"'\\`]", text) and "escape" not in text.lower())
    ours, theirs = read_dockerfile(text), of_port(text)
    if theirs is None:
        assert ours.problems or re.search(r"<<-?[ \t\r]", text)
    else:
        assert read(ours) == theirs


VALUES = {"a": "1", "b": "x y", "empty": ""}
EXPANDED = st.lists(
    st.sampled_from(
        [
            *(
                "$",
                "$a",
                "${a}",
                "${b:-",
                "${none:-",
                "${none-",
                "${empty:+",
                "${a+",
                "${a?",
                "}",
                "{",
                "'",
                '"',
            ),
            *("\\", "x", " ", "$none", "${empty:-y}", "$1", "${", "$$", "ä", ":", "-"),
        ]
    ),
    max_size=10,
).map("".join)


@settings(max_examples=150)
@given(EXPANDED)
@example("${none:-${b}}")
def test_words_expand_as_there(word: str):
    ours = expand(word, VALUES)
    try:
        theirs = port.ShellLex("\\", env=VALUES, skip_unset_env=False).process_word(word)
    except ValueError:
        assert ours.problem
    else:
        assert (ours.text, ours.problem) == (theirs, "")


PATTERNS = st.lists(
    st.sampled_from(["a", "b", "/", "*", "**", "?", "[ab]", "[^a]", "!", ".", " ", "\\*", "..", "A"]),
    max_size=6,
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "A", "*", ".", "b.a"]), min_size=1, max_size=4).map(
    "/".join
)


def _as_read(line: str) -> str:
    """A line as moby's ignorefile.ReadAll gives it to its matcher, which trims and cleans it once more."""
    text = line.strip()
    body = text.removeprefix("!").strip()
    body = go_clean(body) if body else ""
    body = body[1:] if len(body) > 1 and body.startswith("/") else body
    return f"!{body}" if text.startswith("!") else body


@settings(max_examples=150)
@given(st.lists(PATTERNS.map("".join), max_size=5), PATHS)
@example(["a/b", "!a"], "a/b")
@example(["/!"], "a")
@example(["/ a", "! b"], "a")
@example(["a /"], "a")
@example(["/ /", "!/a /"], "a")
def test_ignored_as_there(patterns: list[str], path: str):
    ours = read_dockerignore("\n".join(patterns))
    try:
        theirs = port.PatternMatcher([_as_read(each) for each in patterns])
    except ValueError:
        assert ours.bad_lines
    else:
        assert not ours.bad_lines
        assert ours.is_ignored(path) == theirs.matches(path)


@pytest.mark.parametrize("text", ["", "#", "FROM x", "\n\n", "RUN", "FROM x\nRNU y"])
def test_both_strangers_are_there(text: str):
    assert (of_buildkit(text) is None) <= bool(read_dockerfile(text).problems)
    assert (of_port(text) is None) <= bool(read_dockerfile(text).problems)
