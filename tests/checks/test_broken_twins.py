import pytest
from broken_twins import TWINS, Twin, break_fleet
from sound_fleet import SoundFleet

from pipeline.checks.rules import RULES


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.rule)
def test_just_that_finding(fleet: SoundFleet, twin: Twin):
    break_fleet(fleet, twin)
    line = fleet.line(twin.file, twin.at)
    # NB: a table of the catalog is told at its header, which stands above its name.
    line -= twin.at.startswith("name =")
    assert fleet.found() == [(twin.rule, twin.file, line, twin.subject)]


def test_every_rule_has_one():
    assert sorted(twin.rule for twin in TWINS) == sorted(rule.id for rule in RULES)
