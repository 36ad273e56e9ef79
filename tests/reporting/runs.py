"""Runs as values, for the tests of the views."""

from pathlib import Path

from pipeline.reporting.model import (
    Before,
    Check,
    Failure,
    Finding,
    Previous,
    Run,
    ServiceBefore,
    ServiceRun,
    Stage,
    UnitRun,
    Verdict,
)

DIGEST = "sha256:" + "ab" * 32
BASE = "ghcr.io/example/family-torch-cu121@sha256:" + "cd" * 32

STT_FAILURE = Failure(
    subject="speech_pipeline",
    service="STTService",
    stage="smoke",
    what="exited with 3 after 0.12 s, before it was ready",
    command=("python3", "main_pc_code/services/stt service.py"),
    exit_code=3,
    seconds=0.42,
    log=("loading", "<script>alert('x')</script> model.bin is missing"),
    hint="put model.bin where the service looks for it",
    file="fleet.toml",
    line=71,
    reproduce=("image", "--name", "speech_pipeline", "--base", BASE, "smoke", "--service", "STTService"),
)

FAMILY = UnitRun(
    kind="family",
    name="family-torch-cu121",
    family="base-gpu-cu121",
    decision="reuse",
    because="sha256:0123456789ab",
    verdict=Verdict.REUSED,
    build_key="1" * 64,
    digest=DIGEST,
    reference=f"ghcr.io/example/family-torch-cu121@{DIGEST}",
    size=927_000_000,
    services=(ServiceRun(name="family-torch-cu121", verdict=Verdict.REUSED, test_key="2" * 64),),
)

SPEECH = UnitRun(
    kind="image",
    name="speech_pipeline",
    family="family-torch-cu121",
    decision="build",
    because="main_pc_code/x.py changed (+2 more)",
    verdict=Verdict.FAILED,
    build_key="3" * 64,
    stages=(
        Stage(name="build", start=0.0, seconds=21.24),
        Stage(name="smoke", start=21.24, seconds=3.5),
    ),
    services=(
        ServiceRun(
            name="TTSService",
            verdict=Verdict.PASSED,
            seconds=1.5,
            checks=(
                Check(name="health", verdict=Verdict.PASSED, seconds=1.25, detail="HTTP 200"),
                Check(name="unknown path", verdict=Verdict.SKIPPED, detail="note: HTTP 200, not 404"),
            ),
            log=("serving",),
        ),
        ServiceRun(
            name="STTService",
            verdict=Verdict.FAILED,
            seconds=0.42,
            checks=(Check(name="health", verdict=Verdict.FAILED, detail="no \x1b answer"),),
            log=STT_FAILURE.log,
            failure=STT_FAILURE,
        ),
    ),
)

VISION = UnitRun(
    kind="image",
    name="vision_suite",
    family="family-vision-cu121",
    decision="build",
    because="its base family-vision-cu121 failed",
    verdict=Verdict.CANCELLED,
)

MOC = UnitRun(
    kind="image",
    name="model_ops_coordinator",
    family="family-llm-cu121",
    decision="build",
    because="never built",
    verdict=Verdict.PASSED,
    digest=DIGEST,
    reference=f"ghcr.io/example/ai_system/model_ops_coordinator@{DIGEST}",
    size=2_400_000_000,
    stages=(
        Stage(name="build", start=0.0, seconds=230.0),
        Stage(name="candidate", start=231.0, seconds=2.0),
        Stage(name="evidence", start=233.0, seconds=0.25),
    ),
    built=230.0,
    services=(
        ServiceRun(
            name="ModelOpsCoordinator",
            verdict=Verdict.PASSED,
            seconds=1.0,
            checks=(Check(name="health", verdict=Verdict.PASSED, seconds=0.65, detail="HTTP 200"),),
        ),
    ),
)

PORT_FINDING = Finding(
    rule="port-exposed",
    severity="warning",
    file="main_pc_code/Dockerfile.speech_pipeline",
    line=12,
    subject="speech_pipeline",
    message="port 5800 is not EXPOSEd",
    consequence="people who read the image do not see it",
    fix="add EXPOSE 5800",
)

COPY_FINDING = Finding(
    rule="copy-source",
    severity="error",
    file="vision suite/Dockerfile",
    line=3,
    subject="vision_suite",
    message="COPY source no-such-file.txt is not in the context",
    consequence="the build ends at this line",
    fix="add the file, or correct the path",
)

# What a run whose lint found an error, and then one whose registry refused, leave.
UNLINTED = Run(
    fleet="mainpc",
    function="run",
    arguments=("--candidates", "--shard", "1/2"),
    flags=("--organisation", "example"),
    registry="ghcr.io",
    verdict=Verdict.FAILED,
    findings=(COPY_FINDING, PORT_FINDING),
)
REFUSED = UNLINTED.model_copy(
    update={
        "findings": (
            Finding(
                rule="registry",
                severity="error",
                subject="ghcr.io/example/family-torch-cu121",
                message="the registry refuses: denied",
                consequence="nothing that stands on it can be planned or built",
                fix="give --username and --token (scope read:packages)",
            ),
        )
    }
)

RED = Run(
    fleet="mainpc",
    function="build-all",
    arguments=("--candidates",),
    registry="ghcr.io",
    started="2025-08-10T12:00:00+00:00",
    seconds=241.4,
    commit="9c99cc9" + "0" * 33,
    folder="fleet",
    previous=Previous(
        tag="20250809-1111111",
        units=(
            Before(name="family-torch-cu121", digest=DIGEST, size=927_000_000),
            Before(
                name="model_ops_coordinator",
                digest="sha256:" + "ef" * 32,
                size=2_100_000_000,
                built=118.0,
                tests=(ServiceBefore(name="ModelOpsCoordinator", ready=0.4, seconds=0.75),),
            ),
            Before(name="retired_suite", digest=DIGEST),
        ),
    ),
    verdict=Verdict.FAILED,
    findings=(PORT_FINDING,),
    units=(FAMILY, SPEECH, VISION, MOC),
    remarks=("ghcr.io: 429, tried again after 2 s",),
)

GREEN = Run(
    fleet="mainpc",
    function="release",
    registry="ghcr.io",
    seconds=4.2,
    verdict=Verdict.PASSED,
    units=(FAMILY,),
    names=(f"ghcr.io/example/family-torch-cu121:20250810-9c99cc9@{DIGEST}",),
)


def golden(name: str) -> str:
    """A view as it was looked at and found good."""
    return (Path(__file__).parent / "golden" / name).read_text()
