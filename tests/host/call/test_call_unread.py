"""What no build can read stays where it is: neither copied nor hashed; what may be read is never left out."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.host.call.unread import unread

LARGE = (1 << 20) + 1
FROM = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A family and two images: one with the root as its context, one with its own folder."""
    catalog = "".join(
        f'[{name}]\ndockerfile = "{dockerfile}"\n{more}\n'
        for name, dockerfile, more in (
            ("families.base", "docker/base", ""),
            ("images.all", "docker/all", ""),
            ("images.own", "own/Dockerfile", 'context = "./own"'),
        )
    )
    files = {
        "fleet.toml": catalog,
        "docker/base": FROM,
        "docker/all": f"{FROM}COPY . /app\n",
        "own/Dockerfile": f"{FROM}COPY --from=x /node_modules /n\nCOPY . /app\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    for folder in ("data/deep", "own/node_modules/x", "own/src", ".git/x"):
        (tmp_path / folder).mkdir(parents=True)
    for path in ("model.bin", "own/model.bin"):
        (tmp_path / path).touch()
        os.truncate(tmp_path / path, LARGE)
    return tmp_path


@pytest.mark.parametrize(
    ("ignored", "found"),
    [
        pytest.param({}, [], id="nothing is ignored"),
        pytest.param({"": "data\n"}, ["data/**"], id="folder"),
        pytest.param({"": "**/deep\n"}, ["data/deep/**"], id="folder below one that is read"),
        pytest.param({"own": "node_modules\n"}, [], id="the root's context still has it"),
        pytest.param(
            {"own": "node_modules\n", "": "own/node_modules\n"}, ["own/node_modules/**"], id="every context"
        ),
        pytest.param({"": "own\n"}, [], id="a context lies in it"),
        pytest.param({"": "docker\n"}, [], id="a Dockerfile lies in it"),
        pytest.param({"": "data\n!data/deep\n"}, [], id="brought back"),
        pytest.param({"": "*.bin\n"}, ["model.bin"], id="large file"),
        pytest.param({"": "**/*.bin\n", "own": "*.bin\n"}, ["model.bin", "own/model.bin"], id="large files"),
        pytest.param({"": "docker/all\n.git\n"}, [], id="small, or left out anyway"),
    ],
)
def test_what_every_dockerignore_drops(fleet: Path, ignored: dict[str, str], found: list[str]) -> None:
    for folder, text in ignored.items():
        (fleet / folder / ".dockerignore").write_text(text)
    assert sorted(unread(fleet, "fleet.toml", ignore=("**/.git",))) == found


@pytest.mark.parametrize(
    "line", ["COPY data /d", "ONBUILD ADD data /d", "RUN --mount=source=data,target=/d ls"]
)
def test_what_a_dockerfile_names_is_left_for_lint_to_tell(fleet: Path, line: str) -> None:
    (fleet / ".dockerignore").write_text("data\n")
    (fleet / "docker/all").write_text(f"{FROM}{line}\n")
    assert unread(fleet, "fleet.toml") == ("data/deep/**",)  # NB: data itself is still there to be named


def test_a_dockerfiles_own_dockerignore_counts(fleet: Path) -> None:
    (fleet / ".dockerignore").write_text("data\n")
    (fleet / "docker/all.dockerignore").write_text("own\n")
    assert unread(fleet, "fleet.toml") == ()


def test_a_socket_that_is_ignored_is_left_out(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fleet / ".dockerignore").write_text("*.sock\n")
    monkeypatch.chdir(fleet)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("a.sock")
        assert unread(fleet, "fleet.toml") == ("a.sock",)


@pytest.mark.parametrize("text", [None, "[", "images = 3", "[images]\na = 1", "[images.a]\ndockerfile = 1"])
def test_without_a_sound_catalog_all_is_read(fleet: Path, text: str | None) -> None:
    (fleet / ".dockerignore").write_text("data\n")
    if text is None:
        (fleet / "fleet.toml").unlink()
    else:
        (fleet / "fleet.toml").write_text(text)
    assert unread(fleet, "fleet.toml") == ()
