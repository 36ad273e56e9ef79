"""`.ci/free-disk` on a scratch directory: what is removed, what stays, and when it refuses."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci/free-disk"


def free(root: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "RUNNER_ENVIRONMENT"}
    return subprocess.run(
        [str(SCRIPT), str(root)], env=environ | environment, capture_output=True, text=True, check=False
    )


def test_what_no_image_needs_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    for path in ("usr/share/dotnet/sdk", "usr/local/julia1.12/bin", "opt/ghc", "usr/bin", "opt/mine"):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "file").write_text("x" * 4096)
    done = free(tmp_path)
    assert done.returncode == 0
    assert "MB free, " in done.stdout
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("file")}
    assert left == {"usr/bin/file", "opt/mine/file"}


def test_a_link_does_not_lead_out_of_the_root(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (tmp_path / "root/usr/share").mkdir(parents=True)
    (tmp_path / "root/usr/share/dotnet").symlink_to(precious)
    assert free(tmp_path / "root").returncode == 0
    assert (precious / "file").exists()


@pytest.mark.parametrize("root", ["/", "//", "/usr/.."])
@pytest.mark.parametrize("environment", [{}, {"RUNNER_ENVIRONMENT": "self-hosted"}], ids=["here", "own"])
def test_a_machine_of_one_s_own_is_left_alone(root: str, environment: dict[str, str]) -> None:
    done = free(root, **environment)
    assert done.returncode == 2
    assert "nothing is removed" in done.stderr
