"""Images in Docker's store, and what a registry has under a reference."""

import base64
import json
import re
from typing import Any

from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.model import Auth, DockerError, DockerImage

# https://github.com/opencontainers/image-spec/blob/main/config.md, and Docker's own keys
CONFIG = (
    *("Env", "Cmd", "Entrypoint", "User", "WorkingDir", "Labels", "ExposedPorts", "Volumes"),
    *("Healthcheck", "StopSignal", "Shell", "OnBuild"),
)


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


async def resolve(client: Client, reference: str, *, auth: Auth | None = None) -> str:
    """The digest that the registry has under ``reference`` now (for a multi-platform image the index's)."""
    if "@sha256:" in reference:
        return reference.partition("@")[2]
    try:
        found = await client.json("GET", f"distribution/{reference}/json", headers=header(auth))
    except ApiError as error:
        raise refused(reference, error.what) from error
    return found["Descriptor"]["digest"]


async def untag(client: Client, name: str) -> None:
    """Take a name away; the image goes with its last one, its layers stay."""
    try:
        await client.bytes("DELETE", f"images/{name}", params={"noprune": "1"})
    except ApiError as error:
        if error.status not in {404, 409}:
            raise


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
