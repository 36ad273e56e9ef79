"""`make soak`: the reference fleet deployed from its Compose file, under watch; the result as JSON.

Two releases of it are built, tested and pushed to a registry of this script's own. All 20 services run from
the file that `compose --by-tag` writes, on this machine's ports. The whole fleet is switched to the second
release and back, then one service, one service at a time and core services first, while a client keeps asking
all the others. In the end a client that also asks whom is replaced must see failures: it can see them.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from deployment import Client, canary_and_back
from reference_story import Story, reference_story
from ruamel.yaml import YAML
from supervisor import Supervisor
from tiny_docker import DockerCommand

from pipeline.host.machine.find_docker import find_docker

_ONE = "TTSService"
_PAUSE = 0.25  # 20 services are asked 80 times a second


def main() -> int:
    """The command; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the result there too")
    options = parser.parse_args()
    docker_host = find_docker()
    registry = os.environ["PIPELINE_TEST_REGISTRY"]
    if docker_host is None:
        raise SystemExit("no Docker Engine: run the set-up first")
    with (
        tempfile.TemporaryDirectory() as directory,
        reference_story(Path(directory), docker_host=docker_host, registry=registry) as story,
    ):
        began = time.monotonic()
        old, new = _released(story), _released(story, edited=True)
        released = time.monotonic() - began
        result = asyncio.run(_deployed(story, docker_host, old, new))
    text = json.dumps({"seconds of both releases": round(released, 1)} | result, indent=2)
    if options.out:
        options.out.write_text(text + "\n")
    print(text)
    return 1 if result["failures"] or not result["failures that the twin saw"] else 0


def _released(story: Story, *, edited: bool = False) -> str:
    if edited:
        story.edit_one_service()
    tag = story.committed("One service edited") if edited else story.tag()
    ended = story.release(tag)
    if ended.returncode:
        raise SystemExit(ended.stdout + ended.stderr)
    print(ended.stdout, flush=True)
    return tag


async def _deployed(story: Story, docker_host: str, old: str, new: str) -> dict[str, Any]:
    file = story.call("-q", "compose", "--by-tag", "--tag", old).stdout
    supervisor = Supervisor(host=docker_host, file=file, project=f"soak-{os.getpid()}", patience=60.0)
    client = Client(ports=_ports(file), supervisor=supervisor, pause=_PAUSE)
    core = _core(file)
    try:
        began = time.monotonic()
        await supervisor.up()
        up = time.monotonic() - began
        await canary_and_back(client, supervisor.tags, old=old, new=new, core=core, one=_ONE)
        watched, asked, failures = time.monotonic() - began - up, client.asked, [*client.failures]
        async with client.watching(blind=False):
            await supervisor.up(**{f"FORCE_IMAGE_TAG_{_ONE.upper()}": new})
    finally:
        supervisor.down()
        _forget_images(docker_host, story.registry.host)
    return {
        "services": len(client.ports),
        "core": sorted(core),
        "replacements under watch": 2 * len(client.ports) + 2,
        "requests": asked,
        "failures": failures,
        "slowest answer, seconds": round(client.slowest, 2),
        "seconds until all were up": round(up, 1),
        "seconds under watch": round(watched, 1),
        "failures that the twin saw": len(client.failures) - len(failures),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


def _forget_images(docker_host: str, registry: str) -> None:
    """Remove what was pulled from a registry that is about to end."""
    docker = DockerCommand(docker_host)
    if names := docker("images", "--format", "{{.Repository}}:{{.Tag}}", f"{registry}/*/*/*").split():
        docker("rmi", *names)


def _services(file: str) -> dict[str, dict[str, Any]]:
    return YAML(typ="safe", pure=True).load(file)["services"]


def _ports(file: str) -> dict[str, int]:
    """Where on this machine each service says that it is healthy."""
    found = {}
    for name, entry in _services(file).items():
        published = {inner: outer for outer, inner in (port.split(":") for port in entry["ports"])}
        found[name] = int(published[entry["environment"]["HEALTH_PORT"]])
    return found


def _core(file: str) -> set[str]:
    """Those that others wait for."""
    return {needed for entry in _services(file).values() for needed in entry.get("depends_on", ())}


if __name__ == "__main__":
    sys.exit(main())
