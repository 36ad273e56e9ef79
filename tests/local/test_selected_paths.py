"""Which files are sent: .dockerignore's rules, and links that a COPY goes through."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.patterns import follow_links, matcher, select
from pipeline.local.tree import Entry, Kind, Tree
from pipeline.patterns import read_pattern


def tree(*paths: str, **links: str) -> Tree:
    entries = {}
    for path in (*paths, *links):
        parts = path.split("/")
        for count in range(1, len(parts)):
            entries["/".join(parts[:count])] = Entry(Kind.DIRECTORY, 0o755)
        link = links.get(path)
        entries[path] = Entry(Kind.SYMLINK, 0o777, content=link) if link else Entry(Kind.FILE, 0o644)
    return Tree(entries)


@pytest.mark.parametrize(
    ("patterns", "path", "expected"),
    [
        (["skip"], "skip", True),
        (["skip"], "skip/below", True),
        (["skip"], "skipper", False),
        (["skip"], "a/skip", False),
        (["**/skip"], "a/b/skip", True),
        (["**/skip"], "skip", True),
        (["*.log"], "a.log", True),
        (["*.log"], "d/a.log", False),
        (["*"], "d/a.log", True),
        (["*", "!keep"], "keep", False),
        (["*", "!keep"], "keep/below", False),
        (["!keep", "*"], "keep", True),
        (["a/**"], "a/b/c", True),
        (["a/**"], "a", False),
        (["a?c"], "abc", True),
        (["a?c"], "a/c", False),
        (["[ab].txt"], "b.txt", True),
        (["[^ab].txt"], "b.txt", False),
        (["a.b"], "axb", False),
        ([r"a\*"], "a*", True),
        ([r"a\*"], "ab", False),
        (["**"], "anything/at/all", True),
    ],
)
def test_exclusion(patterns: list[str], path: str, expected: bool) -> None:
    assert matcher(patterns)(path) is expected


def test_a_directory_that_is_excluded_comes_back_for_a_file_in_it() -> None:
    assert select(tree("d/a", "d/b", "e"), exclude=["d", "!d/b"]).paths == ("d", "d/b", "e")


def test_everything_without_patterns_and_nothing_for_a_path_that_is_not_there() -> None:
    everything = tree("a", "b/c")
    assert select(everything).paths == ("a", "b", "b/c")
    assert select(everything, follow=["."]).paths == ("a", "b", "b/c")
    assert select(everything, follow=["nope"]).paths == ()


def test_only_what_a_copy_reads() -> None:
    assert select(tree("a/b/c", "a/x", "z"), follow=["a/b"]).paths == ("a", "a/b", "a/b/c")
    assert select(tree("a.py", "b.py", "c.txt"), follow=["*.py"]).paths == ("a.py", "b.py")
    assert select(tree("a/x.py", "b/x.py", "b/y"), follow=["*/x.py"]).paths == ("a", "a/x.py", "b", "b/x.py")


def test_links_are_followed_into_the_tree_and_not_out_of_it() -> None:
    linked = tree("real/f", "other", **{"d/link": "../real", "out": "/../../other", "loop": "loop"})
    assert select(linked, follow=["d/link/f"]).paths == ("d", "d/link", "real", "real/f")
    assert follow_links(linked, ["out"]) == {"out", "other"}
    assert follow_links(linked, ["loop"]) == {"loop"}


def test_include_and_exclude_together() -> None:
    files = tree("Dockerfile", "Dockerfile.dockerignore", "src/a")
    assert select(files, include=["Dockerfile"]).paths == ("Dockerfile",)
    assert select(files, include=["src"], exclude=["src/a"]).paths == ("src",)


NAMES = st.text("ab*?[]!\\/.", min_size=1, max_size=8)


@given(st.lists(NAMES, max_size=4), st.lists(st.text("ab./", min_size=1, max_size=6), max_size=6))
def test_a_parent_always_comes_before_its_child(patterns: list[str], names: list[str]) -> None:
    clean = {posixpath.normpath("/" + name).lstrip("/") for name in names} - {""}
    files = [name for name in clean if not any(other.startswith(f"{name}/") for other in clean)]
    taken = [pattern for pattern in patterns if read_pattern(pattern.removeprefix("!"))]
    chosen = select(tree(*files), exclude=taken).paths
    for position, path in enumerate(chosen):
        parent = posixpath.dirname(path)
        assert not parent or parent in chosen[:position]
