"""What is known of a run so far: from it the run model is made, however the run ends."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dagger

from pipeline.catalog.mistakes import InvalidCatalogError
from pipeline.checks.lint import catalog_findings
from pipeline.errors import PipelineError
from pipeline.reporting.model import Base, Finding, Previous, Run, Stage, UnitRun, Verdict
from pipeline.stages.failures import last_clause, scrub
from pipeline.stages.hints import hint_for
from pipeline.stages.request import Opened, Request

_UNREAD = "fleet"  # the name in a summary where fleet.toml could not be read


@dataclass(kw_only=True)
class Account:
    """Filled while a run goes on; ``fleet`` is None until the catalog could be read."""

    request: Request
    function: str
    arguments: tuple[str, ...] = ()
    tag: str = ""
    commit: str = ""
    folder: str = ""
    fleet: Opened | None = None
    findings: tuple[Finding, ...] = ()
    units: tuple[UnitRun, ...] = ()
    names: tuple[str, ...] = ()
    bases: tuple[Base, ...] = ()
    previous: Previous | None = None
    stages: tuple[Stage, ...] = ()
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return round(time.monotonic() - self.began, 2)

    def stage(self, name: str, start: float) -> Stage:
        """A stage of the run that began ``start`` seconds after it and ends now."""
        return Stage(name=name, start=start, seconds=round(max(0.0, self.seconds - start), 2))

    @property
    def verdict(self) -> Verdict:
        """NB: what was skipped (no GPU) is not passed, but does not make a run fail either."""
        verdicts = {unit.verdict for unit in self.units}
        errors = any(finding.severity == "error" for finding in self.findings)
        if errors or verdicts & {Verdict.FAILED, Verdict.CANCELLED}:
            return Verdict.FAILED
        return Verdict.SKIPPED if verdicts == {Verdict.SKIPPED} else Verdict.PASSED

    def fail(self, error: PipelineError | dagger.QueryError) -> None:
        """Take in what ended the run, without secrets; what it had reached by then stays."""
        secrets = self.fleet.access.secrets if self.fleet else ()
        self.findings += tuple(
            each.model_copy(update={"message": scrub(each.message, secrets)})
            for each in error_findings(error)
        )

    def close(self) -> Run:
        """The run model."""
        fleet = self.fleet
        return Run(
            fleet=fleet.catalog.fleet.name if fleet else _UNREAD,
            function=self.function,
            arguments=self.arguments,
            flags=self.request.flags,
            jobs=self.request.jobs,
            folder=self.folder,
            registry=fleet.access.names.registry if fleet else "",
            started=self.started.isoformat(timespec="seconds"),
            seconds=self.seconds,
            verdict=self.verdict,
            tag=self.tag,
            commit=self.commit,
            findings=self.findings,
            bases=self.bases,
            units=self.units,
            stages=self.stages,
            names=self.names,
            previous=self.previous,
            remarks=_remarks(fleet) if fleet else (),
        )


def _remarks(fleet: Opened) -> tuple[str, ...]:
    """What is worth a line, each once, without secrets."""
    return tuple(scrub(remark, fleet.access.secrets) for remark in dict.fromkeys(fleet.remarks))


def error_findings(error: PipelineError | dagger.QueryError) -> tuple[Finding, ...]:
    """What ended a run, as findings; ``rule`` is its kind: catalog, usage, registry, release, engine."""
    if isinstance(error, InvalidCatalogError):
        return catalog_findings(error, error.where)
    if isinstance(error, dagger.QueryError):
        message = last_clause(str(error))
        return (Finding(rule="engine", severity="error", message=message, fix=hint_for(str(error))),)
    return (finding_of(error, rule=_kind(error)),)


def finding_of(error: PipelineError, *, rule: str) -> Finding:
    """An error as a finding under this name."""
    return Finding(
        rule=rule,
        severity="error",
        subject=error.where,
        message=error.what,
        consequence=error.consequence,
        fix=error.next_step,
    )


def _kind(error: PipelineError) -> str:
    """The name of the kind of error that has an exit code of its own (pipeline.errors)."""
    kinds = [each for each in type(error).__mro__ if PipelineError in each.__bases__]
    return (kinds[0] if kinds else type(error)).__name__.removesuffix("Error").lower()
