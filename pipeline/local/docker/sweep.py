"""Removes what dead runs left: by their labels, and never anything without them."""

import asyncio
import json
from collections.abc import Iterable, Mapping

from pipeline.local.docker.client import ApiError, Client
from pipeline.local.docker.events import Event, Listener
from pipeline.local.docker.model import DockerError
from pipeline.local.docker.owner import KIND, RUN, Owner, is_dead, owner_of, remove_dead_folders


async def sweep(client: Client, here: Owner, on_event: Listener) -> None:
    """Remove containers, networks, volumes and half-made images of runs whose process has ended."""
    seen = await _labels_of_everything(client, {KIND: "run"})
    owners = {owner.run: owner for owner in map(owner_of, seen) if owner}
    for owner in owners.values():
        if owner.run != here.run and is_dead(owner, here):
            count, _ = await remove_labelled(client, {RUN: owner.run})
            on_event(
                Event(
                    kind="sweep", name=owner.run, text=f"removed {count} things left by process {owner.pid}"
                )
            )
    remove_dead_folders()


async def remove_labelled(client: Client, labels: Mapping[str, str]) -> tuple[int, int]:
    """Remove whatever has all these labels (caches never), containers first.

    Gives how many there were, and how many of them are not gone yet.
    """
    params = {"filters": _filters({KIND: "run", **labels})}
    listing = await client.json("GET", "containers/json", params={**params, "all": "1"})
    left = await _delete_all(client, [f"containers/{one['Id']}?force=1&v=1" for one in listing])
    networks, volumes, images = await asyncio.gather(
        client.json("GET", "networks", params=params),
        client.json("GET", "volumes", params=params),
        client.json("GET", "images/json", params={**params, "all": "1"}),
    )
    paths = [f"networks/{one['Id']}" for one in networks]
    paths += [f"volumes/{one['Name']}?force=1" for one in volumes["Volumes"] or ()]
    paths += [f"images/{one['Id']}?noprune=1" for one in images]
    left += await _delete_all(client, paths)
    return len(listing) + len(paths), left


async def _labels_of_everything(client: Client, labels: Mapping[str, str]) -> list[Mapping[str, str]]:
    params = {"filters": _filters(labels)}
    found = await asyncio.gather(
        client.json("GET", "containers/json", params={**params, "all": "1"}),
        client.json("GET", "networks", params=params),
        client.json("GET", "volumes", params=params),
        client.json("GET", "images/json", params={**params, "all": "1"}),
    )
    lists = [one.get("Volumes") or [] if isinstance(one, dict) else one for one in found]
    return [item.get("Labels") or {} for items in lists for item in items]


async def _delete_all(client: Client, paths: Iterable[str]) -> int:
    """Delete all that can be; gives how many could not, or not yet."""
    results = await asyncio.gather(*(_delete(client, path) for path in paths), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, DockerError):
            raise result
    return sum(result is not True for result in results)


async def _delete(client: Client, path: str) -> bool:
    name, _, query = path.partition("?")
    params = dict(pair.split("=") for pair in query.split("&")) if query else {}
    try:
        await client.bytes("DELETE", name, params=params)
    except ApiError as error:
        if error.status not in {404, 409}:  # gone, or its removal is under way
            raise
        return error.status == 404
    return True


def _filters(labels: Mapping[str, str]) -> str:
    return json.dumps({"label": [f"{name}={value}" for name, value in labels.items()]})
