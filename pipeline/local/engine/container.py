"""Container as a value: an image, its configuration, and what is to be laid over it."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.local.docker.model import CacheMount, DirectoryMount, DockerImage, Exec, FileMount, TmpfsMount
from pipeline.local.docker.model import Container as Ended
from pipeline.local.engine.edits import EMPTY
from pipeline.local.engine.engine import PLATFORM
from pipeline.local.engine.states import Directory, Port, Secret
from pipeline.local.tree import Kind, Tree

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, kw_only=True)
class LeftMount:
    """A mounted directory or file as a command left it: still in the ended container."""

    target: str
    container: Ended
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class HiddenMount:
    """A file with a secret, which is fetched once a command needs it; ``owner`` is UID:GID."""

    target: str
    secret: Secret
    mode: int
    owner: str


Mount = DirectoryMount | FileMount | LeftMount | HiddenMount | CacheMount | TmpfsMount


@dataclass(frozen=True, kw_only=True)
class Service:
    """A container that is to run beside others; ``key`` tells services of one session apart."""

    container: "Container"
    args: tuple[str, ...]
    key: str
    hostname: str
    insecure: bool
    init: bool


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a container would be made of; nothing of it has happened in Docker but ``base``.

    ``config`` is Docker's image Config; ``base`` the image or ended container whose files it has (None =
    none); ``files`` lie over those, after ``removed`` paths are gone. ``variables`` are secret ones,
    ``bindings`` services by alias; ``ran`` is how the last command ended, its streams without secrets.
    ``reference`` is the name@digest it was pulled as, "" once anything was
    changed.
    """

    platform: str = PLATFORM
    config: Mapping[str, Any] = field(default_factory=dict)
    base: DockerImage | Ended | None = None
    files: Tree = EMPTY
    removed: frozenset[str] = frozenset()
    mounts: Mapping[str, Mount] = field(default_factory=dict)
    variables: Mapping[str, Secret] = field(default_factory=dict)
    bindings: Mapping[str, Service] = field(default_factory=dict)
    ports: Mapping[str, Port] = field(default_factory=dict)
    ran: Exec | None = None
    reference: str = ""
    gpus: bool = False

    def changed(self, **fields: Any) -> "Container":
        """With these fields; no longer what was pulled."""
        return replace(self, reference="", **fields)

    def configured(self, **settings: Any) -> "Container":
        """With these keys of Docker's Config; what is empty or None removes one."""
        config = {**self.config, **settings}
        return self.changed(config={key: value for key, value in config.items() if value})

    def mounted(self, mount: Mount) -> "Container":
        """With a mount, instead of another one at the same place."""
        return self.changed(mounts={**self.mounts, mount.target: mount})

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the configuration: secret ones are not in it."""
        pairs = (item.partition("=") for item in self.config.get("Env") or ())
        return {name: value for name, _, value in pairs}

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the configuration."""
        return self.config.get("Labels") or {}

    def expanded(self, said: Any) -> Any:
        """``$NAME`` and ``${NAME}`` in a text, or in several, replaced: unknown variables by nothing."""
        if isinstance(said, list):
            return [self.expanded(item) for item in said]
        found = self.environment
        return VARIABLE.sub(lambda match: found.get(match[1] or match[2], ""), said)

    def located(self, path: str) -> str:
        """An absolute path, taken from the working directory."""
        there = posixpath.join(self.config.get("WorkingDir") or "/", path)
        return posixpath.normpath(f"/{there.lstrip('/')}")

    def mount_over(self, path: str) -> Mount | None:
        """The mount that a path (absolute) lies in."""
        over = [item for item in self.mounts.values() if f"{path}/".startswith(f"{item.target}/")]
        return max(over, key=lambda item: len(item.target), default=None)


Place = Directory | Container


def less(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table without one of its names."""
    return {key: value for key, value in table.items() if key != name}
