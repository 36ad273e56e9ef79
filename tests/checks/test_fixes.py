from pathlib import Path

import pytest
from sound_fleet import SoundFleet

from pipeline.catalog.load import load_catalog
from pipeline.checks.fixes import Fix, find_fixes
from pipeline.planning.sources import Sources

CMD = 'CMD ["python3", "/app/main.py"]'


def fixes(fleet: SoundFleet) -> tuple[Fix, ...]:
    return find_fixes(load_catalog(fleet.root), Sources(fleet.root))


def mend(fleet: SoundFleet) -> list[str]:
    """Make the fixes as `lint-fix -o` would; answers the paths."""
    found = fixes(fleet)
    for fix in found:
        path: Path = fleet.root / fix.path
        if fix.text is not None:
            path.write_bytes(fix.text.encode())
        path.chmod(fix.mode)
    return [fix.path for fix in found]


def test_nothing_to_mend(fleet: SoundFleet):
    assert fixes(fleet) == ()


@pytest.mark.parametrize(
    ("old", "new", "mended"),
    [
        pytest.param("CMD python3 /app/main.py", CMD, CMD, id="shell form"),
        pytest.param("cmd  a\tb/c.py --n=1", CMD, 'CMD ["a", "b/c.py", "--n=1"]', id="words"),
        pytest.param("CMD ['python3', '/app/main.py']", CMD, CMD, id="single quotes"),
        pytest.param("ENTRYPOINT ['a b', \"c\"]", CMD, 'ENTRYPOINT ["a b", "c"]', id="both quotes"),
    ],
)
def test_a_command_becomes_json(fleet: SoundFleet, old: str, new: str, mended: str):
    fleet.edit("speech/Dockerfile", new, old)
    before = (fleet.root / "speech/Dockerfile").read_text()
    assert mend(fleet) == ["speech/Dockerfile"]
    assert (fleet.root / "speech/Dockerfile").read_text() == before.replace(old, mended)
    assert fleet.found() == []


@pytest.mark.parametrize(
    "line",
    [
        *("CMD cd /app && python3 main.py", "CMD python3 $SCRIPT", "CMD A=1 python3 x", "CMD python3 'a b'"),
        *(
            "CMD source x",
            "CMD python3 \\\n  x",
            "ENTRYPOINT python3 x",
            "CMD python3 x > /log",
            "CMD ['a', 1]",
        ),
        *("CMD [a, b]", "CMD ['a'", "CMD ['a'] + ['b']"),
    ],
)
def test_what_a_shell_is_needed_for_or_is_not_clear_stays(fleet: SoundFleet, line: str):
    fleet.edit("speech/Dockerfile", CMD, line)
    assert fleet.found() != [] and fixes(fleet) == ()


@pytest.mark.parametrize(
    ("entrypoint", "is_mended"),
    [
        ('ENTRYPOINT ["/usr/bin/tini", "--"]', True),
        ('ENTRYPOINT ["/entrypoint.sh"]', False),
        ("ENTRYPOINT exec start", False),
    ],
)
def test_a_cmd_behind_an_entrypoint(fleet: SoundFleet, entrypoint: str, is_mended: bool):
    fleet.edit("speech/Dockerfile", CMD, f"{entrypoint}\nCMD python3 x")
    assert bool(fixes(fleet)) is is_mended


def test_the_argument_is_declared(fleet: SoundFleet):
    for path in ("lone/Dockerfile", "families/torch"):
        fleet.edit(path, "ARG BASE_IMAGE\n", "# a comment\n")
    assert mend(fleet) == ["families/torch", "lone/Dockerfile"]
    assert (
        (fleet.root / "lone/Dockerfile")
        .read_text()
        .startswith("# a comment\nARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    )
    assert fleet.found() == []


def test_an_argument_that_no_from_names_is_not_the_mistake(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}", "FROM python:3.11")
    assert "base-argument" in [each[0] for each in fleet.found()] and fixes(fleet) == ()


def test_files_become_readable_with_the_mode_that_git_knows(fleet: SoundFleet):
    fleet.write("speech/src/run.sh", "#!/bin/sh\n")
    (fleet.root / "speech/src/run.sh").chmod(0o700)
    (fleet.root / "speech/src/main.py").chmod(0o600)
    assert fixes(fleet) == (
        Fix(path="speech/src/main.py", mode=0o644),
        Fix(path="speech/src/run.sh", mode=0o755),
    )
    mend(fleet)
    assert fleet.found() == []


def test_line_ends_modes_and_other_lines_stay(fleet: SoundFleet):
    text = (fleet.root / "lone/Dockerfile").read_text().replace("ARG BASE_IMAGE\n", "").replace("\n", "\r\n")
    (fleet.root / "lone/Dockerfile").write_bytes(f"{text}CMD python3 x".encode())
    (fleet.root / "lone/Dockerfile").chmod(0o755)
    (fix,) = fixes(fleet)
    assert fix.mode == 0o755
    assert fix.text == "ARG BASE_IMAGE\r\n" + text + 'CMD ["python3", "x"]'


def test_what_is_ignored_acknowledged_or_not_utf_8_stays(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, "# pipeline: ignore=signal-lost it must be\nCMD python3 x")
    assert fixes(fleet) == ()
    fleet.edit("speech/Dockerfile", "# pipeline: ignore=signal-lost it must be\n", "")
    assert len(fixes(fleet)) == 1
    path = fleet.root / "speech/Dockerfile"
    path.write_bytes(b"# \xff\n" + path.read_bytes())
    assert fixes(fleet) == ()
