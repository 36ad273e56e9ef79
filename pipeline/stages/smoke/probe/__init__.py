"""The probe: a POSIX shell script that smoke-tests one service, put together from small parts.

The parts are joined in the order below into one file; the Python texts that it runs inside an image stand in
it as variables. The whole needs nothing of the image but what is said in its first part.
"""

import hashlib
import shlex
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_PARTS = (
    "arguments",
    "words",
    "clock",
    "files",
    "process",
    "measure",
    "ports",
    "http",
    "json",
    "health",
    "contents",
    "side_by_side",
    "main",
)
_EMBEDDED = ("cuda", "kernel")


@cache
def probe_text() -> str:
    """The whole script."""
    texts = [f"probe_{name}_py={shlex.quote(_read(f'{name}.py'))}\n" for name in _EMBEDDED]
    return "\n".join(["#!/bin/sh", *(_read(f"{name}.sh") for name in _PARTS[:-1]), *texts, _read("main.sh")])


@cache
def witness_text() -> str:
    """The program that is asked from another container."""
    return _read("witness.py")


@cache
def probe_version() -> str:
    """Changes whenever the probe does: evidence of another probe does not count."""
    return hashlib.sha256(f"{probe_text()}{witness_text()}".encode()).hexdigest()[:12]


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
