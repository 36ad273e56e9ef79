"""What is not as it was in a run: commit, work tree, settings, build keys, bases. Nothing is checked out."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio

from pipeline.catalog.references import parse_reference
from pipeline.catalog.settings import set_on_host
from pipeline.errors import PipelineError
from pipeline.host.credentials import find_login
from pipeline.host.report.again import Ground, ask_again
from pipeline.host.work_tree import changed_files, changes_of, commit_of
from pipeline.registry.oci.client import Registry
from pipeline.reporting.model import Run, UnitRun

# Settings that another run may have had otherwise; logins differ from machine to machine and decide nothing.
_COMPARED = ("catalog", "registry", "organisation")


def find_differences(run: Run, units: Sequence[UnitRun], ground: Ground, folder: Path) -> list[str]:
    """A line for each thing that differs; ``units`` are those that are repeated, ``folder`` has the .env."""
    return [*_commit(run, ground), *_settings(run, folder), *_plan(run, units, ground)]


def _commit(run: Run, ground: Ground) -> Iterator[str]:
    source, began = ground.source, ground.begun
    commit, head = run.commit or (began.commit if began else ""), commit_of(source)
    if not commit:
        yield "commit: the run does not say which it was of (`run --commit`)"
    elif not head:
        yield f"commit: {commit[:7]} in the run; {source} is in no git repository"
    elif head != commit:
        yield f"commit: {commit[:7]} in the run, {head[:7]} here (git checkout {commit})"
    count = len(changed_files(source))
    files = f"{count} {'file' if count == 1 else 'files'} under {source} not as committed"
    if began and changes_of(source) != began.changes:
        yield f"work tree: not as it was in the run: {files}"
    elif count and not began:
        yield f"work tree: {files}"


def _settings(run: Run, folder: Path) -> Iterator[str]:
    given = set_on_host(folder)
    flags = dict(zip(run.flags[::2], run.flags[1::2], strict=False))
    for name in _COMPARED:
        here, there = str(given.get(name, "")), flags.get(f"--{name}", "")
        if here and here != there:
            told = f"{there!r} in the run" if there else "the catalog's in the run"
            yield f"--{name}: {told}, {here!r} here (PIPELINE_{name.upper()} or .env)"


def _plan(run: Run, units: Sequence[UnitRun], ground: Ground) -> Iterator[str]:
    if not units:
        return
    names = ",".join(unit.name for unit in units)
    code, printed, messages = ask_again(ground, [*run.flags, "plan", "--format", "json", "--only", names])
    if code != 0:
        first = messages.strip().splitlines()[:1]
        yield f"build keys: not known here: {' '.join(first).removeprefix('Error: ')}"
        return
    planned = {each["name"]: each for each in json.loads(printed)["units"]}
    for unit in units:
        yield from _unit(unit, planned.get(unit.name))


def _unit(unit: UnitRun, now: dict[str, Any] | None) -> Iterator[str]:
    if now is None:
        yield f"{unit.name}: not in the catalog here"
        return
    if unit.build_key and now["key"] != unit.build_key:
        yield f"{unit.name}: its build key is another one: what it is built from has changed"
    if unit.base and now["base_reference"] != unit.base:
        there = now["base_reference"] or "to be built first"
        yield f"{unit.name}: its base is {there} now; repeated on {unit.base}"


def base_is_gone(reference: str) -> bool:
    """Whether ``REPOSITORY@sha256:…`` is certainly not in its registry any more."""

    async def ask() -> bool:
        base = parse_reference(reference)
        login = find_login(base.registry, environment=os.environ, warn=lambda _line: None)
        names = (login.username, login.secret) if login else ("", "")
        async with Registry(base.registry, *names) as registry:
            return await registry.resolve(base.name, base.digest) is None

    try:
        return anyio.run(ask)
    except PipelineError:
        return False
