"""The summary that a person reads: table, totals, then failure blocks, the reproduction line last of all."""

import shlex
from collections.abc import Sequence
from itertools import groupby

from pipeline.reporting import words
from pipeline.reporting.changes import show_changes
from pipeline.reporting.colour import Paint, plain
from pipeline.reporting.model import Failure, Finding, Run, UnitRun

_HEAD = ("UNIT", "ON", "DECISION", "BUILD", "SMOKE", "PUSH", "SIZE", "TESTS", "DIGEST", "VERDICT")
_NUMBERS = (3, 4, 5, 6, 7)
_LONGEST = 48  # characters of a decision that are shown


def show_summary(run: Run, *, earlier: Sequence[Run] = (), paint: Paint = plain) -> str:
    """The summary as text that ends with a line break.

    ``earlier`` are runs to compare with, the last of them counts; ``paint`` colours words.
    """
    where = f" on {run.registry}" if run.registry else ""
    parts = [
        f"{run.fleet}: {run.function}{where}: {paint(run.verdict, run.verdict)}",
        _table(run.units, paint),
        words.totals(run) if run.units else "",
        show_findings(words.remarks(run)),
        "\n".join(f"note: {remark}" for remark in run.remarks),
        "\n".join(["names given:", *(f"  {name}" for name in run.names)]) if run.names else "",
        *show_changes(run, earlier),
        *(show_failure(failure, paint) for failure in words.failures(run)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def show_findings(findings: Sequence[Finding]) -> str:
    """Place, severity, message; consequence and fix below, once for successive findings that share them."""
    alike = groupby(findings, key=lambda each: (each.rule, each.consequence, each.fix))
    return "\n".join(_together(tuple(group)) for _, group in alike)


def _together(findings: Sequence[Finding]) -> str:
    heads = [f"{each.severity}: {each.message} [{each.rule}]" for each in findings]
    places = [words.finding_place(each) for each in findings]
    lines = [f"{place}: {head}" if place else head for place, head in zip(places, heads, strict=True)]
    rest = [("so", findings[0].consequence), ("fix", findings[0].fix)]
    return "\n".join([*lines, *(f"  {label}: {text}" for label, text in rest if text)])


def show_failure(failure: Failure, paint: Paint = plain) -> str:
    """A failure block; its last line is the one that reproduces it."""
    head = paint(f"FAILED {words.title(failure)}", "failed")
    lines = [head, *(f"  {line}" for line in failure.what.splitlines())]
    if failure.file:
        lines.append(f"  at: {words.place(failure)}")
    if failure.consequence:
        lines.append(f"  so: {failure.consequence}")
    if failure.command:
        lines.append(f"  command: {shlex.join(failure.command)}")
    if failure.exit_code is not None:
        lines.append(f"  exit code: {failure.exit_code}")
    lines += [f"  | {line}".rstrip() for line in failure.log]
    if failure.hint:
        lines.append(f"  hint: {paint(failure.hint, 'hint')}")
    if line := words.reproduction(failure):
        lines.append(f"  reproduce: {paint(line, 'reproduce')}")
    return "\n".join(lines)


def _table(units: Sequence[UnitRun], paint: Paint) -> str:
    if not units:
        return ""
    head, *rows = _aligned([_HEAD, *(_row(unit) for unit in units)])
    # NB: the verdict is the last word of its row, so that its colour moves no column.
    shown = [
        row.removesuffix(unit.verdict) + paint(unit.verdict, unit.verdict)
        for row, unit in zip(rows, units, strict=True)
    ]
    return "\n".join([paint(head, "head"), *shown])


def _row(unit: UnitRun) -> Sequence[str]:
    decision = words.decision(unit)
    return (
        unit.name,
        unit.family,
        decision if len(decision) <= _LONGEST else f"{decision[: _LONGEST - 1]}…",
        words.stage_time(unit, "build", "fetch"),
        words.stage_time(unit, "smoke"),
        words.stage_time(unit, "candidate", "evidence"),
        words.size(unit.size),
        words.service_count(unit),
        words.short_digest(unit.digest),
        str(unit.verdict),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(_cells(row, widths)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
