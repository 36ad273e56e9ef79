"""The line that repeats a failure: what it calls, for each stage in which a unit can fail."""

from pathlib import Path
from typing import cast

import anyio
import dagger
import pytest

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.planning.plan import Circumstances
from pipeline.stages.access import Access, Registries
from pipeline.stages.blame import Spots
from pipeline.stages.lookup import outline
from pipeline.stages.unit import Passage, Site

ROOT = Path(__file__).parents[2] / "fleet"
BASE = "ghcr.io/example/family-torch-cu121@sha256:" + "a" * 64
WANTED = Circumstances(probe_version="1")


@pytest.fixture(scope="module")
def passage() -> Passage:
    """The speech image of the reference fleet on its way; no engine and no registry are asked for a line."""
    access = Access(names=Names(registry="ghcr.io", organisation="example", namespace="ai_system"))
    plan = outline(load_catalog(ROOT), ROOT, access, only=("speech_pipeline",), wanted=WANTED)
    [planned] = [unit for unit in plan.units if unit.unit.name == "speech_pipeline"]
    site = Site(
        source=cast("dagger.Directory", None),
        access=access,
        ask=cast("Registries", None),
        wanted=WANTED,
        candidates=True,
        fresh="",
        builds=anyio.CapacityLimiter(1),
        smokes=anyio.CapacityLimiter(1),
        flags=("--organisation", "example"),
        spots=Spots(root=ROOT, catalog="fleet.toml"),
    )
    return Passage(site=site, planned=planned, base=BASE, needed=False)


@pytest.mark.parametrize(
    ("stage", "service", "does"),
    [
        ("build", "", ("smoke",)),
        ("smoke", "TTSService", ("smoke", "--service", "TTSService")),
        ("candidate", "", ("candidate",)),
    ],
)
def test_a_line_calls_just_what_failed(
    passage: Passage, stage: str, service: str, does: tuple[str, ...]
) -> None:
    head = ("--organisation", "example", "image", "--name", "speech_pipeline", "--base", BASE)
    assert passage.scene(stage, service).reproduce == (*head, *does)
