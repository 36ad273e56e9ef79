"""What the host knows and the module cannot: settings and logins, as values of flags that were not given."""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.host.call.locate import Location, is_own
from pipeline.host.call.model import Address, Call, Function, Parameter
from pipeline.host.call.objects import is_remote
from pipeline.host.call.unread import unread
from pipeline.host.credentials import find_login
from pipeline.host.fleet_here import fleet_here

_REGISTRY = "ghcr.io"
_PREFIX = "PIPELINE_"
_DEPLOYED = "FORCE_IMAGE_TAG"
_LOGIN = frozenset({"registry", "username", "token"})


def deployed_tag(
    function: Function, values: Mapping[str, Any], *, environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """FORCE_IMAGE_TAG as ``--tag``, where a deployment is meant and no tag was given.

    That is what the supervisor deploys by: for a Compose file, and for the smoke tests of what is published.
    """
    meant = function.key == "compose" or (function.key == "verify" and values.get("smoke"))
    tag = environment.get(_DEPLOYED, "")
    return {"tag": tag} if meant and tag and "tag" not in values else {}


def with_settings(constructor: Call, *, folder: Path) -> Call:
    """The constructor's call with PIPELINE_* of the environment, and of ``.env`` in a folder, as its flags.

    Raises UsageError for what cannot be used.
    """
    missing = {
        each.key: each for each in constructor.function.parameters if each.key not in constructor.values
    }
    # NB: pydantic-settings takes 0.1 s to import: only where there is something for it to read.
    if not (folder / ".env").exists() and not any(f"{_PREFIX}{key.upper()}" in os.environ for key in missing):
        return constructor
    from pipeline.catalog.settings import set_on_host

    found = {
        key: _as_flag(missing[key], value) for key, value in set_on_host(folder).items() if key in missing
    }
    return replace(constructor, values={**constructor.values, **found})


def with_fleet_here(constructor: Call, location: Location, *, folder: Path) -> Call:
    """The constructor's call with the fleet that one is in, where nothing says which.

    NB: only for the module of this project: its default is the example beside it, which nobody means who is
    in a fleet of their own.
    """
    parameter = next((each for each in constructor.function.parameters if each.key == "source"), None)
    if parameter is None or parameter.key in constructor.values or not is_own(location):
        return constructor
    found = fleet_here(folder, _catalog(constructor))
    if found is None or found == location.default_path(parameter.default_path):
        return constructor
    source = Address(parameter.type.name, os.path.relpath(found, folder), parameter.ignore)
    return replace(constructor, values={**constructor.values, parameter.key: source})


def without_unread(constructor: Call, location: Location) -> Call:
    """The constructor's call with a source that leaves out what no build of the fleet can read."""
    source = constructor.values.get("source")
    if not isinstance(source, Address) or is_remote(source) or not is_own(location):
        return constructor
    found = unread(source_of(constructor, location), _catalog(constructor), ignore=source.ignore)
    lean = replace(source, ignore=(*source.ignore, *found))
    return replace(constructor, values={**constructor.values, "source": lean})


def _as_flag(parameter: Parameter, value: Any) -> Any:
    if parameter.type.kind != "core":
        return value
    if parameter.type.name == "Secret":
        return Address("Secret", f"{_PREFIX}{parameter.key.upper()}", value=str(value))
    return Address(parameter.type.name, str(value), parameter.ignore)


def with_login(constructor: Call, location: Location, *, environment: Mapping[str, str] = os.environ) -> Call:
    """The constructor's call with the login of this machine, where its flags say none.

    It is for one registry, the fleet's: where a scratch registry on another host is named too, which would
    be shown the same login, none is looked up.
    """
    keys = {parameter.key for parameter in constructor.function.parameters}
    values = constructor.values
    if not keys >= _LOGIN or values.get("token") is not None:
        return constructor
    host = str(values.get("registry") or _catalogs_registry(constructor, location) or _REGISTRY)
    scratch = str(values.get("scratch_registry") or "").partition("/")[0]
    if scratch not in ("", host):
        return constructor
    login = find_login(host, environment=environment, warn=_warn)
    if login is None or values.get("username") not in (None, "", login.username):
        return constructor
    token = Address("Secret", f"login of {host}", value=login.secret)
    return replace(constructor, values={**values, "username": login.username, "token": token})


def _warn(line: str) -> None:
    sys.stderr.write(f"Warning: {line}\n")


def _catalogs_registry(constructor: Call, location: Location) -> str:
    """NB: a catalog that is absent or malformed is told by the module itself, not here."""
    try:
        text = (source_of(constructor, location) / _catalog(constructor)).read_text(encoding="utf-8")
        registry: Any = tomllib.loads(text)["fleet"]["registry"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return registry if isinstance(registry, str) else ""


def source_of(constructor: Call, location: Location) -> Path:
    """The fleet's directory on this machine: as given, else where the module's default points."""
    given = constructor.values.get("source")
    if isinstance(given, Address):
        return Path(given.text.removeprefix("file://")).expanduser()
    default = next(
        (each.default_path for each in constructor.function.parameters if each.key == "source"), ""
    )
    return location.default_path(default) if default else Path()


def _catalog(constructor: Call) -> str:
    return str(constructor.values.get("catalog") or "fleet.toml")
