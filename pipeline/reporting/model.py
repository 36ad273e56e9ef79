"""The run model: plain data about one run, from which alone every view is made."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MODEL_VERSION = 4
"""Raised with every change of a shape below: a field more is refused by readers that do not know it.

2: waits, layers, bases, the release before, jobs, what a release was asked for.
3: how long what was reused took when it was made, and what the release before consists of.
4: platforms.
"""


class Verdict(StrEnum):
    """How something ended. ``skipped`` is neither passed nor failed (no GPU, a foreign platform)."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    REUSED = "reused"
    CANCELLED = "cancelled"


class Plain(BaseModel):
    """Base of the run model: immutable, closed, compared by value."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SEVERITIES = ("error", "warning", "note")
"""Of findings, the gravest first."""


class Finding(Plain):
    """One thing that lint, preflight or a smoke test found."""

    rule: str
    severity: str = Field(description="error, warning or note")
    file: str = ""
    line: int = 0
    subject: str = Field(default="", description="the image, family or service it is about")
    message: str
    consequence: str = ""
    fix: str = ""


class Check(Plain):
    """One question that a smoke test asked of a running container."""

    name: str
    verdict: Verdict
    seconds: float = 0.0
    detail: str = ""


class Failure(Plain):
    """A failure block: everything a person needs to understand and repeat one failure."""

    subject: str = Field(description="name of the image or family")
    service: str = ""
    platform: str = Field(default="", description="the one of several for which it failed")
    stage: str = Field(description="catalog, lint, lookup, build, smoke, candidate or release")
    what: str
    consequence: str = ""
    file: str = Field(default="", description="Dockerfile or catalog, relative to the fleet's root")
    line: int = Field(default=0, description="of that file, from 1; 0 where no line is to blame")
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    seconds: float = 0.0
    log: tuple[str, ...] = Field(default=(), description="last lines, secrets scrubbed")
    hint: str = ""
    reproduce: tuple[str, ...] = Field(
        default=(), description="argument vector without its first words (`dagger call`)"
    )


class ServiceRun(Plain):
    """The smoke test of one service, or of an image's default command."""

    name: str
    verdict: Verdict
    because: str = Field(default="", description="why it was run or reused")
    start: float = Field(default=0.0, description="seconds since the run began, 0 where it was not run")
    queued: float = Field(default=0.0, description="seconds before that in which --jobs held it")
    seconds: float = 0.0
    took: float = Field(
        default=0.0, description="where it was reused: seconds that it took when it was run, by its evidence"
    )
    test_key: str = ""
    checks: tuple[Check, ...] = Field(default=(), description="where it was reused: those of the evidence")
    log: tuple[str, ...] = ()
    failure: Failure | None = None


class Stage(Plain):
    """When a stage of one unit, or of the whole run, took place."""

    name: str = Field(
        description="of a unit: wait (for its base), queue (for a place among --jobs), build, fetch, smoke, "
        "candidate, evidence; of a run: plan, release"
    )
    start: float = Field(description="seconds since the run began")
    seconds: float


class Layer(Plain):
    """One compressed layer of an image; what an image shares with its base are the base's first layers."""

    digest: str
    size: int = Field(description="bytes")


class Base(Plain):
    """A base that was not built: the root image, or a family given by tag or digest."""

    name: str
    reference: str = Field(description="REPOSITORY@sha256:…")
    layers: tuple[Layer, ...] = Field(default=(), description="empty when unknown")


class UnitRun(Plain):
    """What became of one family or image."""

    kind: str = Field(description="family or image")
    name: str
    family: str = Field(
        default="", description="what it stands on; the root image's name for the first family"
    )
    base: str = Field(default="", description="what exactly it stands on, REPOSITORY@sha256:…")
    dockerfile: str = Field(default="", description="relative to the fleet's root")
    platforms: tuple[str, ...] = Field(
        default=(), description="what it is for, where that is several: then it is an index"
    )
    decision: str = Field(description="build or reuse")
    because: str
    verdict: Verdict
    build_key: str = ""
    digest: str = ""
    reference: str = Field(
        default="", description="where the candidate is, REPOSITORY@sha256:…; empty when not pushed"
    )
    size: int = Field(
        default=0,
        description="bytes of the compressed layers, for the platform that is tested; 0 when unknown",
    )
    layers: tuple[Layer, ...] = Field(default=(), description="lowest first, empty when unknown")
    built: float = Field(
        default=0.0,
        description="seconds of its build: now, or where it was reused then, by its evidence; 0 when unknown",
    )
    stages: tuple[Stage, ...] = ()
    services: tuple[ServiceRun, ...] = ()
    failure: Failure | None = Field(default=None, description="of build or candidate; a service has its own")


class ServiceBefore(Plain):
    """A smoke test of an earlier release, by its evidence; ``ready`` is 0 where nothing had to get ready."""

    name: str
    ready: float = Field(default=0.0, description="seconds until the service was ready")
    seconds: float = 0.0


class Before(Plain):
    """One family or image of an earlier release. ``size`` as of a unit, 0 where it is not known."""

    name: str
    digest: str
    size: int = 0
    built: float = Field(default=0.0, description="seconds of its build, 0 when unknown")
    tests: tuple[ServiceBefore, ...] = Field(default=(), description="only where it is not as in the run")


class Previous(Plain):
    """The release that is deployed on canary, when a run ends: what the run's images are compared with."""

    tag: str
    units: tuple[Before, ...] = ()


class Run(Plain):
    """One run of the graph."""

    version: int = MODEL_VERSION
    fleet: str
    function: str = Field(description="build-all, run, release, image or family")
    arguments: tuple[str, ...] = Field(default=(), description="flags of the function, as typed")
    flags: tuple[str, ...] = Field(
        default=(), description="flags of the module that repeat the run elsewhere; never a secret"
    )
    folder: str = Field(default="", description="the fleet's root within its repository; empty: not told")
    jobs: int = Field(default=0, description="builds at a time at most; 0 when unknown")
    registry: str = ""
    started: str = Field(default="", description="UTC, ISO 8601")
    seconds: float = 0.0
    verdict: Verdict
    tag: str = ""
    commit: str = ""
    findings: tuple[Finding, ...] = ()
    bases: tuple[Base, ...] = ()
    units: tuple[UnitRun, ...] = Field(default=(), description="in build order: bases first")
    stages: tuple[Stage, ...] = Field(default=(), description="of the run as a whole")
    names: tuple[str, ...] = Field(default=(), description="names given by a release, REFERENCE@DIGEST")
    previous: Previous | None = None
    remarks: tuple[str, ...] = Field(default=(), description="retries and other things worth a line")
