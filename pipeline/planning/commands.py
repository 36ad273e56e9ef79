"""The plan as `docker buildx build` lines and as a bake file: what a person would type to build the same."""

import json
import posixpath
import re
import shlex
from collections.abc import Container, Mapping
from typing import Any

from pipeline.catalog.platforms import USUAL
from pipeline.planning.plan import Plan
from pipeline.planning.reads import BASE_ARGUMENT
from pipeline.planning.units import Unit


def show_commands(plan: Plan, tag: str) -> str:
    """One line per unit, bases first, to be run from the fleet's root."""
    bases = bases_by_tag(plan, tag)
    return "".join(f"{shlex.join(_build_line(each.unit, bases, tag))}\n" for each in plan.units)


def show_bake(plan: Plan, tag: str) -> str:
    """A docker-bake.json: one target per unit; bases in the fleet are built, not pulled."""
    bases = bases_by_tag(plan, tag)
    built = {each.unit.name for each in plan.units}
    targets = {_target_name(each.unit.name): _target(each.unit, bases, built, tag) for each in plan.units}
    groups = {"default": {"targets": list(targets)}}
    return json.dumps({"group": groups, "target": targets}, indent=2) + "\n"


def bases_by_tag(plan: Plan, tag: str) -> Mapping[str, str]:
    """By name, the reference of every base as people write it: what the fleet builds is under ``tag``."""
    published = {base.name: str(base.reference) for base in plan.published}
    return published | {each.unit.name: f"{each.unit.repository}:{tag}" for each in plan.units}


def _build_line(unit: Unit, bases: Mapping[str, str], tag: str) -> list[str]:
    arguments = {BASE_ARGUMENT: bases[unit.base], **unit.build_args}
    return [
        *("docker", "buildx", "build", *_platform_flag(unit), "-f", unit.dockerfile),
        *(("--target", unit.target) if unit.target else ()),
        *(word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")),
        *("-t", f"{unit.repository}:{tag}", unit.context),
    ]


def _platform_flag(unit: Unit) -> tuple[str, ...]:
    """Nothing for what the team's machines are: they would build that anyway."""
    return () if unit.platforms == (USUAL,) else ("--platform", ",".join(unit.platforms))


def _target(unit: Unit, bases: Mapping[str, str], built: Container[str], tag: str) -> dict[str, Any]:
    base = bases[unit.base]
    target: dict[str, Any] = {
        "context": unit.context,
        # NB: bake takes it relative to the context.
        "dockerfile": posixpath.relpath(unit.dockerfile, unit.context),
        "args": {BASE_ARGUMENT: base, **unit.build_args},
        "labels": dict(unit.labels),
        "tags": [f"{unit.repository}:{tag}"],
        "platforms": list(unit.platforms),
    }
    if unit.target:
        target["target"] = unit.target
    if unit.base in built:
        target["contexts"] = {base: f"target:{_target_name(unit.base)}"}
    return target


def _target_name(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)
