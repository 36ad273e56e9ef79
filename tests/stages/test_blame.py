"""The line that a failure is about: from the command that ran, or from what the engine says."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gql
import pytest
from dagger import QueryError
from dagger._exceptions import QueryErrorValue

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.errors import RegistryError
from pipeline.functions.account import Account, error_findings
from pipeline.planning.discover import survey
from pipeline.planning.dockerfile import read_dockerfile
from pipeline.planning.sources import Sources
from pipeline.stages.access import Access
from pipeline.stages.blame import Spot, Spots, failed_line
from pipeline.stages.failures import Scene, from_error

DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS build
COPY requirements.txt extra/wheels /x/
RUN --mount=type=cache,target=/c \\
    pip install \\
      -r requirements.txt
RUN ["make", "all"]
FROM nowhere/at-all:1
COPY --from=build /x /x
ADD ./model.bin /models/
"""


def _error(message: str, **extensions: object) -> QueryError:
    return QueryError(
        [QueryErrorValue(message=message, extensions=dict(extensions))], gql.GraphQLRequest("{ x }")
    )


def _exec(*command: str) -> QueryError:
    return _error("exit code: 1", _type="EXEC_ERROR", cmd=list(command), exitCode=1, stdout="", stderr="")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(_exec("/bin/sh", "-c", "pip install       -r requirements.txt"), 4, id="shell form"),
        pytest.param(_exec("make", "all"), 7, id="JSON form"),
        pytest.param(_exec("/bin/sh", "-c", "apt-get update"), 0, id="ONBUILD of the base"),
        pytest.param(_error("x/Dockerfile:9: model.bin: no such file"), 9, id="numbered by the engine"),
        pytest.param(_error(".pipeline.Dockerfile:2: base name"), 2, id="outside of its context"),
        pytest.param(_error("dockerfile parse error on line 5: unknown instruction"), 5, id="syntax"),
        pytest.param(_error("lstat /model.bin: no such file or directory"), 10, id="COPY from context"),
        pytest.param(_error('"/extra/wheels": not found'), 3, id="one source of two"),
        pytest.param(_error("nowhere/at-all:1: not found"), 8, id="base"),
        pytest.param(_error("the engine has gone"), 0, id="something else"),
    ],
)
def test_the_line_of_a_failed_build(error: QueryError, line: int) -> None:
    assert failed_line(read_dockerfile(DOCKERFILE, "x/Dockerfile"), error) == line


ROOT = Path(__file__).parents[2] / "fleet"
UNITS = survey(load_catalog(ROOT), Sources(ROOT), Names(registry="r", organisation="o", namespace="n")).units
STAGES = """\
ARG BASE_IMAGE
FROM golang:1.22 AS build
RUN make
ONBUILD RUN make check
FROM build AS checked
FROM ${BASE_IMAGE} AS app
RUN ["make", "all"]
FROM busybox AS debug
"""


@pytest.mark.parametrize(
    ("onbuild", "target", "command", "spot"),
    [
        pytest.param((), "", ("sh", "-c", "make"), (3, ""), id="a RUN of the file"),
        pytest.param(("RUN install",), "app", ("sh", "-c", "install"), (6, "family"), id="of the family"),
        pytest.param(("COPY . /", 'RUN ["a", "b"]'), "", ("a", "b"), (6, "family"), id="in JSON form"),
        pytest.param((), "", ("sh", "-c", "make check"), (5, "build"), id="of a stage before"),
        pytest.param((), "app", ("sh", "-c", "other"), (6, "family"), id="of a family built elsewhere"),
        pytest.param((), "build", ("sh", "-c", "other"), (2, "golang:1.22"), id="of an image outside"),
        pytest.param((), "no-such", ("sh", "-c", "other"), (0, ""), id="no such stage"),
    ],
)
def test_a_trigger_is_blamed_on_the_from_that_ran_it(
    tmp_path: Path, onbuild: tuple[str, ...], target: str, command: tuple[str, ...], spot: tuple[int, str]
) -> None:
    (tmp_path / "Dockerfile").write_text(STAGES)
    unit = replace(UNITS[0], dockerfile="Dockerfile", base="family", onbuild=onbuild, target=target)
    found = Spots(root=tmp_path, catalog="fleet.toml").of_build(unit, _exec(*command))
    assert (found.file, found.line, found.onbuild) == ("Dockerfile", *spot)


def test_a_block_says_that_it_was_the_bases_onbuild() -> None:
    scene = Scene(subject="x", stage="build", reproduce=(), spot=Spot("Dockerfile", 2, onbuild="family"))
    block = from_error(scene, _exec("sh", "-c", "install"))
    assert block.what == "a command ended with 1: it is an ONBUILD of family, run by this FROM"
    assert from_error(replace(scene, spot=Spot()), _exec("sh")).what == "a command ended with 1"


def test_the_line_of_a_service() -> None:
    spots = Spots(root=ROOT, catalog="fleet.toml")
    rows = (ROOT / "fleet.toml").read_text().splitlines()
    for unit in UNITS:
        for service in unit.services:
            spot = spots.of_service(unit, service.name)
            assert spot.file == "fleet.toml"
            table, name = rows[spot.line - 1 : spot.line + 1]
            assert f".{unit.name}]" in table or (f".{unit.name}.services]]" in table and service.name in name)


def test_what_ended_a_run_is_told_without_the_token() -> None:
    access = Access(names=Names(registry="r", organisation="o", namespace="n"), username="u", token="s3cr3t")
    fleet: Any = SimpleNamespace(access=access)
    request: Any = None
    account = Account(request=request, function="run", fleet=fleet)
    account.fail(_error("GET https://u:s3cr3t@r/v2/: refused"))
    assert [each.message for each in account.findings] == ["GET https://u:***@r/v2/: refused"]


def test_the_kind_of_what_ended_a_run_is_one_with_an_exit_code() -> None:
    class DeniedError(RegistryError):
        """As those of the registry client."""

    [finding] = error_findings(DeniedError("refuses", where="ghcr.io/x", next_step="log in"))
    assert (finding.rule, finding.subject, finding.fix) == ("registry", "ghcr.io/x", "log in")
    [engine] = error_findings(_error("load xxh3:1: inputs: no space left on device"))
    assert (engine.rule, engine.message) == ("engine", "no space left on device")
    assert "full" in engine.fix
