"""Logins of this machine: Docker's config file in all its forms, real helper programs, a workflow's job."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.host.credentials import Login, find_login

AUTH = base64.b64encode(b"alice:s:3cret").decode()
ALICE = Login("alice", "s:3cret")
_HELPER = """#!/bin/sh
[ "$1" = get ] || exit 9
read -r server
echo "$server" >> "$ASKED"
case $server in
ghcr.io) echo '{"ServerURL": "ghcr.io", "Username": "alice", "Secret": "s:3cret"}' ;;
token.example.com) echo '{"Username": "<token>", "Secret": "x"}' ;;
broken.example.com) echo 'not JSON' ;;
failing.example.com) echo 'no key store' >&2; exit 1 ;;
*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


class Machine:
    """A home with a Docker config, programs on PATH, and what was warned of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        (folder / ".docker").mkdir()
        (folder / "bin").mkdir()

    def config(self, content: Any) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / ".docker/config.json").write_text(text)

    def helper(self, name: str = "keys") -> None:
        program = self.folder / f"bin/docker-credential-{name}"
        program.write_text(_HELPER)
        program.chmod(0o755)

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().split() if path.exists() else []

    def login(self, host: str = "ghcr.io", **environment: str) -> Login | None:
        known = {"HOME": str(self.folder), "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"}
        known |= {"ASKED": str(self.folder / "asked")}
        return find_login(host, environment=known | environment, warn=self.warnings.append)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("auths", "host"),
    [
        ({"ghcr.io": {"auth": AUTH}}, "ghcr.io"),
        ({"https://ghcr.io/v2/": {"auth": AUTH}}, "ghcr.io"),
        ({"ghcr.io": {"username": "alice", "password": "s:3cret"}}, "ghcr.io"),
        ({"localhost:5000": {"auth": AUTH}}, "localhost:5000"),
        ({"https://index.docker.io/v1/": {"auth": AUTH}}, "docker.io"),
        ({"other": "no table", "ghcr.io": {"auth": AUTH}}, "ghcr.io"),
    ],
)
def test_a_login_in_the_file(machine: Machine, auths: Any, host: str) -> None:
    machine.config({"auths": auths})
    assert machine.login(host) == ALICE
    assert machine.warnings == []


@pytest.mark.parametrize("host", ["example.com", "ghcr.io:443", "evil-ghcr.io", "ghcr.io.example.com"])
def test_a_login_is_for_its_own_host_only(machine: Machine, host: str) -> None:
    machine.config({"auths": {"ghcr.io": {"auth": AUTH}}})
    assert machine.login(host) is None


@pytest.mark.parametrize(
    ("content", "warned"),
    [
        (None, ""),
        ({}, ""),
        ([], ""),
        ({"auths": []}, ""),
        ({"auths": {"ghcr.io": {}}}, ""),
        ("{", "cannot be read"),
        ({"auths": {"ghcr.io": {"auth": "!"}}}, "not base64"),
        ({"auths": {"ghcr.io": {"auth": base64.b64encode(b"alice:").decode()}}}, ""),
        ({"auths": {"ghcr.io": {"identitytoken": "x"}}}, "identity token"),
    ],
)
def test_a_file_without_a_usable_login_is_none(machine: Machine, content: Any, warned: str) -> None:
    if content is not None:
        machine.config(content)
    assert machine.login() is None
    assert [warned in line for line in machine.warnings] == ([True] if warned else [])


def test_another_folder_may_be_named(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"auths": {"ghcr.io": {"auth": AUTH}}}))
    assert machine.login() is None
    assert machine.login(DOCKER_CONFIG=str(other)) == ALICE


@pytest.mark.parametrize(
    "config",
    [
        {"credHelpers": {"ghcr.io": "keys"}},
        {"credsStore": "keys", "auths": {"ghcr.io": {}}},
        {"credsStore": "absent", "credHelpers": {"ghcr.io": "keys"}, "auths": {"ghcr.io": {}}},
    ],
    ids=["of the host", "general", "the host's comes first"],
)
def test_a_helper_is_asked(machine: Machine, config: Any) -> None:
    machine.helper()
    machine.config(config)
    assert machine.login() == ALICE
    assert machine.asked() == ["ghcr.io"]
    assert machine.warnings == []


def test_the_general_store_is_not_asked_for_a_host_without_a_login(machine: Machine) -> None:
    machine.helper()
    machine.config({"credsStore": "keys", "auths": {"example.com": {}}})
    assert machine.login() is None
    assert machine.asked() == []


@pytest.mark.parametrize(
    ("host", "warned"),
    [
        ("unknown.example.com", ""),
        ("token.example.com", "identity token"),
        ("broken.example.com", "did not give a login"),
        ("failing.example.com", "ended with 1"),
    ],
)
def test_a_helper_without_a_login(machine: Machine, host: str, warned: str) -> None:
    machine.helper()
    machine.config({"credHelpers": {host: "keys"}})
    assert machine.login(host) is None
    assert machine.asked() == [host]
    assert [warned in line for line in machine.warnings] == ([True] if warned else [])


@pytest.mark.parametrize("name", ["absent", "../bin/keys", "", None, 7])
def test_a_helper_that_is_not_there_is_told_and_nothing_else_is_run(machine: Machine, name: Any) -> None:
    machine.helper()
    machine.config({"credHelpers": {"ghcr.io": name}, "auths": {"ghcr.io": {"auth": AUTH}}})
    assert machine.login() == ALICE
    assert machine.asked() == []
    assert len(machine.warnings) == bool(name)


WORKFLOW = {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "ghs_x", "GITHUB_ACTOR": "bob"}


def test_a_workflow_s_token_is_for_ghcr(machine: Machine) -> None:
    assert machine.login(**WORKFLOW) == Login("bob", "ghs_x")
    assert machine.login("example.com", **WORKFLOW) is None
    assert machine.login(**WORKFLOW | {"GITHUB_ACTOR": ""}) == Login("github-actions", "ghs_x")


@pytest.mark.parametrize("missing", ["GITHUB_ACTIONS", "GITHUB_TOKEN"])
def test_outside_a_workflow_its_variables_mean_nothing(machine: Machine, missing: str) -> None:
    assert machine.login(**{**WORKFLOW, missing: ""}) is None


def test_a_login_comes_before_the_workflow_s_token(machine: Machine) -> None:
    machine.config({"auths": {"ghcr.io": {"auth": AUTH}}})
    assert machine.login(**WORKFLOW) == ALICE


def test_the_secret_does_not_show() -> None:
    assert "s:3cret" not in repr(ALICE)
