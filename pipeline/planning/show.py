"""The plan in every format that `plan --format` offers."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pipeline.planning.commands import show_bake, show_commands
from pipeline.planning.plan import Plan, PlannedUnit
from pipeline.planning.shards import FAMILIES, shard_of_images

Format = Literal["table", "json", "commands", "bake", "matrix"]


def show_plan(plan: Plan, form: Format, *, tag: str, shards: int = 0, affected: bool = False) -> str:
    """A plan as text that ends with a line break.

    ``tag`` is what ``commands`` and ``bake`` name; ``shards`` is how many machines ``matrix`` is for, 0
    meaning one per image; with ``affected`` it has only what there is something to do for.
    """
    match form:
        case "table":
            return show_table(plan)
        case "json":
            return show_json(plan)
        case "commands":
            return show_commands(plan, tag)
        case "bake":
            return show_bake(plan, tag)
        case "matrix":
            return show_matrix(plan, shards, affected=affected)


def show_table(plan: Plan) -> str:
    """For people: one row per unit, and a sum."""
    several = _has_several(plan)
    rows = [_row(unit, platforms=several) for unit in plan.units]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4 if several else 3)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, _sum(plan)]) + "\n"


def show_json(plan: Plan) -> str:
    """For programs: everything but the inputs of the keys."""
    units = [_as_json(unit) for unit in plan.units]
    published = [{"name": base.name, "reference": str(base.reference)} for base in plan.published]
    return json.dumps({"version": 1, "published": published, "units": units}, indent=2) + "\n"


def show_matrix(plan: Plan, shards: int = 0, *, affected: bool = False) -> str:
    """For `strategy.matrix` of GitHub Actions, on one line: the wave of families, and then that of images.

    Each part has what `run --only` takes. There is one machine for the families, as they stand on each other,
    and none where they have nothing to do; those of the images have about equally much to do, by what
    building and testing them took last. Where anything is for several platforms, each part says for which, as
    docker/setup-qemu-action takes them.
    """
    units = [each.unit for each in plan.units if not (affected and _is_done(each))]
    total = sum(unit.kind == "image" for unit in units)
    count = min(shards or total, total)
    placed = shard_of_images(units, count, {each.unit.name: each.seconds for each in plan.units})
    parts = {number: [name for name, at in placed.items() if at == number] for number in placed.values()}
    images = [{"shard": f"{number}/{count}", "only": ",".join(parts[number])} for number in sorted(parts)]
    families = ",".join(unit.name for unit in units if unit.kind == "family")
    waves = {"families": [{"shard": FAMILIES, "only": families}] if families else [], "images": images}
    if _has_several(plan):
        platforms = {unit.name: unit.platforms for unit in units}
        for part in (*waves["families"], *images):
            each = (platform for name in part["only"].split(",") for platform in platforms[name])
            part["platforms"] = ",".join(dict.fromkeys(each))
    return json.dumps({wave: {"include": include} for wave, include in waves.items()}) + "\n"


def _is_done(planned: PlannedUnit) -> bool:
    return planned.decision == "reuse" and all(each.decision == "reuse" for each in planned.smoke)


def _has_several(plan: Plan) -> bool:
    return any(each.unit.several for each in plan.units)


def _row(unit: PlannedUnit, *, platforms: bool) -> Sequence[str]:
    told = (",".join(unit.unit.platforms),) if platforms else ()
    return unit.unit.kind, unit.unit.name, *told, f"{unit.decision}: {unit.because}", _smoke(unit)


def _smoke(unit: PlannedUnit) -> str:
    if unit.unit.kind == "family" and unit.smoke:
        return f"libraries: {unit.smoke[0].decision}"
    counts = Counter(each.decision for each in unit.smoke)
    if not counts:
        return ""
    if len(counts) == 1:
        decision = unit.smoke[0].decision
        return f"smoke: {decision} {counts[decision]}" + (
            f" ({unit.smoke[0].because})" if decision == "run" else ""
        )
    rerun = next(each for each in unit.smoke if each.decision == "run")
    names = ", ".join(each.service for each in unit.smoke if each.decision == "run")
    return f"smoke: run {counts['run']} ({names}: {rerun.because}), reuse {counts['reuse']}"


def _sum(plan: Plan) -> str:
    """NB: what a family promises and a suite side by side are tested too, but smoke tests are of services."""
    units = Counter(unit.decision for unit in plan.units)
    tests = Counter(
        each.decision
        for unit in plan.units
        if unit.unit.kind == "image"
        for each in unit.smoke
        if not (unit.unit.suite and each.service == unit.unit.name)
    )
    return (
        f"{_counted(len(plan.units), 'unit')}: {units['build']} to build, {units['reuse']} reused; "
        f"{_counted(tests.total(), 'smoke test')}: {tests['run']} to run, {tests['reuse']} reused"
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _as_json(planned: PlannedUnit) -> dict[str, Any]:
    unit = planned.unit
    return {
        "kind": unit.kind,
        "name": unit.name,
        "decision": planned.decision,
        "because": planned.because,
        "key": planned.key.hex,
        "digest": planned.digest,
        "repository": unit.repository,
        "base": unit.base,
        "base_reference": planned.base_reference,
        "dockerfile": unit.dockerfile,
        "context": unit.context,
        "target": unit.target,
        "platforms": list(unit.platforms),
        "build_args": dict(unit.build_args),
        "smoke": [
            {"service": s.service, "decision": s.decision, "because": s.because, "test_key": s.test_key}
            for s in planned.smoke
        ],
    }
