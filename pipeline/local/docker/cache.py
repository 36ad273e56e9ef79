"""What outlives a run: images under one name of ours, at most so many; and the volumes of cache mounts.

Without a name of ours an image could not be told from others', and `push` would delete it with its last tag.
"""

import asyncio
import json
import time
from datetime import datetime

from pipeline.local.docker import images
from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.model import DockerImage
from pipeline.local.docker.owner import KIND

NAME = "pipeline.local/cache"
MOST = 200  # images; they share their layers
YOUNG = 3600  # seconds: what was used since then may be in use


async def keep(client: Client, image: str) -> DockerImage:
    """Give the image (by id) its name in the cache: the newest use counts."""
    params = {"repo": NAME, "tag": image.removeprefix("sha256:")[:32]}
    await client.bytes("POST", f"images/{image}/tag", params=params)
    return await images.known(client, image)


async def trim(client: Client) -> None:
    """Remove the longest unused images beyond the most that are kept.

    NB: Docker tells a last use only image by image: not for every run.
    """
    names = await _names(client)
    if len(names) <= MOST:
        return
    used = sorted([(await _last_use(client, name), name) for name in names])
    for last, name in used[: len(names) - MOST]:
        if last < time.time() - YOUNG:
            await _remove(client, f"images/{name}")


async def forget(client: Client) -> int:
    """Remove all that was kept; gives how many."""
    volumes = await client.json(
        "GET", "volumes", params={"filters": json.dumps({"label": [f"{KIND}=cache"]})}
    )
    paths = [f"images/{name}" for name in await _names(client)]
    paths += [f"volumes/{volume['Name']}" for volume in volumes["Volumes"] or ()]
    return sum(await asyncio.gather(*(_remove(client, path) for path in paths)))


async def _names(client: Client) -> list[str]:
    listed = await client.json("GET", "images/json", params={"filters": json.dumps({"reference": [NAME]})})
    return [name for image in listed for name in image["RepoTags"] or () if name.startswith(f"{NAME}:")]


async def _last_use(client: Client, name: str) -> float:
    try:
        found = await client.json("GET", f"images/{name}/json")
        told = found["Metadata"]["LastTagTime"]
        return datetime.fromisoformat(told[:19] + "+00:00").timestamp()
    except (ApiError, KeyError, ValueError):
        return 0.0


async def _remove(client: Client, path: str) -> bool:
    try:
        await client.bytes("DELETE", path)
    except ApiError as error:
        if error.status not in {404, 409}:  # gone, or in use
            raise
        return False
    return True
