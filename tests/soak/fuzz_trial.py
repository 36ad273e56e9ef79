"""One input through all that reads it: it must end in a result or in an error of ours."""

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from fuzz_inputs import CATALOG, Input

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names, parse_reference
from pipeline.checks.fixes import find_fixes
from pipeline.checks.lint import catalog_findings, lint
from pipeline.checks.show import show_findings
from pipeline.errors import CatalogError, PipelineError
from pipeline.planning.commands import show_commands
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.plan import Circumstances, Known, make_plan
from pipeline.planning.sources import Sources

SECONDS = 60
"""What takes longer counts as a hang; by the clock, and the machine may be busy."""
_NAMES = Names(registry="ghcr.io", organisation="example", namespace="ai_system")
_DIGEST = "sha256:" + "a" * 64
_FILES = {
    "families/torch": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN apt-get install -y python3\nUSER 10001\n",
    "one/Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /app\n",
    "one/main.py": "import torch\n",
    "one/run.sh": '#!/bin/sh\nexec "$@"\n',
    "one/requirements.txt": "opencv-python==4.9.0.80\ntorch==2.1.0+cu121\n",
    "one/src/a.py": "",
    "one/src/deep/b.py": "",
}


class HangError(Exception):
    """An input that takes too long."""


def lay_out(root: Path) -> None:
    """The small fleet in which inputs are tried."""
    for path, text in {**_FILES, "fleet.toml": CATALOG}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def try_input(each: Input, root: Path) -> str:
    """``result``, ``error``, or the traceback of what should not have happened."""
    try:
        with _limited():
            return _TRIALS[each.kind](each.text, root)
    except PipelineError as error:
        return "error" if str(error) else "an error without words"
    except Exception:
        return traceback.format_exc()


def _whole(root: Path) -> str:
    """Everything that reads a fleet's files without building."""
    try:
        catalog = load_catalog(root)
    except CatalogError as error:
        _show(catalog_findings(error))
        raise
    sources = Sources(root)
    _show(lint(catalog, sources))
    find_fixes(catalog, sources)
    found = survey(catalog, sources, _NAMES)
    needed = [*(str(base.reference) for base in found.published), *found.external, *found.remote]
    digests = dict.fromkeys(needed, _DIGEST)
    keys = build_keys(found, sources, digests)
    plan = make_plan(found, keys, known=Known(digests=digests), wanted=Circumstances(probe_version="fuzz"))
    show_commands(plan, "TAG")
    return "result"


def _show(findings: tuple) -> None:
    for form in ("text", "json", "github"):
        show_findings(findings, form).encode()
    if len(findings) % 8 == 0:  # it lists every rule, and would take most of the time
        show_findings(findings, "sarif").encode()


def _in_file(path: str) -> Callable[[str, Path], str]:
    def trial(text: str, root: Path) -> str:
        place = root / path
        before = place.read_bytes() if place.exists() else None
        place.write_bytes(text.encode("utf-8", "surrogateescape"))
        try:
            return _whole(root)
        finally:
            place.unlink() if before is None else place.write_bytes(before)

    return trial


def _reference(text: str, _: Path) -> str:
    first = parse_reference(text)
    again = parse_reference(str(first))
    return "result" if str(again) == str(first) else f"{text!r} is {first} and then {again}"


_TRIALS: dict[str, Callable[[str, Path], str]] = {
    "dockerfile": _in_file("one/Dockerfile"),
    "catalog": _in_file("fleet.toml"),
    "dockerignore": _in_file("one/.dockerignore"),
    "reference": _reference,
}


@contextmanager
def _limited() -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise HangError(f"it took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
