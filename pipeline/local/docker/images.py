"""Images in Docker's store: look at them, pull and push them, and keep so many of those that were made here.

What is kept has a name of ours: without one it could not be told from others', and `push` would delete it
with its last tag.
"""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any
from weakref import WeakValueDictionary

from pipeline.docker_host.client import ApiError, Client, DockerError
from pipeline.folders import alone
from pipeline.local.docker.model import Auth, DockerImage, Event, Listener
from pipeline.local.docker.owner import KIND

# https://github.com/opencontainers/image-spec/blob/main/config.md, and Docker's own keys
CONFIG = (
    *("Env", "Cmd", "Entrypoint", "User", "WorkingDir", "Labels", "ExposedPorts", "Volumes"),
    *("Healthcheck", "StopSignal", "Shell", "OnBuild"),
)
ABSENT = re.compile(r"manifest unknown|name unknown|repository name not known|(^|: )not found", re.IGNORECASE)
# NB: Docker's own store also tells it in a message of its own, containerd's does not.
PUSHED = re.compile(r": digest: (sha256:[0-9a-f]{64}) size: \d+$")
CACHE = "pipeline.local/cache"
_LENT = ".lent"  # a file of a run's folder: whose a name was that an image has for a push
ROUNDS = 3  # more than one where another process pulls another platform of the same index meanwhile
MOST = 200  # images; they share their layers
YOUNG = 3600  # seconds: what was used since then may be in use

# of pulls by name
_busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def inspect(
    client: Client, reference: str, *, digest: str = "", platform: str = ""
) -> DockerImage | None:
    """The image in Docker's own store under this id or reference, None if there is none."""
    wanted = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    params = {"platform": json.dumps(wanted)} if platform else {}
    try:
        found = await client.json("GET", f"images/{reference}/json", params=params)
    except ApiError as error:
        if error.status in {400, 404}:
            return None
        raise
    config = found.get("Config") or {}
    variant = f"/{found['Variant']}" if found.get("Variant") else ""
    return DockerImage(
        id=found["Id"],
        config={key: config[key] for key in CONFIG if config.get(key)},
        layers=tuple((found.get("RootFS") or {}).get("Layers") or ()),
        platform=f"{found['Os']}/{found['Architecture']}{variant}",
        digest=digest,
    )


async def known(client: Client, image: str, *, digest: str = "") -> DockerImage:
    """The image under this id or reference, which was there a moment ago."""
    found = await inspect(client, image, digest=digest)
    if found is None:
        raise DockerError(f"{image} has been removed from Docker's store meanwhile; run the same again")
    return found


async def pull(
    client: Client, reference: str, *, platform: str, auth: Auth | None, on_event: Listener
) -> DockerImage:
    """The image as the registry has it now: asks for the digest, pulls name@digest unless it is there.

    A local tag of the same name is never looked at. Raises DockerError "REFERENCE: not found" and the like.
    """
    try:
        digest = reference.partition("@")[2] or (await _described(client, reference, auth))["digest"]
        name = f"{repository(reference)}@{digest}"
        async with _busy.setdefault(name, asyncio.Lock()):
            tell = partial(Event, kind="pull", name=reference)
            return await _pulled(client, name, platform, auth, lambda text: on_event(tell(text=text)))
    except ApiError as error:
        raise refused(reference, error) from error


async def _pulled(
    client: Client, name: str, platform: str, auth: Auth | None, tell: Callable[[str], None]
) -> DockerImage:
    digest = name.partition("@")[2]
    for _ in range(ROUNDS):
        there = await inspect(client, name, digest=digest)
        if there and matches(there.platform, platform):
            return there
        # NB: containerd's store has all images of an index under one name, and tells of another platform's if
        # it is asked (from API 1.49 on); Docker's store tells of the one that is there, whatever it is asked.
        one = await inspect(client, name, platform=platform) if there else None
        if one and matches(one.platform, platform):
            found = await _pulled(client, f"{repository(name)}@{one.id}", platform, auth, tell)
            return replace(found, digest=digest)
        tell(digest)
        try:
            params = {"fromImage": name, "platform": platform}
            async for message in client.messages("images/create", params=params, headers=header(auth)):
                if "id" not in message:  # not a layer's progress
                    tell(message.get("status", ""))
        except ApiError as error:
            if there is None or not re.search("(?i)cannot overwrite digest", error.what):
                raise
            # NB: of an index Docker has one image under its digest: the other one gets our name.
            await keep(client, there.id)
            await client.delete(f"images/{name}", noprune="1")
    pulled = await known(client, name, digest=digest)
    if not matches(pulled.platform, platform) and await _is_index(client, name, auth):
        raise DockerError(f"Docker has its image for {pulled.platform}, not for {platform}", where=name)
    return pulled  # NB: of another platform and no index: engines take it as it is


async def _is_index(client: Client, reference: str, auth: Auth | None) -> bool:
    media_type = (await _described(client, reference, auth)).get("mediaType", "")
    return "manifest.list" in media_type or "image.index" in media_type


async def _described(client: Client, reference: str, auth: Auth | None) -> dict[str, Any]:
    """What the registry has under a reference now: media type, digest (of an index its own), size."""
    found = await client.json("GET", f"distribution/{reference}/json", headers=header(auth))
    return found["Descriptor"]


async def push(
    client: Client,
    image: DockerImage,
    reference: str,
    *,
    auth: Auth | None,
    on_event: Listener,
    folder: Path,
) -> str:
    """Push as ``reference`` (name:tag), give the digest; a local tag of that name stays as it was.

    ``folder`` is the run's: meanwhile it says whose the name was (`give_back`).
    """
    name, tag = repository(reference), reference.removeprefix(repository(reference)).removeprefix(":")
    if "@" in reference:
        raise DockerError("push needs a tag, not a digest", where=reference)
    on_event(Event(kind="push", name=reference, text=image.id))
    try:
        async with _tagged(client, image, name, tag or "latest", folder):
            return await _sent(client, name, tag or "latest", auth, on_event)
    except ApiError as error:
        raise refused(reference, error) from error


@asynccontextmanager
async def _tagged(
    client: Client, image: DockerImage, name: str, tag: str, folder: Path
) -> AsyncIterator[None]:
    """Give the image this name; afterwards the name is whose it was before."""
    async with alone(_turn(folder, name, tag)):
        before = await inspect(client, f"{name}:{tag}")
        if before and before.id == image.id:
            yield
            return
        note, old = folder / f"{token_hex(8)}{_LENT}", before.id if before else ""
        note.write_text(f"{client.info['ID']} {name} {tag} {old}")
        try:
            await keep(client, image.id)  # NB: an image whose last name is removed is deleted
            await _tag(client, image.id, name, tag)
            yield
        finally:
            await asyncio.shield(_give_back(client, name, tag, old))
            note.unlink()


def _turn(folder: Path, name: str, tag: str) -> Path:
    """Whose turn it is to give this name: two pushes at a time, of any runs, would take it from each other.

    NB: one of few files for all names, since nobody could remove them.
    """
    return folder.parent / f"push-{int.from_bytes(f'{name}:{tag}'.encode()) % 251:02x}.lock"


async def give_back(client: Client, folder: Path) -> None:
    """Take from images the names that a dead run had given them for a push."""
    with suppress(FileNotFoundError):  # another start does the same just now, and was faster
        for words in _notes(folder):
            # NB: one that is not whole was being written: then no name had been given
            if words[0] == client.info["ID"] and len(words) == 4:
                async with alone(_turn(folder, *words[1:3])):
                    await _give_back(client, *words[1:])


def _notes(folder: Path) -> list[list[str]]:
    return [note.read_text().split(" ") for note in folder.glob(f"*{_LENT}")]


async def _give_back(client: Client, name: str, tag: str, before: str) -> None:
    if before and await inspect(client, before):  # it may have been removed meanwhile
        await _tag(client, before, name, tag)
    else:
        await client.delete(f"images/{name}:{tag}", noprune="1")


async def _sent(client: Client, name: str, tag: str, auth: Auth | None, on_event: Listener) -> str:
    digest = ""
    headers = header(auth) or {"X-Registry-Auth": "e30="}  # "{}": the header itself must be there
    async for message in client.messages(f"images/{name}/push", params={"tag": tag}, headers=headers):
        status = message.get("status", "")
        if status and ("id" not in message or status.startswith("Retrying")):
            on_event(Event(kind="push", name=f"{name}:{tag}", text=status))
        if named := PUSHED.search(status):
            digest = named[1]
    if not digest:
        raise DockerError("the registry took it without naming a digest", where=f"{name}:{tag}")
    return digest


async def keep(client: Client, image: str) -> DockerImage:
    """Give the image (by id, or by that name) its name in the cache: the newest use counts."""
    name, _, tag = cached(image).partition(":")
    await _tag(client, image, name, tag)
    return await known(client, image)


def cached(digest: str) -> str:
    """A name in the cache. NB: an image that has none yet when its maker is killed is nobody's, and stays."""
    return f"{CACHE}:{digest.rpartition(':')[2][:32]}"


async def _tag(client: Client, image: str, name: str, tag: str) -> None:
    await client.bytes("POST", f"images/{image}/tag", params={"repo": name, "tag": tag})


async def trim(client: Client) -> None:
    """Remove the longest unused images beyond the most that are kept.

    NB: Docker tells a last use only image by image: not for every run.
    """
    names = await _kept(client)
    if len(names) <= MOST:
        return
    used = sorted([(await _last_use(client, name), name) for name in names])
    for last, name in used[: len(names) - MOST]:
        if last < time.time() - YOUNG:
            await client.delete(f"images/{name}")


async def forget(client: Client) -> int:
    """Remove every image and cache volume that any run has kept (`pipeline clean`); gives how many."""
    filters = json.dumps({"label": [f"{KIND}=cache"]})
    volumes = await client.json("GET", "volumes", params={"filters": filters})
    paths = [f"images/{name}" for name in await _kept(client)]
    paths += [f"volumes/{volume['Name']}" for volume in volumes["Volumes"] or ()]
    return sum(await asyncio.gather(*map(client.delete, paths)))


async def _kept(client: Client) -> list[str]:
    listed = await client.json("GET", "images/json", params={"filters": json.dumps({"reference": [CACHE]})})
    return [name for image in listed for name in image["RepoTags"] or () if name.startswith(f"{CACHE}:")]


async def _last_use(client: Client, name: str) -> float:
    try:
        found = await client.json("GET", f"images/{name}/json")
        told = found["Metadata"]["LastTagTime"]
        return datetime.fromisoformat(told[:19] + "+00:00").timestamp()
    except (ApiError, KeyError, ValueError):
        return 0.0


def refused(reference: str, error: DockerError) -> DockerError:
    """What a registry answered, about this reference."""
    text = re.sub(r"^(errors?:\s*)+|: no match for platform in manifest: not found$", "", error.what)
    return DockerError("not found" if ABSENT.search(text) else text, where=reference)


def repository(reference: str) -> str:
    """``reference`` without tag and digest."""
    head, slash, tail = reference.partition("@")[0].rpartition("/")
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
