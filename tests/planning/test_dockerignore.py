import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.local.patterns import matcher
from pipeline.planning.dockerignore import read_dockerignore


def ignored(text: str, path: str) -> bool:
    return read_dockerignore(text).is_ignored(path)


# Path, patterns, and whether it is left out.
CASES = [
    *(("a", "a", True), ("a", "b", False), ("a/b", "a", True), ("a/b/c", "a/b", True), ("ab", "a", False)),
    *(
        ("x/a", "a", False),
        ("x/a", "*/a", True),
        ("x/y/a", "*/a", False),
        ("x/y/a", "**/a", True),
        ("a", "**/a", True),
    ),
    *(
        ("tempa", "temp?", True),
        ("temp", "temp?", False),
        ("x/tempa", "*/temp*", True),
        ("x/y/tempa", "*/*/temp*", True),
    ),
    *(("a", "/a", True), ("a", "./a", True), ("a", "a/", True), ("a", "b/../a", True), ("a", "//a", True)),
    *(("a", "  a  ", True), ("#a", "#a", False), ("#a", " #a", True), ("a", "# a", False), ("a", "", False)),
    *(("a", "a\r", True), ("a", "\ufeffa", True), ("a", "*", True), ("a/b", "*", True), ("a", "**", True)),
    *(("a/b", "a/**", True), ("a", "a/**", False), ("dir", "dir/**", False), ("a/b/c", "a/**/c", True)),
    *(
        ("a/c", "a/**/c", True),
        ("a/x/y/c", "a/**/c", True),
        ("b/a/c", "a/**/c", False),
        ("xfoo", "**foo", True),
    ),
    *(
        ("x/foobar", "**/foo*", True),
        ("x/foo/y", "**/foo/", True),
        ("a.py", "*.py", True),
        ("apy", "*.py", False),
    ),
    *(("x/a.py", "*.py", False), ("x/a.py", "**/*.py", True), ("a+b", "a+b", True), ("aab", "a+b", False)),
    *(
        ("a", "[a-c]", True),
        ("d", "[a-c]", False),
        ("d", "[^a-c]", True),
        ("a", "[^a-c]", False),
        ("a/b", "a[b/]b", True),
    ),
    *(("a*b", "a\\*b", True), ("axb", "a\\*b", False), ("a[b", "a\\[b", True), ("(a|b)$", "(a|b)$", True)),
    *(
        ("a\nb", "a?b", True),
        ("ä", "?", True),
        ("x/ä", "**/ä", True),
        ("file", "**file", True),
        ("a**", "a\\**", True),
    ),
    *(
        ("a/b/.git", "**/.git", True),
        (".git", "**/.git", True),
        (".gitx", "**/.git", False),
        ("x.git", "**/.git", False),
    ),
    # exceptions: the last pattern that matches decides
    *(("a.md", "*.md\n!a.md", False), ("b.md", "*.md\n!a.md", True), ("a.md", "!a.md\n*.md", True)),
    *(("a/keep", "a\n!a/keep", False), ("a/x", "a\n!a/keep", True), ("a/keep/x", "a\n!a/keep", False)),
    *(("a/b", "*\n!a", False), ("b", "*\n!a", True), ("a", "a\n! a", False), ("a/b/c", "**\n!a/**", False)),
    *(("a/secret", "*\n!a\na/secret", True), ("a/other", "*\n!a\na/secret", False), ("a/b", "a/b\n!a", True)),
    *(("a/b", "a\n!a/b\na", False),),
]


@pytest.mark.parametrize(("path", "patterns", "expected"), CASES)
def test_what_is_ignored(path: str, patterns: str, expected: bool):
    assert ignored(patterns, path) is expected


@pytest.mark.parametrize("line", ["!", "! ", "[", "a[", "[]", "[b-a]", "a[^]", "x\\", "[a-", "[-a]", "[a-]"])
def test_lines_that_moby_refuses(line: str):
    ignore = read_dockerignore(f"ok\n{line}\n")
    assert ignore.bad_lines == (2,)
    assert ignore.is_ignored("ok") and not ignore.is_ignored("other")


@given(
    st.lists(st.text(alphabet="ab/*?![]^-\\. #", max_size=8), max_size=6).map("\n".join),
    st.lists(st.text(alphabet="ab*[.", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join),
)
@example("**/" * 300, "a/" * 300 + "a")
@example("*" * 60, "a" * 60)
def test_any_patterns_decide(patterns: str, path: str):
    first = ignored(patterns, path)
    assert ignored(patterns + "\n*", path) is True
    assert ignored(patterns, path) is first


@given(st.lists(st.sampled_from(["a", "b", "a/b", "*", "**/b", "a/*", "!a", "!b", "!a/b"]), max_size=6))
def test_asking_for_other_paths_before_changes_nothing(patterns: list[str]):
    text = "\n".join(patterns)
    paths = ["a", "a/b", "a/b/c", "b", "b/a"]
    shared = read_dockerignore(text)
    assert [shared.is_ignored(path) for path in reversed(paths)] == [
        ignored(text, path) for path in reversed(paths)
    ]


# What moby makes of a pattern's characters, which is not always what Go's filepath.Match means.
ODD = [
    *(("a", "\\a", False), ("\a", "\\a", True), ("1", "\\d", True), ("d", "\\d", False), ("*", "\\*", True)),
    *(("t/b", "t/[/b/?/[ab]", False), ("(", "[(a]", True), ("x[y", "x[[]y", True), ("a.b", "a.?", True)),
    *(("axb", "a.?", False), ("a+b.txt", "a+b*", True), ("aab", "a+b*", False), ("ä", "[ä]", True)),
]


@pytest.mark.parametrize(("path", "pattern", "expected"), ODD)
def test_odd_characters(path: str, pattern: str, expected: bool):
    assert ignored(pattern, path) is expected


@pytest.mark.parametrize("line", ["\\y", "a/\\1", "\\k*"])
def test_letters_that_no_regular_expression_escapes(line: str):
    assert read_dockerignore(line).bad_lines == (1,)


@given(
    st.lists(st.text(alphabet="ab*/?[]^-\\.!d+(", max_size=6), max_size=5),
    st.lists(st.sampled_from(["a", "b", "ab", "(", "d", "."]), min_size=1, max_size=4).map("/".join),
)
@example(["a/b", "!a"], "a/b")
def test_the_local_engine_sends_what_planning_reads(lines: list[str], path: str):
    read = read_dockerignore("\n".join(lines))
    cleaned = [f"{'!' if pattern.keeps else ''}{pattern.text}" for pattern in read.patterns]
    assert matcher(cleaned)(path) == read.is_ignored(path)
