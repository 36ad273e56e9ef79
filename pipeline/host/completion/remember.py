"""Keeps what a module said until one of its files changes: importing dagger-io takes a second."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.host.call.locate import locate
from pipeline.host.call.options import named_module

Candidates = tuple[tuple[str, str], ...]
_MOST = 300


def remembered(words: Sequence[str], asked: str, find: Callable[[], Candidates]) -> Candidates:
    """What ``find`` gives for these words, or gave before on the same module."""
    file, key = memory(), _key(words, asked)
    known = _read(file)
    if key in known:
        return tuple((name, about) for name, about in known[key])
    found = find()
    _write(file, {**dict(list(known.items())[-_MOST:]), key: found})
    return found


def memory() -> Path:
    """Where it is kept; it need not exist."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pipeline" / "completion.json"


def _key(words: Sequence[str], asked: str) -> str:
    location = locate(named_module(words), start=Path.cwd())
    files = location.source.glob("*/**/*.py")
    newest = max((file.stat().st_mtime_ns for file in files if ".venv" not in file.parts), default=0)
    text = json.dumps([str(location.folder), newest, asked, *words])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(file: Path) -> dict[str, list[list[str]]]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _write(file: Path, value: object) -> None:
    """NB: a home that cannot be written to only makes the next time slow."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as new:
            json.dump(value, new)
        Path(new.name).replace(file)
    except OSError:
        return
