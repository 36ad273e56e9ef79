import asyncio
import json
import sys
from pathlib import Path

import pytest
from sound_fleet import SoundFleet

from pipeline.catalog.load import load_catalog
from pipeline.checks.hadolint import read_hadolint
from pipeline.checks.lint import lint
from pipeline.functions.hadolint import hadolint_findings
from pipeline.planning.sources import Sources

ROW = {
    "code": "DL3008",
    "column": 1,
    "file": "./a/Dockerfile",
    "level": "warning",
    "line": 3,
    "message": "Pin versions",
}


@pytest.mark.parametrize(
    ("level", "severity"),
    [("error", "warning"), ("warning", "warning"), ("info", "note"), ("style", "note"), ("new", "note")],
)
def test_no_level_stops_a_run(level: str, severity: str):
    findings = read_hadolint(json.dumps([ROW | {"level": level}]))
    assert findings
    assert [(each.rule, each.file, each.line, each.severity) for each in findings] == [
        ("DL3008", "a/Dockerfile", 3, severity)
    ]


@pytest.mark.parametrize("text", ["", "oops", "{}", "1", '"x"', "[" * 100_000])
def test_what_is_no_list_is_none(text: str):
    assert read_hadolint(text) is None


@pytest.mark.parametrize("rows", [[], [1], [{}], [{"line": "x", "code": None, "message": None}]])
def test_odd_rows_do_no_harm(rows: list[object]):
    assert read_hadolint(json.dumps(rows)) is not None


def test_what_our_rules_say_is_left_out():
    assert read_hadolint(json.dumps([ROW | {"code": "DL3007"}])) == ()


async def test_the_real_program(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "EXPOSE", "RUN cd /tmp && sudo x\nEXPOSE")
    found = await hadolint_findings(fleet.root, ["lone/Dockerfile", "speech/Dockerfile", "absent"])
    assert ("DL3004", "lone/Dockerfile", 4) in [(each.rule, each.file, each.line) for each in found]
    assert {each.severity for each in found} <= {"warning", "note"}


async def test_its_findings_can_be_ignored_and_acknowledged(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "EXPOSE", "# pipeline: ignore=DL3004 known\nRUN sudo x\nEXPOSE")
    found = await hadolint_findings(fleet.root, ["lone/Dockerfile"])
    catalog = load_catalog(fleet.root)
    assert "DL3004" in [each.rule for each in found]
    assert "DL3004" not in [each.rule for each in lint(catalog, Sources(fleet.root), others=found)]
    assert lint(catalog, Sources(fleet.root)) == (), "where there is no hadolint the comment is not unneeded"


def program(folder: Path, body: str) -> None:
    path = folder / "hadolint"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("body", "note"),
    [
        pytest.param("exit 3", "ended with 3 and no JSON", id="fails"),
        pytest.param("echo oops; kill -9 $$", "ended with -9 and no JSON", id="dies"),
        pytest.param("exec sleep 600", "took more than 0.3 s", id="hangs"),
    ],
)
async def test_a_broken_one_is_one_note(
    fleet: SoundFleet,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    note: str,
):
    folder = tmp_path_factory.mktemp("bin")
    program(folder, body)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    deadline = 0.3 if "sleep" in body else 120
    async with asyncio.timeout(120):
        found = await hadolint_findings(fleet.root, ["lone/Dockerfile"], deadline=deadline)
    assert [(each.rule, each.severity) for each in found] == [("hadolint", "note")]
    assert note in found[0].message


async def test_without_one_there_is_nothing(
    fleet: SoundFleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert await hadolint_findings(fleet.root, ["lone/Dockerfile"]) == ()
