"""Dockerfile reading, build keys, test keys, and the ordered and explained plan."""

from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.keys import BuildKey, test_key
from pipeline.planning.plan import (
    Circumstances,
    Known,
    Plan,
    PlannedUnit,
    SmokeDecision,
    make_plan,
    unit_test_key,
    wanted_evidence,
)
from pipeline.planning.reasons import changed
from pipeline.planning.shards import pick_shard
from pipeline.planning.show import show_plan
from pipeline.planning.units import Published, Survey, Unit

__all__ = [
    "BuildKey",
    "Circumstances",
    "Known",
    "Plan",
    "PlannedUnit",
    "Published",
    "SmokeDecision",
    "Survey",
    "Unit",
    "build_keys",
    "changed",
    "make_plan",
    "pick_shard",
    "show_plan",
    "survey",
    "test_key",
    "unit_test_key",
    "wanted_evidence",
]
