"""Trees: finding, adding, laying over, taking away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.engine.edits import (
    EMPTY,
    MOST_LINKS,
    children,
    find,
    graft,
    put,
    relative,
    stamp,
    subtree,
    there,
    without,
)
from pipeline.local.engine.failures import QueryError
from pipeline.local.tree import Entry, Kind, Tree


def file(content: str = "0", mode: int = 0o644) -> Entry:
    return Entry(Kind.FILE, mode, content=content)


def link(target: str) -> Entry:
    return Entry(Kind.SYMLINK, 0o777, content=target)


def tree(**entries: Entry) -> Tree:
    made = EMPTY
    for path, entry in entries.items():
        made = put(made, path, entry)
    return made


def of(*paths: str) -> Tree:
    return tree(**{path: file() for path in paths})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("/", ""),
        (".", ""),
        ("a", "a"),
        ("/a//b/", "a/b"),
        ("./a/./b", "a/b"),
        ("a/../b", "b"),
        ("a/..", ""),
        ("..", None),
        ("a/../..", None),
        ("/../a", None),
    ],
)
def test_paths_become_relative_or_nothing(path: str, expected: str | None) -> None:
    assert relative(path) == expected


def test_parents_are_made() -> None:
    made = of("a/b/c")
    assert [(path, made.entries[path].kind) for path in made.paths] == [
        ("a", Kind.DIRECTORY),
        ("a/b", Kind.DIRECTORY),
        ("a/b/c", Kind.FILE),
    ]


def test_the_tree_that_was_there_stays_as_it_was() -> None:
    before = of("a")
    put(before, "b", file())
    without(before, "a")
    assert before.paths == ("a",)


FOLLOWED = {
    "a file": ("f", "f"),
    "below a linked directory": ("to-dir/x", "dir/x"),
    "a link to a file": ("to-file", "f"),
    "an absolute link": ("absolute", "dir/x"),
    "a link to a link": ("to-link", "f"),
    "a link that climbs": ("dir/up", "f"),
    "a link that climbs past the root": ("dir/beyond", "f"),
    "the root": ("/", ""),
    "through a parent": ("dir/../f", "f"),
}
LINKED = tree(
    **{
        "f": file(),
        "dir/x": file(),
        "to-dir": link("dir"),
        "to-file": link("f"),
        "absolute": link("/dir/x"),
        "to-link": link("to-file"),
        "dir/up": link("../f"),
        "dir/beyond": link("../../../f"),
        "dangling": link("nope"),
        "loop": link("loop"),
    }
)


@pytest.mark.parametrize(("path", "real"), FOLLOWED.values(), ids=FOLLOWED)
def test_links_are_followed(path: str, real: str) -> None:
    found = find(LINKED, path)
    assert found is not None
    assert found[0] == real


@pytest.mark.parametrize("path", ["nope", "dangling", "f/below", "dir/nope", "../f", "to-file/below"])
def test_nothing_is_found_where_nothing_is(path: str) -> None:
    assert find(LINKED, path) is None
    with pytest.raises(QueryError, match="no such file or directory"):
        there(LINKED, path)


def test_the_last_link_is_not_followed_if_it_is_meant_itself() -> None:
    assert find(LINKED, "to-dir", follow=False) == ("to-dir", link("dir"))
    assert find(LINKED, "to-dir/x", follow=False) == ("dir/x", file())


def test_links_in_a_circle_end() -> None:
    with pytest.raises(QueryError, match="too many levels"):
        find(LINKED, "loop")


def test_as_many_links_as_linux_allows_are_followed() -> None:
    chain = {"0": file()} | {str(nth): link(str(nth - 1)) for nth in range(1, MOST_LINKS + 2)}
    assert find(Tree(chain), str(MOST_LINKS)) is not None
    with pytest.raises(QueryError):
        find(Tree(chain), str(MOST_LINKS + 1))


def test_a_new_file_below_a_link_goes_where_the_link_leads() -> None:
    made = put(LINKED, "to-dir/new", file("n"))
    assert made.entries["dir/new"].content == "n"
    assert made.entries["to-dir"].kind is Kind.SYMLINK


REFUSED = {
    "below a file": lambda: put(of("f"), "f/x", file()),
    "a file where a directory is": lambda: put(of("d/x"), "d", file()),
    "a directory where a file is": lambda: put(of("f"), "f", Entry(Kind.DIRECTORY, 0o755)),
    "outside": lambda: put(EMPTY, "../x", file()),
    "below a dangling link": lambda: put(LINKED, "dangling/x", file()),
    "a tree over a file": lambda: graft(of("f"), "f", of("x")),
    "a directory that is a file": lambda: subtree(of("f"), "f"),
    "a directory that is not there": lambda: subtree(of("f"), "d"),
}


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
def test_what_a_file_system_would_refuse_is_refused(act) -> None:
    with pytest.raises(QueryError):
        act()


def test_a_file_replaces_a_file_and_a_link_a_file() -> None:
    assert put(of("f"), "f", file("1")).entries["f"].content == "1"
    assert put(of("f"), "f", link("x")).entries["f"].kind is Kind.SYMLINK


def test_a_tree_laid_over_another_keeps_what_it_does_not_name() -> None:
    made = graft(of("d/a", "d/b"), "d", tree(a=file("new"), c=file()))
    assert made.paths == ("d", "d/a", "d/b", "d/c")
    assert made.entries["d/a"].content == "new"


def test_an_empty_tree_makes_its_directory() -> None:
    assert graft(EMPTY, "a/b", EMPTY).paths == ("a", "a/b")


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("d", ("de", "f")),
        ("d/x", ("d", "d/y", "de", "f")),
        ("nope", ("d", "d/x", "d/y", "de", "f")),
        ("d/*", ("d", "de", "f")),
        ("*e", ("d", "d/x", "d/y", "f")),
        ("/", ()),
    ],
)
def test_what_is_taken_away_takes_what_it_holds(path: str, left: tuple[str, ...]) -> None:
    assert without(of("d/x", "d/y", "de", "f"), path).paths == left


@pytest.mark.parametrize(("owner", "ids"), [("", (0, 0)), ("1", (1, 1)), ("1:2", (1, 2))])
def test_owners_are_numbers(owner: str, ids: tuple[int, int]) -> None:
    changed = stamp(owner)(file())
    assert (changed.uid, changed.gid) == ids


@pytest.mark.parametrize("owner", ["svc", "1:svc", "svc:1", ":1", "-1", "1:2:3"])
def test_owners_by_name_are_refused_where_nobody_knows_the_names(owner: str) -> None:
    with pytest.raises(QueryError, match="owner"):
        stamp(owner)


def test_links_have_no_mode_of_their_own() -> None:
    assert stamp(permissions=0o600)(link("x")).mode == 0o777
    assert stamp(permissions=0o600)(file()).mode == 0o600


def test_listings_mark_directories() -> None:
    assert children(of("b/x", "a")) == ["a", "b/"]


names = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@given(st.lists(names, max_size=8))
def test_every_tree_that_can_be_made_is_closed_under_parents(paths: list[str]) -> None:
    made = EMPTY
    for path in paths:
        try:
            made = put(made, path, file())
        except QueryError:
            continue
    for path in made.paths:
        parent = path.rpartition("/")[0]
        assert not parent or made.entries[parent].kind is Kind.DIRECTORY


@given(st.permutations(["a", "b/c", "b/d", "e/f/g"]))
def test_the_digest_does_not_depend_on_the_order(paths: list[str]) -> None:
    assert of(*paths).digest == of("a", "b/c", "b/d", "e/f/g").digest


CHANGES = {
    "content": {"f": file("other")},
    "mode": {"f": file(mode=0o755)},
    "name": {"g": file()},
    "kind": {"f": link("0")},
    "case": {"F": file()},
    "owner": {"f": Entry(Kind.FILE, 0o644, uid=1, content="0")},
    "one more": {"f": file(), "d/x": file()},
    "none": {},
}


@pytest.mark.parametrize("entries", CHANGES.values(), ids=CHANGES)
def test_the_digest_shows_every_change(entries: dict[str, Entry]) -> None:
    assert tree(**entries).digest != of("f").digest
