"""The run model: plain data about one run, from which alone every view is made."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MODEL_VERSION = 1


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
    seconds: float = 0.0
    test_key: str = ""
    checks: tuple[Check, ...] = ()
    log: tuple[str, ...] = ()
    failure: Failure | None = None


class Stage(Plain):
    """When a stage of one unit ran, in seconds since the run began."""

    name: str = Field(description="wait, build, smoke, candidate")
    start: float
    seconds: float


class UnitRun(Plain):
    """What became of one family or image."""

    kind: str = Field(description="family or image")
    name: str
    family: str = Field(
        default="", description="what it stands on; the root image's name for the first family"
    )
    base: str = Field(default="", description="what exactly it stands on, REPOSITORY@sha256:…")
    dockerfile: str = Field(default="", description="relative to the fleet's root")
    decision: str = Field(description="build or reuse")
    because: str
    verdict: Verdict
    build_key: str = ""
    digest: str = ""
    reference: str = Field(
        default="", description="where the candidate is, REPOSITORY@sha256:…; empty when not pushed"
    )
    size: int = Field(default=0, description="bytes of the compressed layers, 0 when unknown")
    stages: tuple[Stage, ...] = ()
    services: tuple[ServiceRun, ...] = ()
    failure: Failure | None = Field(default=None, description="of build or candidate; a service has its own")


class Before(Plain):
    """One family or image of an earlier release. ``size`` as of a unit, 0 where it is not known."""

    name: str
    digest: str
    size: int = 0


class Previous(Plain):
    """The release that is deployed on canary, when a run ends: what the run's images are compared with."""

    tag: str
    units: tuple[Before, ...] = ()


class Run(Plain):
    """One run of the graph."""

    version: int = MODEL_VERSION
    fleet: str
    function: str = Field(description="build-all, run or release")
    arguments: tuple[str, ...] = Field(default=(), description="flags of the function, as typed")
    flags: tuple[str, ...] = Field(
        default=(), description="flags of the module that repeat the run elsewhere; never a secret"
    )
    folder: str = Field(default="", description="the fleet's root within its repository; empty: not told")
    registry: str = ""
    started: str = Field(default="", description="UTC, ISO 8601")
    seconds: float = 0.0
    verdict: Verdict
    tag: str = ""
    commit: str = ""
    findings: tuple[Finding, ...] = ()
    units: tuple[UnitRun, ...] = ()
    names: tuple[str, ...] = Field(default=(), description="names given by a release, REFERENCE@DIGEST")
    previous: Previous | None = None
    remarks: tuple[str, ...] = Field(default=(), description="retries and other things worth a line")
