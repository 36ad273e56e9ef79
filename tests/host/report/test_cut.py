"""What a shell at the point of failure stands on: the Dockerfile before a line, or the base of a FROM."""

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.host.report.cut import base_of, cut_before
from pipeline.reporting.model import Failure, Run, UnitRun, Verdict

BASE = "localhost:5000/o/family@sha256:" + "a" * 64
DOCKERFILE = """\
ARG BASE_IMAGE
FROM --platform=$BUILDPLATFORM \\
  golang:1.22 AS build
RUN make
FROM ${BASE_IMAGE} AS app
RUN install
FROM ${OTHER} AS debug
RUN gdb
"""
CATALOG = """\
[fleet]
name = "f"
registry = "localhost:5000"
organisation = "o"
namespace = "n"

[families.family]
digest = "sha256:{digest}"

[images.one]
family = "family"
dockerfile = "Dockerfile"
{target}
"""


def _fleet(folder: Path, target: str = "") -> Path:
    (folder / "Dockerfile").write_text(DOCKERFILE)
    line = f'target = "{target}"' if target else ""
    (folder / "fleet.toml").write_text(CATALOG.format(digest="a" * 64, target=line))
    return folder


def _red(line: int, exit_code: int | None = 1) -> tuple[Run, Failure]:
    block = Failure(subject="one", stage="build", what="x", file="Dockerfile", line=line, exit_code=exit_code)
    unit = UnitRun(
        kind="image",
        name="one",
        base=BASE,
        decision="build",
        because="",
        verdict=Verdict.FAILED,
        failure=block,
    )
    return Run(fleet="f", function="run", verdict=Verdict.FAILED, units=(unit,)), block


@pytest.mark.parametrize(
    ("line", "target", "last"),
    [
        pytest.param(4, "", DOCKERFILE.splitlines()[1:3], id="a stage before the last"),
        pytest.param(4, "build", DOCKERFILE.splitlines()[1:3], id="the stage that is wanted"),
        pytest.param(4, "app", ["FROM --platform=$BUILDPLATFORM golang:1.22 AS app", ""], id="one before it"),
        pytest.param(8, "app", ["FROM ${OTHER} AS app"], id="another"),
        pytest.param(6, "APP", ["FROM ${BASE_IMAGE} AS app"], id="in capitals"),
    ],
)
def test_a_file_is_cut_before_the_line_and_what_is_left_is_the_target(
    tmp_path: Path, line: int, target: str, last: list[str]
) -> None:
    (tmp_path / "fleet").mkdir()
    source = _fleet(tmp_path / "fleet", target)
    cut = cut_before(*_red(line), source, tmp_path)
    rows = (cut / "Dockerfile").read_text().splitlines()
    assert len(rows) == line - 1
    assert rows[-len(last) :] == last
    assert (source / "Dockerfile").read_text() == DOCKERFILE


def test_without_a_line_there_is_nothing_to_cut(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say which line"):
        cut_before(*_red(0), _fleet(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("line", "image"),
    [(5, BASE), (2, "golang:1.22"), (4, ""), (6, ""), (0, "")],
    ids=["family", "outside", "RUN", "RUN of the last", "unknown"],
)
def test_where_a_from_failed_its_base_is_looked_into(tmp_path: Path, line: int, image: str) -> None:
    assert base_of(*_red(line), _fleet(tmp_path)) == image


@pytest.mark.parametrize(("line", "code"), [(7, 1), (5, None)], ids=["any image", "nothing ran"])
def test_where_nothing_ran_there_is_no_shell(tmp_path: Path, line: int, code: int | None) -> None:
    with pytest.raises(UsageError, match="nothing had run yet"):
        base_of(*_red(line, code), _fleet(tmp_path))
