"""The plan: for every unit and service what would be done, and why. What is known comes as arguments."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.catalog.platforms import pick_native
from pipeline.catalog.service import Service
from pipeline.planning.keys import BuildKey, test_key
from pipeline.planning.reasons import changed
from pipeline.planning.units import Published, Survey, Unit


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a run wants, and where.

    ``hardware`` is ``cpu`` or ``gpu``; ``native`` the engine's platform, which is only needed for what has
    several platforms; the others are the flags.
    """

    probe_version: str
    hardware: str = "cpu"
    native: str = ""
    rebuild: bool = False
    fresh: bool = False


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the registry told.

    Parameters
    ----------
    candidates:
        Hex of a build key -> digest of its candidate.
    digests:
        ``str(reference)`` of the survey's published bases -> digest.
    last_inputs:
        Unit name -> inputs of the key that was built last; for the reason only.
    last_seconds:
        Unit name -> how long building and testing that took; to share the work out.
    evidence:
        Test keys for which passing evidence was found.
    """

    candidates: Mapping[str, str] = field(default_factory=dict[str, str])
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    last_inputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    last_seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    evidence: Container[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class SmokeDecision:
    """What is done with one service. ``test_key`` is empty while the digest is not known."""

    service: str
    decision: Literal["run", "reuse"]
    because: str
    test_key: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedUnit:
    """What is done with one unit.

    ``base_reference`` is ``REPOSITORY@sha256:…``, or empty while the base must be built first; ``digest``
    is the candidate's where it is reused, else empty; ``seconds`` is how long the last build took with its
    smoke tests, 0 where that is not known or nothing is built.
    """

    unit: Unit
    key: BuildKey
    base_reference: str
    decision: Literal["build", "reuse"]
    because: str
    digest: str
    smoke: tuple[SmokeDecision, ...]
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Units in build order, bases first; ``published`` are the bases that are not built."""

    units: tuple[PlannedUnit, ...]
    published: tuple[Published, ...] = ()


def wanted_evidence(
    survey: Survey, keys: Mapping[str, BuildKey], candidates: Mapping[str, str], *, wanted: Circumstances
) -> Mapping[str, tuple[str, ...]]:
    """Per unit that has a candidate, the test keys of its services in order: what evidence to ask for."""
    return {
        unit.name: tuple(unit_test_key(unit, service, digest, wanted=wanted) for service in unit.services)
        for unit in survey.units
        if (digest := candidates.get(keys[unit.name].hex))
    }


def make_plan(survey: Survey, keys: Mapping[str, BuildKey], *, known: Known, wanted: Circumstances) -> Plan:
    """Decide for each unit; ``keys`` are build keys by unit name."""
    bases = {
        base.name: f"{base.reference.name}@{known.digests[str(base.reference)]}" for base in survey.published
    }
    planned: list[PlannedUnit] = []
    for unit in survey.units:
        unit_plan = _plan_unit(unit, keys[unit.name], bases[unit.base], known=known, wanted=wanted)
        planned.append(unit_plan)
        bases[unit.name] = f"{unit.repository}@{unit_plan.digest}" if unit_plan.digest else ""
    return Plan(units=tuple(planned), published=survey.published)


def _plan_unit(unit: Unit, key: BuildKey, base: str, *, known: Known, wanted: Circumstances) -> PlannedUnit:
    digest = "" if wanted.rebuild else known.candidates.get(key.hex, "")
    because = _short(digest) if digest else _why_build(key, known.last_inputs.get(unit.name), wanted)
    return PlannedUnit(
        unit=unit,
        key=key,
        base_reference=base,
        decision="reuse" if digest else "build",
        because=because,
        digest=digest,
        smoke=tuple(
            _plan_smoke(unit, service, digest, known=known, wanted=wanted) for service in unit.services
        ),
        seconds=0.0 if digest else known.last_seconds.get(unit.name, 0.0),
    )


def _plan_smoke(
    unit: Unit, service: Service, digest: str, *, known: Known, wanted: Circumstances
) -> SmokeDecision:
    if not digest:
        return SmokeDecision(service=service.name, decision="run", because=f"the {unit.kind} is built")
    key = unit_test_key(unit, service, digest, wanted=wanted)
    if key in known.evidence and not wanted.fresh:
        return SmokeDecision(
            service=service.name, decision="reuse", because=f"evidence-{key[:12]}", test_key=key
        )
    because = "fresh" if wanted.fresh else "no evidence for this digest and test"
    return SmokeDecision(service=service.name, decision="run", because=because, test_key=key)


def all_run(planned: PlannedUnit, because: str) -> tuple[SmokeDecision, ...]:
    """All smoke tests of a unit are run, whatever evidence there is."""
    return tuple(
        SmokeDecision(service=each.service, decision="run", because=because) for each in planned.smoke
    )


def unit_test_key(unit: Unit, service: Service, digest: str, *, wanted: Circumstances) -> str:
    """The test key of one of a unit's services on the image ``sha256:…``.

    Of several platforms only one is tested, so that one is a part of the hardware.
    """
    tested = pick_native(unit.platforms, wanted.native) if unit.several else ""
    return test_key(
        digest,
        service,
        wanted.probe_version,
        f"{wanted.hardware} {tested}".rstrip(),
        promises=unit.promises,
        suite=unit.suite if service.name == unit.name else (),
    )


def _why_build(key: BuildKey, last: Mapping[str, str] | None, wanted: Circumstances) -> str:
    if wanted.rebuild:
        return "forced"
    if last is None:
        return "never built"
    return changed(last, key.inputs) or "its candidate is gone from the registry"


def _short(digest: str) -> str:
    return digest[: len("sha256:") + 12]
