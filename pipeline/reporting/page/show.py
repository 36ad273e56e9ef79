"""Puts the page together: figures from the run, looks and behaviour from the files beside the template."""

import base64
import contextlib
import hashlib
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from pipeline.reporting import words
from pipeline.reporting.changes import find_changes
from pipeline.reporting.model import MODEL_VERSION, Run, UnitRun, Verdict
from pipeline.reporting.page.fleet_graph import BOX_HEIGHT, lay_out
from pipeline.reporting.page.sizes import weigh
from pipeline.reporting.page.timeline import draw
from pipeline.reporting.page.verdicts import find_turns, trend
from pipeline.reporting.times import show_times

_HERE = Path(__file__).parent / "templates"
_ORDER = ("failed", "cancelled", "skipped", "passed", "reused")
_SIGNS = {"passed": "✓", "failed": "✕", "skipped": "\N{EN DASH}", "reused": "↻", "cancelled": "⊘", "": "•"}


def show_page(run: Run, earlier: Sequence[Run] = ()) -> str:
    """One HTML document. It compares with the last of ``earlier``, and shows the trend over all of them."""
    style, script = _asset("page.css"), _asset("page.js")
    anchors = {unit.name: f"unit-{number}" for number, unit in enumerate(run.units)}
    return _template().render(
        run=run,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        anchors=anchors,
        summary=_summary(run),
        failures=words.failures(run),
        failure_anchors=_failure_anchors(run),
        graph=lay_out(run, anchors),
        timeline=draw(run, anchors),
        sizes=weigh(run, anchors),
        changes=find_changes(run, earlier),
        turns=find_turns(run, earlier[-1]) if earlier else (),
        trend=trend([*earlier, run]),
        model_version=MODEL_VERSION,
    )


def _failure_anchors(run: Run) -> Mapping[str, str]:
    """Ids of failure blocks, by unit or ``unit/service``."""
    blocks = enumerate(words.failures(run))
    return {
        f"{block.subject}/{block.service}" if block.service else block.subject: f"failure-{number}"
        for number, block in blocks
    }


def _summary(run: Run) -> Mapping[str, Any]:
    """Counts by verdict, the worst first."""
    tests = Counter(str(service.verdict) for unit in run.units for service in unit.services)
    units = Counter(_became(unit) for unit in run.units)
    return {
        "tests": [(verdict, tests[verdict]) for verdict in _ORDER if tests[verdict]],
        "units": [(word, units[word]) for word in ("failed", "cancelled", "built", "reused") if units[word]],
        "headline": _headline(run, units, tests),
        "kinds": sorted({unit.kind for unit in run.units}),
    }


def _became(unit: UnitRun) -> str:
    if unit.verdict in (Verdict.FAILED, Verdict.CANCELLED):
        return str(unit.verdict)
    return {"build": "built", "reuse": "reused"}.get(unit.decision, unit.decision)


def _headline(run: Run, units: Counter[str], tests: Counter[str]) -> str:
    """The run in one short sentence."""
    total = len(run.units)
    if run.verdict is Verdict.FAILED:
        if not total:
            return "Stopped before anything was built"
        bad = units["failed"] + units["cancelled"]
        return f"{bad} of {total} units did not pass" if bad else "All units passed, the run did not"
    if run.verdict is Verdict.SKIPPED:
        return "Nothing could be tested here"
    if run.names:
        return f"Released as {run.tag}" if run.tag else f"Released {len(run.names)} names"
    if total and units["reused"] == total and set(tests) <= {"reused"}:
        return "Nothing changed: everything was reused"
    skipped = f", {tests['skipped']} tests skipped" if tests["skipped"] else ""
    return f"All {total} units passed{skipped}" if total else "Nothing to do"


def _policy(style: str, script: str) -> str:
    """Content security policy: nothing is fetched, only our own style and script are obeyed.

    Hashes as in https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


class BesideTheTemplates(FileSystemBytecodeCache):
    """Compiled templates, kept as Python keeps modules: where it may write, and else not."""

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        bytecode_cache=BesideTheTemplates(str(_HERE / "__pycache__")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "duration": words.duration,
        "moment": words.moment,
        "size": words.size,
        "difference": _difference,
        "times": show_times,
        "sign": lambda verdict: _SIGNS.get(str(verdict), "•"),
        "digest": words.short_digest,
        "reproduction": words.reproduction,
        "title": words.title,
        "line": shlex.join,
        "decision": words.decision,
        "stage_time": words.stage_time,
        "service_count": words.service_count,
        "place": words.finding_place,
        "tick": _tick,
    }
    environment.globals |= {"BOX": BOX_HEIGHT, "totals": words.totals}
    return environment.get_template("page.html.j2")


def _tick(seconds: float) -> str:
    """A round time on an axis: ``0``, ``0.5 s``, ``15 s``, ``2 min``."""
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:g} min"
    return f"{seconds:g} s" if seconds else "0"


def _difference(before: float, now: float) -> str:
    """``+12 MB`` or the same with a minus sign; empty where one of them is unknown or both are the same."""
    if not before or not now or before == now:
        return ""
    sign = "+" if now > before else "\N{MINUS SIGN}"
    return f"{sign}{words.size(int(abs(now - before)))}"
