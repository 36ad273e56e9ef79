"""A deployment supervisor of a few lines: reads a Compose file, and replaces one service at a time.

It knows nothing of this project but the file. Written for the tests, since Compose itself is no package of
Debian 12 that understands a variable within a variable.
"""

import asyncio
import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

import aiodocker
from ruamel.yaml import YAML

_NAME = re.compile(r"\$\{(\w+)(?::([-?]))?")


class UnsetError(Exception):
    """A variable that the file cannot do without."""


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Compose's interpolation (spec, chapter 12): ``$$``, ``${A}``, ``${A:-default}``, ``${A:?message}``."""
    put, rest = "", text
    while "$" in rest:
        before, _, rest = rest.partition("$")
        put += before
        if rest.startswith("$"):
            put, rest = f"{put}$", rest[1:]
            continue
        found = _NAME.match(f"${rest}")
        assert found, f"not a variable: ${rest}"
        inner, rest = _braced(rest[found.end() - 1 :])
        value = variables.get(found[1], "")
        if not value and found[2] == "?":
            raise UnsetError(f"{found[1]}: {inner}")
        put += value or interpolate(inner, variables)
    return put + rest


def _braced(text: str) -> tuple[str, str]:
    """What stands before the closing brace that is not another one's, and what after it."""
    depth = 1
    for position, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return text[:position], text[position + 1 :]
    raise AssertionError(f"no closing brace: {text}")


def _everywhere(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return interpolate(value, variables)
    if isinstance(value, dict):
        return {key: _everywhere(item, variables) for key, item in value.items()}
    return [_everywhere(item, variables) for item in value] if isinstance(value, list) else value


@dataclass(kw_only=True)
class Supervisor:
    """One deployment of a file.

    ``replaced`` is what it did, in its order; ``busy`` whom it is replacing, ``begun`` how often it began to.
    """

    host: str
    file: str
    project: str
    patience: float = 120.0  # seconds until a new container must be healthy
    replaced: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    begun: Counter[str] = field(default_factory=Counter[str])
    running: dict[str, dict[str, Any]] = field(default_factory=dict)

    def services(self, variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """The services as they are wanted, none before one that it waits for."""
        document = _everywhere(YAML(typ="safe", pure=True).load(self.file), variables)
        waits = {name: list(entry.get("depends_on", ())) for name, entry in document["services"].items()}
        return {name: document["services"][name] for name in TopologicalSorter(waits).static_order()}

    async def up(self, **variables: str) -> None:
        """Bring every service to what the file says with these variables, one after the other."""
        for name, entry in self.services(variables).items():
            if self.running.get(name) != entry:
                for needed in entry.get("depends_on", ()):
                    assert await self._answers(needed), f"{name} would start before {needed} is healthy"
                await self.replace(name, entry)

    async def replace(self, name: str, entry: dict[str, Any]) -> None:
        """Take the old container away, start the new one and wait until its health check passes."""
        self.busy.add(name)
        self.begun[name] += 1
        async with aiodocker.Docker(self.host) as docker:
            await docker.containers.run(config=_config(entry), name=await self._free(docker, name))
        deadline = time.monotonic() + self.patience
        while not await self._answers(name, entry):
            assert time.monotonic() < deadline, self._docker("logs", self._container(name))
            await asyncio.sleep(0.05)
        self.running[name] = entry
        self.replaced.append(name)
        self.busy.discard(name)

    async def _free(self, docker: aiodocker.Docker, name: str) -> str:
        if name in self.running:
            old = docker.containers.container(self._container(name))
            await old.stop(t=5)
            await old.delete(force=True)
        return self._container(name)

    async def _answers(self, name: str, entry: dict[str, Any] | None = None) -> bool:
        """The health check of the file, asked now: Docker itself asks it only every few seconds."""
        kind, *words = (entry or self.running[name])["healthcheck"]["test"]
        words = words if kind == "CMD" else ["sh", "-c", *words]
        asked = await asyncio.to_thread(self._run, "exec", self._container(name), *words)
        return asked.returncode == 0

    def status(self, name: str) -> dict[str, Any]:
        """What Docker says of a service's container."""
        return json.loads(self._docker("inspect", self._container(name)))[0]

    def kill(self, name: str) -> None:
        """End a service's container as nobody wants it to end; Docker does not start it again."""
        self._docker("kill", self._container(name))

    def tags(self) -> dict[str, str]:
        """The tag that each service runs, as Docker has it."""
        images = {name: self.status(name)["Config"]["Image"] for name in self.running}
        return {name: image.rpartition(":")[2] for name, image in images.items()}

    def down(self) -> None:
        """Remove every container of this deployment."""
        names = self._docker("ps", "-aq", "--filter", f"name={self.project}-").split()
        if names:
            self._docker("rm", "-f", *names)

    def _container(self, name: str) -> str:
        return f"{self.project}-{name}"

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "-H", self.host, *words], capture_output=True, text=True, check=False
        )

    def _docker(self, *words: str) -> str:
        ended = self._run(*words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout + ended.stderr


def _config(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A Compose service as the body of Docker's `POST /containers/create`."""
    ports = [port.split(":") for port in entry["ports"]]
    return {
        "Image": entry["image"],
        **({"Cmd": entry["command"]} if "command" in entry else {}),
        "Env": [f"{name}={value}" for name, value in entry["environment"].items()],
        "ExposedPorts": {f"{inner}/tcp": {} for _, inner in ports},
        "Healthcheck": dict(_health(entry["healthcheck"])),
        "HostConfig": {
            "Init": entry["init"],
            "RestartPolicy": {"Name": entry["restart"]},
            "PortBindings": {f"{inner}/tcp": [{"HostPort": outer}] for outer, inner in ports},
        },
    }


def _health(check: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Test", check["test"]
    yield "Retries", check["retries"]
    for key, name in (("interval", "Interval"), ("timeout", "Timeout"), ("start_period", "StartPeriod")):
        yield name, int(float(check[key].removesuffix("s")) * 1e9)
