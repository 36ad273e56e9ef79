"""Logins that this machine has already: Docker's config file, its credential helpers, a GitHub Actions job.

Config file: https://docs.docker.com/reference/cli/docker/login/#credential-stores, helpers:
https://github.com/docker/docker-credential-helpers ("Development": the protocol over stdin and stdout).
"""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Warn = Callable[[str], None]

_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HELPER_SECONDS = 30.0  # a desktop's key store may ask the user
_DOCKER_HUB = {"docker.io": "index.docker.io"}


@dataclass(frozen=True)
class Login:
    """A user's name and secret for one registry; the secret never shows."""

    username: str
    secret: str = field(repr=False)


def find_login(host: str, *, environment: Mapping[str, str], warn: Warn) -> Login | None:
    """Whom this machine is logged in as at a registry: as for `docker push`, else the job of a workflow.

    ``warn`` gets a line for a login that is there but cannot be used; then the registry is asked without one.
    """
    return _from_docker(host, environment, warn) or _from_workflow(host, environment)


def _from_workflow(host: str, environment: Mapping[str, str]) -> Login | None:
    """GITHUB_TOKEN, where the workflow gave it to this step; GHCR takes any user name with it."""
    token = environment.get("GITHUB_TOKEN", "")
    if host != "ghcr.io" or environment.get("GITHUB_ACTIONS") != "true" or not token:
        return None
    return Login(environment.get("GITHUB_ACTOR") or "github-actions", token)


def _from_docker(host: str, environment: Mapping[str, str], warn: Warn) -> Login | None:
    folder = environment.get("DOCKER_CONFIG") or str(Path(environment.get("HOME", "/")) / ".docker")
    path = Path(folder) / "config.json"
    config = _read(path, warn)
    name = _DOCKER_HUB.get(host, host)
    entries = {_hostname(key): (key, entry) for key, entry in _table(config, "auths").items()}
    key, entry = entries.get(name, (name, None))
    helper = _table(config, "credHelpers").get(host)
    # NB: the general store is asked only where `docker login` left a mark: asking may open a dialog.
    if helper is None and entry is not None:
        helper = config.get("credsStore")
    login = _from_helper(helper, key, environment, warn) if helper else None
    return login or (_from_entry(entry, path, warn) if isinstance(entry, dict) else None)


def _read(path: Path, warn: Warn) -> Mapping[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        warn(f"{path} cannot be read: {error}")
        return {}
    return config if isinstance(config, dict) else {}


def _table(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = config.get(name)
    return table if isinstance(table, dict) else {}


def _hostname(key: str) -> str:
    """Older entries are URLs."""
    return re.sub(r"^https?://", "", key).partition("/")[0]


def _from_entry(entry: Mapping[str, Any], path: Path, warn: Warn) -> Login | None:
    if entry.get("identitytoken"):
        warn(f"{path} holds an identity token, which is not understood here: pass --username and --token")
        return None
    username, secret = str(entry.get("username", "")), str(entry.get("password", ""))
    if encoded := entry.get("auth"):
        try:
            username, _, secret = (
                base64.b64decode(str(encoded), validate=True).decode().rstrip("\0").partition(":")
            )
        except ValueError:
            warn(f"{path}: an `auth` is not base64 of USER:SECRET")
            return None
    return Login(username, secret) if username and secret else None


def _from_helper(helper: object, server: str, environment: Mapping[str, str], warn: Warn) -> Login | None:
    name = f"docker-credential-{helper}"
    program = shutil.which(name, path=environment.get("PATH")) if _HELPER.fullmatch(str(helper)) else None
    if program is None:
        warn(f"{name}, which Docker's config file names, is not on PATH")
        return None
    try:
        ended = subprocess.run(
            [program, "get"],
            input=server,
            capture_output=True,
            text=True,
            timeout=_HELPER_SECONDS,
            env=dict(environment),
            check=False,
        )
        answer = json.loads(ended.stdout) if ended.returncode == 0 else {}
        login = Login(str(answer.get("Username", "")), str(answer.get("Secret", "")))
    except (OSError, ValueError, AttributeError, subprocess.TimeoutExpired) as error:
        warn(f"{name} did not give a login for {server}: {type(error).__name__}")
        return None
    if ended.returncode and "credentials not found" not in ended.stdout + ended.stderr:
        warn(f"{name} ended with {ended.returncode}")
    if login.username == "<token>":
        warn(f"{name} holds an identity token, which is not understood here: pass --username and --token")
        return None
    return login if login.username and login.secret else None
