"""Why a build key is another one: the difference of its inputs, in words."""

from collections.abc import Iterator, Mapping

_ORDER = (
    "dockerfile",
    "file",
    "epoch",
    "arg",
    "target",
    "platform",
    "label",
    "external",
    "remote",
    "parent",
)
_SINGLE = {"epoch": "epoch raised", "target": "another target", "platform": "another platform"}
_SIMPLE = {
    "arg": "build argument",
    "label": "label",
    "dockerfile": "",
    "file": "",
}


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """``main_pc_code/x.py changed (+2 more)``; empty where the inputs are equal."""
    reasons = list(_reasons(old, new))
    more = f" (+{len(reasons) - 1} more)" if len(reasons) > 1 else ""
    # NB: a path that is not UTF-8 comes with surrogates, which cannot be printed.
    return f"{reasons[0]}{more}".encode("utf-8", "backslashreplace").decode() if reasons else ""


def _reasons(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    different = [key for key in {*old, *new} if old.get(key) != new.get(key)]
    for key in sorted(different, key=_importance):
        yield _reason(key, old.get(key), new.get(key))


def _importance(key: str) -> tuple[int, str]:
    kind = key.partition(":")[0]
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), key


def _reason(key: str, old: str | None, new: str | None) -> str:
    kind, _, subject = key.partition(":")
    if kind in _SINGLE:
        return _SINGLE[kind]
    if kind == "parent":
        return _parent_reason(subject, old, new)
    if kind in ("external", "remote"):
        return f"{subject} {_verb(old, new, changed='has other content')}"
    return f"{_SIMPLE.get(kind, kind)} {subject} {_verb(old, new)}".strip()


def _parent_reason(name: str, old: str | None, new: str | None) -> str:
    if new is None:
        return f"no longer on {name}"
    if old is None:
        return f"now on {name}"
    return f"base {name} has another digest" if new.startswith("sha256:") else f"parent {name} is built again"


def _verb(old: str | None, new: str | None, *, changed: str = "changed") -> str:
    if old is None:
        return "added"
    return "removed" if new is None else changed
