"""`pipeline init` on the reference fleet without its fleet.toml: exactly ten values are filled in by hand."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from init_answers import ANSWERS, MAY_BE_LEFT, fill_in

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.checks.lint import lint
from pipeline.host.init.main import main
from pipeline.host.init.write import filled_in_by_hand
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.sources import Sources

ROOT = Path(__file__).parents[3]
BUILD_LINES = ROOT / "tests" / "planning" / "golden" / "commands.txt"
NAMES = Names(registry="ghcr.io", organisation="example", namespace="ai_system")


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A copy without fleet.toml, outside git."""
    copy = tmp_path / "fleet"
    shutil.copytree(ROOT / "fleet", copy, ignore=shutil.ignore_patterns("__pycache__", "fleet.toml"))
    return copy


def keys(root: Path) -> dict[str, str]:
    """The build key of every family and image, on a root image of a made-up digest."""
    sources = Sources(root)
    found = survey(load_catalog(root), sources, NAMES)
    digests = {str(each.reference): f"sha256:{'a' * 64}" for each in found.published}
    return {name: key.hex for name, key in build_keys(found, sources, digests).items()}


def test_what_a_person_fills_in_is_exactly_this(fleet: Path):
    assert main([str(fleet)]) == 0
    text = (fleet / "fleet.toml").read_text()
    blanks = [what for _, what in filled_in_by_hand(text)]
    needed = [f"{table}: " for table, *_ in ANSWERS]
    assert len(blanks) == len(ANSWERS) + len(MAY_BE_LEFT)
    assert [each for each in blanks if each in MAY_BE_LEFT] == list(MAY_BE_LEFT)
    answered = [each for each in blanks if each not in MAY_BE_LEFT]
    assert all(each.startswith(table) for each, table in zip(answered, needed, strict=True)), answered


def test_there_is_one_service_for_each_cmd(fleet: Path):
    main([str(fleet)])
    catalog = load_catalog(fleet)
    dockerfiles = {image.dockerfile for image in catalog.images.values()}
    with_cmd = {
        str(path.relative_to(fleet))
        for path in fleet.rglob("Dockerfile*")
        if any(row.startswith("CMD ") for row in path.read_text().splitlines())
    }
    assert dockerfiles == with_cmd
    assert [len(image.services) for image in catalog.images.values()] == [1] * 8
    assert not any(service.command for image in catalog.images.values() for service in image.services)


def test_before_anything_is_filled_in_it_is_a_catalog_without_errors(fleet: Path):
    main([str(fleet)])
    findings = lint(load_catalog(fleet), Sources(fleet))
    assert not [each for each in findings if each.severity == "error"]


def test_filled_in_it_builds_the_very_images_of_the_reference_catalog(fleet: Path):
    main([str(fleet)])
    written = fleet / "fleet.toml"
    # NB: the licence is a label that only this team's own catalog gives.
    written.write_text(fill_in(written.read_text()).replace("[root]", 'licenses = "Apache-2.0"\n\n[root]'))
    assert keys(fleet) == keys(ROOT / "fleet")
    assert not [each for each in lint(load_catalog(fleet), Sources(fleet)) if each.severity == "error"]


def test_ports_and_health_are_those_of_the_reference_catalog(fleet: Path):
    main([str(fleet)])
    reference = load_catalog(ROOT / "fleet")
    for name, image in load_catalog(fleet).images.items():
        (service,) = image.services
        twin = reference.images[name].smoked[0]
        assert Counter(service.ports) == Counter(twin.ports), name
        assert service.health and twin.health
        assert service.health.start_period == twin.health.start_period == 20.0
        assert service.health.script == twin.health.script


def test_build_lines_that_the_team_wrote_down_answer_all_questions(fleet: Path):
    lines = BUILD_LINES.read_text().replace("ghcr.io/org/", "ghcr.io/example/")
    (fleet / "BUILDING.md").write_text(f"# How we build\n\n```\n{lines}```\n")
    main([str(fleet), "--no-workflow"])
    written = fleet / "fleet.toml"
    assert [what for _, what in filled_in_by_hand(written.read_text())] == list(MAY_BE_LEFT)
    written.write_text(written.read_text().replace("[root]", 'licenses = "Apache-2.0"\n\n[root]'))
    assert keys(fleet) == keys(ROOT / "fleet")
