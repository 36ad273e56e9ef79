"""The short form of `leftovers.py`: a few runs, two of them killed, leave nothing but what is documented."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

RUNS = 7


def test_runs_leave_nothing_but_what_is_documented(tmp_path: Path) -> None:
    tests = Path(__file__).parents[1]
    paths = os.pathsep.join(str(tests / each) for each in ("faults", "integration", "soak"))
    done = subprocess.run(
        [sys.executable, tests / "soak/leftovers.py", "--runs", str(RUNS), "--out", tmp_path / "result"],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "result").read_text())
    assert result["ended"] == {"by itself": RUNS - 2, "killed": 1, "killed with its engine": 1}
    assert result["left"] == result["left by clean"] == {}
    assert result["kept"]["images"] > result["kept images after clean"] == 0
