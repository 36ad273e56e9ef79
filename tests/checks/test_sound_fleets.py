from pathlib import Path

from sound_fleet import SoundFleet

from pipeline.catalog.load import load_catalog
from pipeline.checks.lint import lint
from pipeline.checks.rules import RULES
from pipeline.planning.sources import Sources


def test_a_sound_fleet_has_no_findings(fleet: SoundFleet):
    assert fleet.lint() == ()


def test_the_reference_fleet_has_no_findings():
    root = Path(__file__).parents[2] / "fleet"
    assert lint(load_catalog(root), Sources(root)) == ()


def test_rules_are_told_apart_and_complete():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id == rule.id.lower() and " " not in rule.id
        assert rule.about.endswith(".") and rule.consequence and rule.fix


def test_every_rule_has_its_own_file_and_test():
    here = Path(__file__).parent
    rules = here.parents[1] / "pipeline/checks/rules"
    names = {rule.id.replace("-", "_") for rule in RULES}
    assert names == {path.stem for path in rules.glob("*.py")} - {"__init__"}
    assert names <= {path.stem.removeprefix("test_rule_") for path in here.glob("test_rule_*.py")}


def test_errors_come_first_then_by_place(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001\n", "")
    fleet.edit("speech/Dockerfile", "COPY src", "COPY scr")
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", "FROM x:latest")
    found = fleet.lint()
    assert [each.severity for each in found] == sorted(each.severity for each in found)
    errors = [(each.file, each.line) for each in found if each.severity == "error"]
    assert errors == sorted(errors) and len(errors) == 3
