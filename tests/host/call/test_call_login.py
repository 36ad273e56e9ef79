"""The login of this machine as values of flags: for the fleet's registry, where the flags say none."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.host.call.defaults import deployed_tag, with_login, with_settings
from pipeline.host.call.locate import Location
from pipeline.host.call.model import Address, Call, Function, Parameter, Type

KEYS = ("source", "catalog", "registry", "username", "token", "scratch_registry")


@pytest.fixture
def location(tmp_path: Path) -> Location:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/fleet.toml").write_text('[fleet]\nregistry = "toml.io"\n')
    (tmp_path / "fleet/other.toml").write_text('[fleet]\nregistry = "other.io"\n')
    (tmp_path / "fleet/wrong.toml").write_text("[fleet\n")
    (tmp_path / "fleet/silent.toml").write_text("[fleet]\n")
    return Location(name="m", folder=tmp_path, source=tmp_path, context=tmp_path, entry="m:M")


def call(*, keys: tuple[str, ...] = KEYS, **values: Any) -> Call:
    text = Type(kind="string", name="string")
    paths = {"source": "/fleet"}
    parameters = tuple(
        Parameter(key=key, flag=key.replace("_", "-"), type=text, default_path=paths.get(key, ""))
        for key in keys
    )
    return Call(function=Function(name="", key="", returns=text, parameters=parameters), values=values)


def filled(given: Call, location: Location) -> Call:
    """With a login, named like its host, at each of these registries."""
    auths = {
        host: {"auth": base64.b64encode(f"at-{host}:secret".encode()).decode()}
        for host in ("ghcr.io", "toml.io", "other.io", "flag.io")
    }
    (location.folder / "config.json").write_text(json.dumps({"auths": auths}))
    return with_login(given, location, environment={"DOCKER_CONFIG": str(location.folder), "PATH": ""})


@pytest.mark.parametrize(
    ("values", "host"),
    [
        ({}, "toml.io"),
        ({"registry": "flag.io"}, "flag.io"),
        ({"catalog": "other.toml"}, "other.io"),
        ({"catalog": "wrong.toml"}, "ghcr.io"),
        ({"catalog": "silent.toml"}, "ghcr.io"),
        ({"username": "at-toml.io"}, "toml.io"),
        ({"scratch_registry": "toml.io/scratch"}, "toml.io"),
    ],
)
def test_the_login_is_that_of_the_fleet_s_registry(values: Any, host: str, location: Location) -> None:
    found = filled(call(**values), location).values
    assert found["username"] == f"at-{host}"
    assert found["token"] == Address("Secret", f"login of {host}", value="secret")
    assert {key: value for key, value in found.items() if key in values} == values


@pytest.mark.parametrize(
    "given",
    [
        call(token=Address("Secret", "env:X"), username="me"),
        call(token=Address("Secret", "env:X")),
        call(username="somebody else"),
        call(registry="unknown.io"),
        call(scratch_registry="elsewhere.io/scratch"),
        call(keys=("registry", "username")),
        call(keys=("source",)),
    ],
    ids=["both", "token", "another user", "no login", "another scratch", "no token flag", "another module"],
)
def test_otherwise_nothing_is_filled_in(given: Call, location: Location) -> None:
    assert filled(given, location) is given


def test_the_source_may_be_named(location: Location, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "fleet.toml").write_text('[fleet]\nregistry = "other.io"\n')
    found = filled(call(source=Address("Directory", str(folder))), location)
    assert found.values["username"] == "at-other.io"


def test_the_secret_does_not_show(location: Location) -> None:
    assert "secret'" not in repr(filled(call(), location).values["token"])


def typed() -> Call:
    """A constructor with flags of every kind that a setting is for."""
    kinds = {"source": "Directory", "token": "Secret"}
    parameters = tuple(
        Parameter(
            key=key,
            flag=key,
            type=Type(kind="core", name=kinds[key]) if key in kinds else Type(kind="string", name="string"),
            ignore=("x",),
        )
        for key in KEYS
    )
    return Call(function=Function(name="", key="", returns=Type(kind="object"), parameters=parameters))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for key in KEYS:
        monkeypatch.delenv(f"PIPELINE_{key.upper()}", raising=False)
    return tmp_path


def test_settings_are_flags_that_were_not_given(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("PIPELINE_REGISTRY=dotenv.io\nPIPELINE_USERNAME=me\nOTHER=1\n")
    monkeypatch.setenv("PIPELINE_TOKEN", "secret")
    monkeypatch.setenv("PIPELINE_SOURCE", "elsewhere")
    monkeypatch.setenv("PIPELINE_USERNAME", "you")
    monkeypatch.setenv("PIPELINE_LOCAL_REGISTRY", "no setting")
    given = replace(typed(), values={"username": "flag"})
    assert with_settings(given, folder=bare).values == {
        "username": "flag",
        "registry": "dotenv.io",
        "token": Address("Secret", "PIPELINE_TOKEN", value="secret"),
        "source": Address("Directory", "elsewhere", ("x",)),
    }
    assert with_settings(typed(), folder=bare).values["username"] == "you"


def test_without_settings_nothing_is_read(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_LOCAL_REGISTRY", "no setting")
    given = typed()
    assert with_settings(given, folder=bare) is given


def test_a_setting_that_cannot_be_used_is_told(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("PIPELINE_JOBS=many\n")
    with pytest.raises(UsageError, match="PIPELINE_JOBS"):
        with_settings(typed(), folder=bare)


@pytest.mark.parametrize(
    ("key", "values", "found"),
    [
        pytest.param("compose", {}, {"tag": "T"}, id="compose"),
        pytest.param("verify", {"smoke": True}, {"tag": "T"}, id="verify --smoke"),
        pytest.param("verify", {}, {}, id="verify is about a release that is named"),
        pytest.param("compose", {"tag": "mine"}, {}, id="a flag comes first"),
        pytest.param("promote", {}, {}, id="what changes something needs a flag"),
    ],
)
def test_the_supervisor_s_variable_is_read_where_a_deployment_is_meant(
    key: str, values: dict[str, Any], found: dict[str, str]
) -> None:
    function = Function(name=key, key=key, returns=Type(kind="string", name="string"))
    assert deployed_tag(function, values, environment={"FORCE_IMAGE_TAG": "T"}) == found
    assert deployed_tag(function, values, environment={"FORCE_IMAGE_TAG": ""}) == {}
