"""The list of checks that the documentation is made from: whole, and what the probe really says."""

import re

import pytest

from pipeline.catalog.model import Family, Fleet, Image
from pipeline.catalog.service import Health, Service
from pipeline.stages.smoke.checks import SMOKE_CHECKS, SmokeCheck
from pipeline.stages.smoke.probe import probe_text

MODELS = {"health": Health, "families": Family, "images": Image, "fleet": Fleet}


@pytest.mark.parametrize("check", SMOKE_CHECKS, ids=lambda check: check.name)
def test_every_entry_is_whole(check: SmokeCheck) -> None:
    assert all((check.about, check.example, check.consequence, check.fix))
    for key in filter(None, check.keys.split(", ")):
        table, _, field = key.rpartition(".")
        owners = [MODELS[table]] if table else [Service, Image]
        assert any(field in owner.model_fields for owner in owners), key


def test_names_are_told_apart() -> None:
    assert len({check.name for check in SMOKE_CHECKS}) == len(SMOKE_CHECKS)


def test_everything_that_the_probe_asks_is_in_the_list() -> None:
    calls = re.findall(r"probe_(?:check|blame|lacks) (?:'([^']+)'|\"([^\"]+)\"|(\w+)) ", probe_text())
    said = {"".join(words) for words in calls} - {"$probe_entry", "$probe_whole", "$1", "$2"}
    assert len(said) > 12
    assert {name for name in said if not any(each.is_of(name) for each in SMOKE_CHECKS)} == set()
