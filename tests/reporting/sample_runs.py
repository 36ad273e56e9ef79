"""Whole runs as values: the reference fleet green and red, and a fleet of any number of services.

The times are those of a made-up schedule, so that units wait for their bases and for places as in a real run.
"""

import hashlib
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs import PORT_FINDING

from pipeline.reporting.model import (
    Base,
    Before,
    Check,
    Failure,
    Layer,
    Previous,
    Run,
    ServiceBefore,
    ServiceRun,
    Stage,
    UnitRun,
    Verdict,
)

REGISTRY = "ghcr.io/example"
ROOT = "root-cu121"
FAMILIES = {
    "base-gpu-cu121": ROOT,
    "family-torch-cu121": "base-gpu-cu121",
    "family-llm-cu121": "family-torch-cu121",
    "family-vision-cu121": "family-torch-cu121",
}
IMAGES = {
    "model_ops_coordinator": ("family-llm-cu121", ("ModelOpsCoordinator",)),
    "affective_processing_center": ("family-torch-cu121", ("AffectiveProcessingCenter",)),
    "real_time_audio_pipeline": ("family-torch-cu121", ("RealTimeAudioPipeline",)),
    "reasoning_suite": (
        "family-llm-cu121",
        (
            "ChainOfThoughtAgent",
            "CognitiveModelAgent",
            "LearningOpportunityDetector",
            "LearningManager",
            "DynamicIdentityAgent",
            "ProactiveAgent",
        ),
    ),
    "speech_pipeline": (
        "family-torch-cu121",
        (
            "STTService",
            "TTSService",
            "StreamingSpeechRecognition",
            "StreamingTTSAgent",
            "Responder",
            "EmpathyAgent",
            "EmotionSynthesisAgent",
            "TinyLlamaServiceEnhanced",
        ),
    ),
    "vision_suite": ("family-vision-cu121", ("FaceRecognitionAgent",)),
    "coordination": ("family-llm-cu121", ("coordination",)),
    "emotion_system": ("family-torch-cu121", ("emotion_system",)),
}
SECONDS = {"base-gpu-cu121": 16.1, "family-torch-cu121": 31.2, "family-llm-cu121": 11.0}
HOSTILE = "<script>document.title = 'taken over'</script><img src=x onerror=alert(1)>"


def hexes(text: str) -> str:
    """64 hex digits that depend on the text."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Made:
    """A unit of a made-up fleet."""

    kind: str
    name: str
    family: str
    services: tuple[str, ...]
    build: float


def green_run(*, started: str = "2026-11-25T09:12:04+00:00") -> Run:
    """The reference fleet, built from nothing."""
    return _run(_reference(), failing={}, started=started)


def red_run(*, started: str = "2026-11-25T10:40:31+00:00") -> Run:
    """The reference fleet with a service that exits, a family that cannot be built, and a finding."""
    return _run(
        _reference(),
        failing={
            "TTSService": "exited with 1 after 0.20 s, before it was ready",
            "family-vision-cu121": 'process "/bin/sh -c pip install torchvision==0.19.9" ended with 1',
        },
        started=started,
    )


def reused_run(*, started: str = "2026-11-25T11:02:00+00:00") -> Run:
    """The reference fleet when nothing has changed."""
    green = green_run(started=started)
    units = tuple(
        unit.model_copy(
            update={
                "decision": "reuse",
                "because": unit.digest[:19],
                "verdict": Verdict.REUSED,
                "stages": (),
                "services": tuple(
                    service.model_copy(update={"verdict": Verdict.REUSED, "seconds": 0.0, "log": ()})
                    for service in unit.services
                ),
            }
        )
        for unit in green.units
    )
    return green.model_copy(update={"units": units, "seconds": 0.34, "previous": None})


def large_run(services: int = 200, *, log_lines: int = 0, failing: Sequence[str] = ("Service007",)) -> Run:
    """A fleet of so many services, five to an image, on the reference fleet's families."""
    families = [_family(name, base) for name, base in FAMILIES.items()]
    names = list(FAMILIES)[1:]
    images = [
        Made(
            kind="image",
            name=f"suite_{number:02}",
            family=names[number % len(names)],
            services=tuple(f"Service{each:03}" for each in range(number * 5, min(number * 5 + 5, services))),
            build=1.0 + number % 7,
        )
        for number in range(-(-services // 5))
    ]
    failures = dict.fromkeys(failing, "no answer on port 8080 within 40 s")
    return _run([*families, *images], failing=failures, started="2026-11-25T12:00:00+00:00", lines=log_lines)


def _reference() -> list[Made]:
    images = [
        Made(kind="image", name=name, family=family, services=services, build=0.4 + len(services) / 8)
        for name, (family, services) in IMAGES.items()
    ]
    return [*(_family(name, base) for name, base in FAMILIES.items()), *images]


def _family(name: str, base: str) -> Made:
    return Made(kind="family", name=name, family=base, services=(name,), build=SECONDS.get(name, 58.3))


def _run(made: Sequence[Made], *, failing: Mapping[str, str], started: str, lines: int = 3) -> Run:
    units: dict[str, UnitRun] = {}
    places = [2.1] * 8
    layers: dict[str, tuple[Layer, ...]] = {ROOT: (Layer(digest=f"sha256:{hexes('root')}", size=78_400_000),)}
    for each in sorted(made, key=lambda one: _depth(one.family)):
        parent = units.get(each.family)
        if parent and parent.verdict in (Verdict.FAILED, Verdict.CANCELLED):
            units[each.name] = _cancelled(each, parent)
            continue
        ready = _end(parent) if parent else 2.1
        place = heapq.heappop(places)
        unit = _unit(each, ready=ready, begin=max(ready, place), failing=failing, lines=lines)
        layers[each.name] = (*layers[each.family], *_own_layers(each))
        if unit.digest:
            size = sum(layer.size for layer in layers[each.name])
            unit = unit.model_copy(update={"layers": layers[each.name], "size": size})
        heapq.heappush(places, next(s.start + s.seconds for s in unit.stages if s.name == "build"))
        units[each.name] = unit
    ordered = tuple(units[each.name] for each in made)
    end = max(_end(unit) for unit in ordered)
    red = any(unit.verdict in (Verdict.FAILED, Verdict.CANCELLED) for unit in ordered)
    return Run(
        fleet="mainpc",
        function="run",
        arguments=("--candidates",),
        flags=("--registry", "ghcr.io"),
        jobs=8,
        registry="ghcr.io",
        started=started,
        seconds=round(end + 0.4, 2),
        verdict=Verdict.FAILED if red else Verdict.PASSED,
        commit=hexes("commit")[:40],
        findings=(PORT_FINDING,),
        bases=(Base(name=ROOT, reference=f"{REGISTRY}/{ROOT}@sha256:{hexes('r')}", layers=layers[ROOT]),),
        units=ordered,
        stages=(Stage(name="plan", start=0.0, seconds=2.1),),
        previous=Previous(
            tag="20261120-9c99cc9",
            units=tuple(
                Before(
                    name=unit.name,
                    digest=f"sha256:{hexes(unit.name + '1')}",
                    size=unit.size - 1_200_000,
                    built=round(unit.built * 0.8, 2),
                    tests=tuple(
                        ServiceBefore(name=each.name, ready=0.31, seconds=round(each.seconds * 0.9, 2))
                        for each in unit.services
                    ),
                )
                for unit in ordered
                if unit.size
            )[:6],
        ),
        remarks=("ghcr.io: 429, tried again after 2 s",),
    )


def _depth(family: str) -> int:
    return 1 + _depth(FAMILIES[family]) if family in FAMILIES else 0


def _end(unit: UnitRun | None) -> float:
    return max((stage.start + stage.seconds for stage in unit.stages), default=0.0) if unit else 0.0


def _own_layers(each: Made) -> tuple[Layer, ...]:
    sizes = (46_600_000, 1_300_000) if each.kind == "family" else (1_900_000, 24_000, 9_100)
    factor = 7 if each.name == "family-torch-cu121" else 1
    return tuple(
        Layer(digest=f"sha256:{hexes(f'{each.name}{number}')}", size=size * factor)
        for number, size in enumerate(sizes)
    )


def _cancelled(each: Made, parent: UnitRun) -> UnitRun:
    how = "failed" if parent.verdict is Verdict.FAILED else "was cancelled"
    return UnitRun(
        kind=each.kind,
        name=each.name,
        family=each.family,
        decision="build",
        because=f"its base {parent.name} {how}",
        verdict=Verdict.CANCELLED,
        build_key=hexes(f"key {each.name}"),
        stages=(Stage(name="wait", start=2.1, seconds=round(_end(parent) - 2.1, 2)),),
    )


def _unit(each: Made, *, ready: float, begin: float, failing: Mapping[str, str], lines: int) -> UnitRun:
    base = f"{REGISTRY}/{each.family}@sha256:{hexes(each.family)}"
    stages = [
        *((Stage(name="wait", start=2.1, seconds=round(ready - 2.1, 2)),) if ready > 2.1 else ()),
        *((Stage(name="queue", start=ready, seconds=round(begin - ready, 2)),) if begin > ready else ()),
        Stage(name="build", start=round(begin, 2), seconds=each.build),
    ]
    common: dict[str, Any] = {
        "kind": each.kind,
        "name": each.name,
        "family": each.family,
        "base": base,
        "dockerfile": f"{each.name}/Dockerfile",
        "decision": "build",
        "built": each.build,
        "because": "never built" if each.kind == "family" else "main_pc_code/services/tts_service.py changed",
        "build_key": hexes(f"key {each.name}"),
    }
    if each.name in failing:
        failure = Failure(
            subject=each.name,
            stage="build",
            what=failing[each.name],
            file=f"families/Dockerfile.{each.name}",
            line=14,
            exit_code=1,
            seconds=each.build,
            log=("ERROR: No matching distribution found for torchvision==0.19.9",),
            hint="is the version right, and does the package index have it for this Python?",
            reproduce=(each.kind, "--name", each.name, "--base", base, "smoke"),
        )
        return UnitRun(**common, verdict=Verdict.FAILED, stages=tuple(stages), failure=failure)
    start = round(begin + each.build + 0.05, 2)
    services = tuple(
        _service(each, name, base=base, start=start, number=number, failing=failing, lines=lines)
        for number, name in enumerate(each.services)
    )
    smoke = max(service.seconds for service in services)
    stages.append(Stage(name="smoke", start=start, seconds=smoke))
    if any(service.verdict is Verdict.FAILED for service in services):
        return UnitRun(**common, verdict=Verdict.FAILED, stages=tuple(stages), services=services)
    push = 7.6 if each.kind == "family" else 0.6
    stages.append(Stage(name="candidate", start=round(start + smoke, 2), seconds=push))
    stages.append(Stage(name="evidence", start=round(start + smoke + push, 2), seconds=0.2))
    digest = f"sha256:{hexes(each.name)}"
    return UnitRun(
        **common,
        verdict=Verdict.PASSED,
        digest=digest,
        reference=f"{REGISTRY}/ai_system/{each.name}@{digest}",
        stages=tuple(stages),
        services=services,
    )


def _service(
    each: Made, name: str, *, base: str, start: float, number: int, failing: Mapping[str, str], lines: int
) -> ServiceRun:
    seconds = round(0.6 + 0.45 * number, 2)
    log = tuple(f"{line:02} {name} listens on 0.0.0.0:{5800 + line}" for line in range(lines))
    if name in failing:
        log = (*log, HOSTILE, "the voice model /models/tts.bin is missing")
        failure = Failure(
            subject=each.name,
            service=name,
            stage="smoke",
            what=failing[name],
            file="fleet.toml",
            line=88,
            command=("/usr/bin/tini", "--", "python3", "main_pc_code/services/tts_service.py"),
            exit_code=1,
            seconds=seconds,
            log=log,
            hint="put the model where the service looks for it",
            reproduce=(each.kind, "--name", each.name, "--base", base, "smoke", "--service", name),
        )
        checks = (Check(name="health", verdict=Verdict.FAILED, seconds=0.2, detail="no answer"),)
        return ServiceRun(
            name=name,
            verdict=Verdict.FAILED,
            because=f"the {each.kind} is built",
            start=start,
            seconds=seconds,
            checks=checks,
            log=log,
            failure=failure,
        )
    return ServiceRun(
        name=name,
        verdict=Verdict.PASSED,
        because=f"the {each.kind} is built",
        start=start,
        seconds=seconds,
        test_key=hexes(f"test {each.name} {name}"),
        checks=(
            Check(name="health", verdict=Verdict.PASSED, seconds=0.4, detail="HTTP 200 from curl"),
            Check(name="port 5800", verdict=Verdict.PASSED, detail="bound to 0.0.0.0"),
            Check(name="stops", verdict=Verdict.PASSED, seconds=0.1, detail="ended with 0"),
        ),
        log=log,
    )
