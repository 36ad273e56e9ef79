"""Finding and changing things in trees. Every change gives a new tree."""

import posixpath
from collections.abc import Callable
from dataclasses import replace

from pipeline.local.engine.failures import QueryError, no_such
from pipeline.local.patterns import WILD, cleaned, whole, with_parents
from pipeline.local.tree import Entry, Kind, Tree

ROOT = Entry(Kind.DIRECTORY, 0o755)
EMPTY = Tree({})
MOST_LINKS = 40  # as in Linux (path_resolution(7))
Change = Callable[[Entry], Entry]


def relative(path: str) -> str | None:
    """A path as trees have it, "" for the root itself; None if it leads out."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def located(path: str) -> str:
    """`relative`, for a path that is written to."""
    found = relative(path)
    if found is None:
        raise QueryError(f"path {path} leads out of the directory")
    return found


def find(tree: Tree, path: str, *, follow: bool = True) -> tuple[str, Entry] | None:
    """What is at a path and where it really lies: links on the way are followed, the last one if
    ``follow``."""
    wanted = relative(path)
    if wanted is None:
        return None
    rest, done, links = wanted.split("/") if wanted else [], "", 0
    while rest:
        part, *rest = rest
        if part == "..":  # only from links; at the root it stays there, as in a file system of its own
            done = done.rpartition("/")[0]
            continue
        here = f"{done}/{part}" if done else part
        entry = tree.entries.get(here)
        if entry is None:
            return None
        if entry.kind is Kind.SYMLINK and (rest or follow):
            links += 1
            if links > MOST_LINKS:
                raise QueryError(f"stat {path}: too many levels of symbolic links")
            done = "" if entry.content.startswith("/") else done
            rest = [*(item for item in entry.content.split("/") if item not in {"", "."}), *rest]
            continue
        if rest and entry.kind is not Kind.DIRECTORY:
            return None
        done = here
    return done, (tree.entries[done] if done else ROOT)


def there(tree: Tree, path: str) -> tuple[str, Entry]:
    """`find`, failing where nothing is."""
    found = find(tree, path)
    if found is None:
        raise no_such(path)
    return found


def subtree(tree: Tree, path: str) -> Tree:
    """The directory at a path as a tree of its own."""
    where, entry = there(tree, path)
    if entry.kind is not Kind.DIRECTORY:
        raise QueryError(f"path {path} is a file, not a directory")
    if not where:
        return tree
    start = len(where) + 1
    return Tree({name[start:]: item for name, item in tree.entries.items() if name.startswith(f"{where}/")})


def children(tree: Tree) -> list[str]:
    """The names at the top, sorted; those of directories end in "/"."""
    return [shown(tree, path) for path in sorted(tree.entries) if "/" not in path]


def shown(tree: Tree, path: str) -> str:
    """A path as listings have it: directories end in "/"."""
    return f"{path}/" if tree.entries[path].kind is Kind.DIRECTORY else path


def put(tree: Tree, path: str, entry: Entry) -> Tree:
    """The tree with this entry at a path; missing parents are made (0755, root's)."""
    entries = dict(tree.entries)
    place(entries, located(path), entry)
    return Tree(entries)


def place(entries: dict[str, Entry], path: str, entry: Entry) -> None:
    """`put` into entries that are still being collected."""
    where = _real_parent(entries, path)
    old = entries.get(where, ROOT if not where else None)
    if old is not None and (old.kind is Kind.DIRECTORY) != (entry.kind is Kind.DIRECTORY):
        raise QueryError(f"path {path} is a {old.kind} already, it cannot become a {entry.kind}")
    if where:
        entries[where] = entry


def _real_parent(entries: dict[str, Entry], path: str) -> str:
    """Where a path really lies, its parents made and links among them followed."""
    parent, _, name = path.rpartition("/")
    if not parent:
        return name
    above = entries.get(parent)
    if above is None or above.kind is not Kind.DIRECTORY:
        if find(Tree(entries), parent) is None:
            place(entries, parent, ROOT)
        parent, above = there(Tree(entries), parent)
        if above.kind is not Kind.DIRECTORY:
            raise QueryError(f"path {parent} is a {above.kind}, not a directory")
    return posixpath.join(parent, name)


def graft(tree: Tree, path: str, other: Tree, change: Change = lambda entry: entry) -> Tree:
    """The tree with another one laid over the directory at a path, each entry changed on the way."""
    entries, at = dict(tree.entries), located(path)
    if at and find(tree, at) is None:
        place(entries, at, change(ROOT))
    for name in other.paths:
        place(entries, posixpath.join(at, name), change(other.entries[name]))
    return Tree(entries)


def without(tree: Tree, path: str) -> Tree:
    """The tree without what is at a path, or matches it as a pattern."""
    if relative(path) == "":
        return EMPTY
    gone = set(filter(whole(cleaned(path)), tree.entries)) if WILD.search(path) else {relative(path)}
    kept = {name: entry for name, entry in tree.entries.items() if gone.isdisjoint(with_parents(name))}
    return Tree(kept)


def changed(tree: Tree, change: Change) -> Tree:
    """Every entry changed."""
    return Tree({path: change(entry) for path, entry in tree.entries.items()})


def stamp(owner: str = "", permissions: int | None = None) -> Change:
    """Gives entries to ``UID`` or ``UID:GID``, and permission bits, of which links have none of their own.

    What is "" or None stays as it was. Names of owners mean something in a container only.
    """
    uid, _, gid = owner.partition(":")
    if owner and not (uid.isdigit() and (gid or uid).isdigit()):
        raise QueryError(f"owner {owner!r} is not UID or UID:GID: names are known in containers only")

    def change(entry: Entry) -> Entry:
        if owner:
            entry = replace(entry, uid=int(uid), gid=int(gid or uid))
        if permissions is not None and entry.kind is not Kind.SYMLINK:
            entry = replace(entry, mode=permissions & 0o7777)
        return entry

    return change
