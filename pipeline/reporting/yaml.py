"""Plain values as YAML: always the same bytes for the same values, read alike by YAML 1.1 and 1.2.

NB: no library, because the module itself has none that writes YAML, and every dependency of a module is
installed in every cold run of it. Whatever could be taken for something else than text is quoted as in JSON.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

# NB: letters first, so that no number, date, `.inf` or `~` is among them.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
# What JSON leaves as it is, but YAML 1.2 (chapter 5.1) does not call printable, or takes for a line break.
_UNPRINTABLE = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")


def to_yaml(value: Mapping[str, Any]) -> str:
    """A mapping of mappings, sequences, texts, numbers and booleans as a document in block style."""
    return "\n".join(_mapping(value, "") or ["{}"]) + "\n"


def _mapping(value: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        lines += _below(f"{indent}{_scalar(key)}:", item, indent)
    return lines


def _below(head: str, item: Any, indent: str) -> list[str]:
    """A key or a dash, and what belongs to it: on its line, or in lines of their own."""
    if isinstance(item, Mapping) and item:
        return [head, *_mapping(item, indent + "  ")]
    if isinstance(item, list | tuple) and any(isinstance(each, Mapping) for each in item):
        return [head, *(line for each in item for line in _entry(each, indent + "  "))]
    return [f"{head} {_flow(item)}"]


def _entry(item: Any, indent: str) -> list[str]:
    """One item of a sequence in which there are mappings."""
    if isinstance(item, Mapping) and item:
        first, *rest = _mapping(item, indent + "  ")
        return [f"{indent}- {first.strip()}", *rest]
    return [f"{indent}- {_flow(item)}"]


def _flow(item: Any) -> str:
    if isinstance(item, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(each)}" for key, each in item.items()) + "}"
    if isinstance(item, list | tuple):
        return "[" + ", ".join(map(_flow, item)) + "]"
    return _scalar(item)


def _scalar(item: Any) -> str:
    if not isinstance(item, str):
        return json.dumps(item)
    if _PLAIN.fullmatch(item) and item.lower() not in _WORDS:
        return item
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(item, ensure_ascii=False))
