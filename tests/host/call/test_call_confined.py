"""What a call reads and writes on this machine: what its arguments name, and nothing else of its user's."""

import os
import subprocess
import sys
from pathlib import Path

# Loaded by every Python of the call, its engine's included, before anything else.
SPY = """
import os, sys

def told(event, arguments):
    if event in EVENTS and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        os.write(SPIED, f"{os.getpid()} {path}\\n".encode(errors="replace"))

EVENTS = {"open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.symlink", "os.chmod"}

SPIED = os.open(os.environ["SPIED"], os.O_WRONLY | os.O_APPEND)
sys.addaudithook(told)
"""
PROJECT = Path(__file__).parents[3]
NAMED = {"fleet", "fleet/f", "fleet/sub", "fleet/sub/g"}


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_call_touches_what_it_names_and_nothing_else(module: Path, tmp_path: Path) -> None:
    home, spied = tmp_path / "home", tmp_path / "spied"
    for name in (".ssh/id_rsa", ".netrc", ".aws/credentials", "notes", "fleet/f", "fleet/sub/g", "other/h"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    mine = below(home)
    (home / "tmp").mkdir()
    (tmp_path / "spy").mkdir()
    (tmp_path / "spy" / "sitecustomize.py").write_text(SPY)
    spied.touch()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DAGGER_", "GITHUB_"))}
    named = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "SPIED": str(spied), "GREETING": "hello"}
    line = ["call", "--mod", str(module), "--source", "fleet", "entries", "-o", "out"]
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "pipeline.host.command", *line],
        cwd=home,
        env=kept | named | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "spy"), str(PROJECT)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert (home / "out").read_text() == "f\nsub/\nsub/g\n"
    opened = [line.partition(" ") for line in spied.read_text().splitlines()]
    assert len({process for process, _, _ in opened}) == 2, "the call and its engine"
    assert mine & {path.removeprefix(f"{home}/") for _, _, path in opened} == NAMED
    assert below(home) - mine == {"out", "tmp"}
    assert all((home / path).read_text() == path for path in mine if (home / path).is_file())
