"""The line that repeats a failure: what it calls, for each stage in which a unit can fail."""

from pathlib import Path

import pytest

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.planning.discover import survey
from pipeline.planning.sources import Sources
from pipeline.stages.passage import repeating

ROOT = Path(__file__).parents[2] / "fleet"
BASE = "ghcr.io/example/family-torch-cu121@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("name", "stage", "service", "gpu", "does"),
    [
        ("speech_pipeline", "build", "", False, ("smoke",)),
        ("speech_pipeline", "smoke", "TTSService", False, ("smoke", "--service", "TTSService")),
        ("speech_pipeline", "smoke", "TTSService", True, ("smoke", "--gpu", "--service", "TTSService")),
        ("speech_pipeline", "candidate", "", True, ("candidate",)),
        ("family-llm-cu121", "smoke", "family-llm-cu121", False, ("smoke",)),
    ],
)
def test_a_line_calls_just_what_failed(
    name: str, stage: str, service: str, gpu: bool, does: tuple[str, ...]
) -> None:
    names = Names(registry="ghcr.io", organisation="example", namespace="ai_system")
    [unit] = [unit for unit in survey(load_catalog(ROOT), Sources(ROOT), names).units if unit.name == name]
    line = repeating(unit, BASE, stage, service=service, gpu=gpu)
    assert line == (unit.kind, "--name", name, "--base", BASE, *does)
