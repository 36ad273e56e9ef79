"""How figures and verdicts of a run are put into words: the same in every view."""

import html
import json
import re
import shlex
from collections import Counter
from collections.abc import Sequence

from pipeline.reporting.model import Failure, Finding, Run, ServiceRun, Stage, UnitRun, Verdict

FIRST_WORDS = ("dagger", "call")


def duration(seconds: float) -> str:
    """``0.4 s``, ``71 s``, ``3 min 20 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def moment(iso: str) -> str:
    """``2026-11-25 20:50:59 UTC`` for a time as the run model has it."""
    return iso.replace("T", " ").replace("+00:00", " UTC")


def size(number: int) -> str:
    """``-`` for an unknown size, else decimal units as registries show them."""
    if number <= 0:
        return "-"
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= factor:
            value = number / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{number} B"


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines whose cells stand below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def stage_time(unit: UnitRun, *names: str) -> str:
    """How long stages of a unit took together; ``-`` where none ran."""
    found: list[Stage] = [stage for stage in unit.stages if stage.name in names]
    return duration(sum(stage.seconds for stage in found)) if found else "-"


def short_digest(digest: str) -> str:
    """``sha256:`` and 12 digits, ``-`` for none."""
    return digest[:19] or "-"


def service_count(unit: UnitRun) -> str:
    """``8/8`` smoke tests that passed, now or earlier."""
    if not unit.services:
        return "-"
    good = sum(service.verdict in (Verdict.PASSED, Verdict.REUSED) for service in unit.services)
    return f"{good}/{len(unit.services)}"


def decision(unit: UnitRun) -> str:
    """``build: main_pc_code/x.py changed``."""
    return f"{unit.decision}: {unit.because}"


def failures(run: Run) -> tuple[Failure, ...]:
    """Every failure block of a run: of the run itself, then in the order of its units."""
    found = [_block(run, finding) for finding in run.findings if finding.severity == "error"]
    return (*found, *failures_of(run.units))


def failures_of(units: Sequence[UnitRun]) -> tuple[Failure, ...]:
    """The failure blocks of units, in their order."""
    blocks = [block for unit in units for block in (unit.failure, *(each.failure for each in unit.services))]
    return tuple(block for block in blocks if block)


_STAGES = {
    "catalog": "catalog",
    "registry": "lookup",
    "engine": "engine",
    "usage": "command line",
    "release": "release",
}


def stage_of(finding: Finding) -> str:
    """Which stage a finding is of: ``lint`` unless it is what ended a run."""
    return _STAGES.get(finding.rule, "lint")


def _block(run: Run, finding: Finding) -> Failure:
    """An error among the findings as a failure block: what ended a run, or lint's."""
    stage = stage_of(finding)
    place = f"{finding.subject}: " if stage != "lint" and finding.subject else ""
    rule = f" [{finding.rule}]" if stage == "lint" else ""
    line = (*run.flags, *_function(run, stage))
    is_flag = finding.subject.startswith("--")
    return Failure(
        subject=finding.subject if stage == "lint" and finding.subject else run.fleet,
        stage=stage,
        what=f"{place}{finding.message}{rule}",
        consequence=finding.consequence,
        file=finding.file,
        line=finding.line,
        hint=finding.fix,
        reproduce=() if is_flag and finding.subject not in line else line,  # a flag that is not recorded
    )


def _function(run: Run, stage: str) -> tuple[str, ...]:
    """What asks the same question again, at the least expense."""
    if stage in ("catalog", "lint"):
        return ("lint",)
    if run.tag:
        return ("release", "--tag", run.tag, "--commit", run.commit)
    if stage == "lookup" and not run.units:
        return ("plan", *_with(run, "--only"))
    # NB: `run` is never red by itself, and the line is to be; build-all knows no shards.
    shard = _with(run, "--shard")
    return ("build-all", *(word for word in run.arguments if word not in shard))


def _with(run: Run, flag: str) -> tuple[str, ...]:
    """A flag and its value, where it was given."""
    at = run.arguments.index(flag) if flag in run.arguments else len(run.arguments)
    return run.arguments[at : at + 2]


def title(failure: Failure) -> str:
    """``speech_pipeline / STTService: smoke failed after 1.2 s``, and of several platforms for which."""
    subject = f"{failure.subject} / {failure.service}" if _has_service(failure) else failure.subject
    after = f" after {duration(failure.seconds)}" if failure.seconds else ""
    of_platform = f" for {failure.platform}" if failure.platform else ""
    return f"{subject}: {failure.stage}{of_platform} failed{after}"


def _has_service(failure: Failure) -> bool:
    return bool(failure.service) and failure.service != failure.subject


def reproduction(failure: Failure) -> str:
    """The line that repeats a failure."""
    return shlex.join([*FIRST_WORDS, *failure.reproduce]) if failure.reproduce else ""


# As the views write it (in SARIF after an escaped line break): never a log's line, with a mark before it.
_REPRODUCE = re.compile(
    r"((?:^ *|%0A|\\n|  )[Rr]eproduce: +|^```sh\n"
    r'|aria-label="line that reproduces [^"<>]*"><code>)dagger call\b',
    re.MULTILINE,
)


def with_command(text: str, command: str) -> str:
    """A view whose reproduction lines name the command that ran: the module writes them for `dagger call`."""
    is_xml = text.startswith("<?xml")
    return _REPRODUCE.sub(lambda found: found[1] + _written(command, found[1], is_xml=is_xml), text)


def _written(command: str, before: str, *, is_xml: bool) -> str:
    """The command as the view writes text in which ``before`` stands before it."""
    if is_xml or before.endswith("<code>"):
        return html.escape(command, quote=False)
    if before.startswith("\\n"):
        return json.dumps(command)[1:-1]
    return command.replace("%", "%25") if before.startswith("%0A") else command


def totals(run: Run) -> str:
    """``4 families, 8 images: 3 built, 9 reused; 20 smoke tests: 20 passed; 4 library tests: …; 71 s``."""
    words = {"build": "built", "reuse": "reused"}
    units = Counter(
        str(unit.verdict)
        if unit.verdict in (Verdict.FAILED, Verdict.CANCELLED)
        else words.get(unit.decision, unit.decision)
        for unit in run.units
    )
    kinds = Counter(unit.kind for unit in run.units)
    nouns = (("family", "families"), ("image", "images"))
    heads = [counted(kinds[one], one, many) for one, many in nouns if kinds[one]]
    parts = [f"{', '.join(heads)}: {_listed(units)}"] if heads else []
    for noun in ("smoke test", "suite test", "library test"):
        tests = Counter(
            str(service.verdict)
            for unit in run.units
            for service in unit.services
            if test_noun(unit, service) == noun
        )
        if tests:
            parts.append(f"{counted(tests.total(), noun, f'{noun}s')}: {_listed(tests)}")
    return "; ".join([*parts, duration(run.seconds)])


def test_noun(unit: UnitRun, service: ServiceRun) -> str:
    """What one of a unit's tests is called: NB: that of a suite has the image's name, beside its services."""
    if unit.kind == "family":
        return "library test"
    return "suite test" if service.name == unit.name and len(unit.services) > 1 else "smoke test"


def counted(number: int, one: str, many: str) -> str:
    """``1 image``, ``8 images``."""
    return f"{number} {one if number == 1 else many}"


def _listed(parts: Counter[str]) -> str:
    order = ("built", "passed", "reused", "skipped", "cancelled", "failed")
    return ", ".join(f"{parts[word]} {word}" for word in order if parts[word])


def finding_place(finding: Finding) -> str:
    """``file:line``, or what it is about."""
    return place(finding) or finding.subject


def place(told: Finding | Failure) -> str:
    """``file:line``, ``file``, or nothing."""
    return f"{told.file}:{told.line}" if told.file and told.line else told.file


def remarks(run: Run) -> tuple[Finding, ...]:
    """The findings that are no failure: each of those has a block."""
    return tuple(finding for finding in run.findings if finding.severity != "error")
