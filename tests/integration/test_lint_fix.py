"""`pipeline call lint-fix`: the Changeset of a broken fleet, shown and then made in its own folder."""

import os
from pathlib import Path

import pytest
from calls import Called, pipeline_call

pytestmark = pytest.mark.integration

CATALOG = """
[fleet]
name = "fixed"
organisation = "example"

[families.base]
tag = "1"

[images.one]
family = "base"
dockerfile = "one/Dockerfile"
context = "one"
alive_for = "1s"
"""
BROKEN = "FROM ${BASE_IMAGE}\nCOPY app.py /\nUSER 1000\nCMD python3 /app.py\n"
MENDED = 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY app.py /\nUSER 1000\nCMD ["python3", "/app.py"]\n'


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    files = {"fleet.toml": CATALOG, "one/Dockerfile": BROKEN, "one/app.py": "print(1)\n", "one/notes": "x"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "one/app.py").chmod(0o600)
    (tmp_path / "one").chmod(0o750)
    return tmp_path


def call(fleet: Path, *words: str) -> Called:
    return pipeline_call("--source", str(fleet), *words, environment=dict(os.environ))


def test_it_is_shown_and_then_made(fleet: Path) -> None:
    assert call(fleet, "lint").exit_code == 1
    shown = call(fleet, "lint-fix")
    assert (shown.exit_code, shown.stdout) == (0, "change one/Dockerfile\nchange one/app.py\n")
    assert (fleet / "one/Dockerfile").read_text() == BROKEN
    made = call(fleet, "lint-fix", "-o", str(fleet))
    assert made.exit_code == 0, made.stderr
    assert (fleet / "one/Dockerfile").read_text() == MENDED
    assert (fleet / "one/app.py").stat().st_mode & 0o777 == 0o644
    assert (fleet / "one").stat().st_mode & 0o777 == 0o750
    assert sorted(path.name for path in fleet.rglob("*")) == [
        "Dockerfile",
        "app.py",
        "fleet.toml",
        "notes",
        "one",
    ]
    assert call(fleet, "lint-fix").stdout == "no changes\n"
