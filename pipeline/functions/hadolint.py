"""Runs hadolint where it is there: on a person's machine. A Dagger engine's module container has none."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio

from pipeline.checks.hadolint import hadolint_failed, read_hadolint
from pipeline.reporting.model import Finding

DEADLINE = 60.0
"""Seconds for all files together; it takes one where nothing else is done."""
_AT_ONCE = 200


async def hadolint_findings(
    root: Path, dockerfiles: Sequence[str], *, deadline: float = DEADLINE
) -> tuple[Finding, ...]:
    """What hadolint says about Dockerfiles under ``root``; nothing where there is no hadolint.

    Its own configuration (``.hadolint.yaml`` in ``root``) and comments hold. A hadolint that fails, or takes
    longer than ``deadline`` seconds, gives one note instead.
    """
    program = _find_program()
    there = [path for path in dict.fromkeys(dockerfiles) if (root / path).is_file()]
    if not program or not there:
        return ()
    parts = [there[at : at + _AT_ONCE] for at in range(0, len(there), _AT_ONCE)]
    found: list[Finding] = []
    with anyio.move_on_after(deadline):
        for part in parts:
            found += await _ask(program, root, part)
        return tuple(found)
    return (hadolint_failed(f"took more than {deadline:g} s"),)


def _find_program() -> str | None:
    beside = Path(sys.executable).parent
    return shutil.which("hadolint", path=os.pathsep.join([*os.get_exec_path(), str(beside)]))


async def _ask(program: str, root: Path, dockerfiles: Sequence[str]) -> tuple[Finding, ...]:
    command = [program, "--no-fail", "--no-color", "--format", "json", "--", *dockerfiles]
    try:
        done = await anyio.run_process(command, cwd=root, check=False)
    except OSError as error:
        return (hadolint_failed(f"cannot be started ({error.strerror})"),)
    findings = read_hadolint(done.stdout.decode(errors="replace"))
    if findings is None:
        return (hadolint_failed(f"ended with {done.returncode} and no JSON"),)
    return findings
