"""Images in Docker's store: look at them, pull them as the registry has them now."""

import asyncio
import base64
import json
import re
from typing import Any
from weakref import WeakValueDictionary

from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.events import Event, Listener
from pipeline.local.docker.model import Auth, DockerError, DockerImage

# https://github.com/opencontainers/image-spec/blob/main/config.md, and Docker's own keys
CONFIG = (
    *("Env", "Cmd", "Entrypoint", "User", "WorkingDir", "Labels", "ExposedPorts", "Volumes"),
    *("Healthcheck", "StopSignal", "Shell", "OnBuild"),
)

_PULLS = 2  # the second where another process pulled another platform meanwhile
_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def inspect(client: Client, reference: str, *, digest: str = "") -> DockerImage | None:
    """The image under this id or reference, None if there is none."""
    try:
        found = await client.json("GET", f"images/{reference}/json")
    except ApiError as error:
        if error.status in {400, 404}:
            return None
        raise
    return _image(found, digest)


async def known(client: Client, image: str) -> DockerImage:
    """The image with this id, which was there a moment ago."""
    found = await inspect(client, image)
    if found is None:
        raise DockerError(f"{image} has been removed from Docker's store meanwhile; run the same again")
    return found


async def pull(
    client: Client, reference: str, *, platform: str, auth: Auth | None, on_event: Listener
) -> DockerImage:
    """The image as the registry has it; see `Docker.pull`."""
    digest = await resolve(client, reference, auth=auth)
    name = f"{repository(reference)}@{digest}"
    # NB: of an index Docker has one image under this name, that of the platform that was pulled last
    async with _locks.setdefault(name, asyncio.Lock()):
        for _ in range(_PULLS):
            there = await inspect(client, name, digest=digest)
            if there and matches(there.platform, platform):
                return there
            await _pull(client, reference, digest, platform=platform, auth=auth, on_event=on_event)
        pulled = await inspect(client, name, digest=digest)
    if pulled is None:
        raise DockerError("pulled, and not in Docker's store afterwards", where=reference)
    return pulled  # of another platform: it is no index, and engines take it as it is


async def _pull(
    client: Client, reference: str, digest: str, *, platform: str, auth: Auth | None, on_event: Listener
) -> None:
    name = f"{repository(reference)}@{digest}"
    params = {"fromImage": name, "platform": platform}
    on_event(Event(kind="pull", name=reference, text=digest))
    try:
        async for message in client.messages("POST", "images/create", params=params, headers=header(auth)):
            if "error" in message:
                raise refused(reference, message["error"])
            if "id" not in message:  # not a layer's progress
                on_event(Event(kind="pull", name=reference, text=message.get("status", "")))
    except ApiError as error:
        raise refused(reference, error.what) from error


async def resolve(client: Client, reference: str, *, auth: Auth | None = None) -> str:
    """The digest that the registry has under ``reference`` now (for a multi-platform image the index's)."""
    if "@sha256:" in reference:
        return reference.partition("@")[2]
    try:
        found = await client.json("GET", f"distribution/{reference}/json", headers=header(auth))
    except ApiError as error:
        raise refused(reference, error.what) from error
    return found["Descriptor"]["digest"]


def refused(reference: str, message: str) -> DockerError:
    """What a registry answered, about this reference."""
    text = message.strip()
    if re.search(
        r"manifest unknown|name unknown|repository name not known|(^|: )not found", text, re.IGNORECASE
    ):
        return DockerError("not found", where=reference)
    if text.startswith("invalid reference format") and (bad := _bad_name(reference)):
        return DockerError(f"invalid reference format: {bad}", where=reference)
    return DockerError(text, where=reference)


def repository(reference: str) -> str:
    """``reference`` without tag and digest."""
    name = reference.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"


def matches(platform: str, wanted: str) -> bool:
    """Whether "linux/arm64/v8" will do for "linux/arm64"."""
    return not wanted or f"{platform}/".startswith(f"{wanted}/")


def header(auth: Auth | None) -> dict[str, str]:
    """Credentials for one request: never the user's configuration file, never stored by the daemon."""
    if auth is None:
        return {}
    raw = json.dumps({"username": auth.username, "password": auth.secret}).encode()
    return {"X-Registry-Auth": base64.urlsafe_b64encode(raw).decode()}


def _bad_name(reference: str) -> str:
    name = repository(reference)
    path = name.partition("/")[2] if re.match(r"[^/]*[.:][^/]*/|localhost/", name) else name
    return f"repository name ({path}) must be lowercase" if path != path.lower() else ""


def _image(found: dict[str, Any], digest: str) -> DockerImage:
    config = found.get("Config") or {}
    variant = f"/{found['Variant']}" if found.get("Variant") else ""
    return DockerImage(
        id=found["Id"],
        config={key: config[key] for key in CONFIG if config.get(key)},
        layers=tuple((found.get("RootFS") or {}).get("Layers") or ()),
        platform=f"{found['Os']}/{found['Architecture']}{variant}",
        digest=digest,
    )
