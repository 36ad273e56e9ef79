"""Which fleet is meant where no --source says: the one that one is in, not the example of this project."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.host.call.defaults import with_fleet_here
from pipeline.host.call.locate import Location, locate
from pipeline.host.call.model import Address, Call, Function, Parameter, Type
from pipeline.host.fleet_here import fleet_here, meant_source
from pipeline.host.machine import tag


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A work tree with one fleet in it, and a catalog above it that is not of this work tree."""
    for path in ("fleet.toml", "top/mine/fleet.toml", "top/mine/other.toml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    for folder in ("top/.git", "top/mine/service", "top/docs"):
        (tmp_path / folder).mkdir()
    return tmp_path / "top"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPELINE_SOURCE", raising=False)


@pytest.mark.parametrize(
    ("at", "catalog", "found"),
    [
        ("mine", "", "mine"),
        ("mine/service", "", "mine"),
        ("mine", "other.toml", "mine"),
        ("mine", "none.toml", None),
        ("docs", "", None),
        (".", "", None),
    ],
)
def test_the_nearest_catalog_of_the_work_tree(place: Path, at: str, catalog: str, found: str | None) -> None:
    assert fleet_here(place / at, catalog) == (found and place / found)


def typed(**values: str) -> Call:
    directory = Parameter(
        key="source", flag="source", type=Type(kind="core", name="Directory"), default_path="/fleet"
    )
    function = Function(name="", key="", returns=Type(kind="object"), parameters=(directory,))
    return Call(function=function, values=values)


def sources(location: Location, folder: Path, **values: str) -> object:
    return with_fleet_here(typed(**values), location, folder=folder).values.get("source")


def test_a_call_means_the_fleet_that_one_is_in(place: Path) -> None:
    own = locate(None, start=place)
    assert sources(own, place / "mine") == Address("Directory", ".")
    assert sources(own, place / "mine/service") == Address("Directory", "..")


def test_a_call_without_a_fleet_around_it_means_what_the_module_says(place: Path) -> None:
    own = locate(None, start=place)
    assert sources(own, place / "docs") is None
    assert sources(own, own.default_path("/fleet")) is None


def test_what_is_given_and_other_modules_are_left_alone(place: Path) -> None:
    own = locate(None, start=place)
    assert sources(own, place / "mine", source="elsewhere") == "elsewhere"
    assert sources(replace(own, folder=place), place / "mine") is None


@pytest.mark.usefixtures("bare")
def test_a_command_means_a_setting_then_the_fleet_here_then_a_folder_fleet(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert meant_source(place / "docs") == Path("fleet")
    assert meant_source(place / "mine/service") == Path("..")
    (place / "mine/.env").write_text("PIPELINE_SOURCE=../set\n")
    assert meant_source(place / "mine") == place / "mine/../set"
    monkeypatch.setenv("PIPELINE_SOURCE", "/set")
    assert meant_source(place / "mine") == Path("/set")


@pytest.mark.usefixtures("bare")
def test_a_tag_of_no_fleet_says_how_to_name_one(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place / "docs")
    assert tag.main([]) == 2
    assert capsys.readouterr().err == (
        "pipeline tag: fleet: there is no such directory\n  next: name the fleet's: --source DIR\n"
    )
