"""Docker Engine and its BuildKit, behind plain values. Knows nothing of GraphQL or of fleets."""

from pipeline.local.docker.docker import Docker
from pipeline.local.docker.events import Event, Listener, ignore
from pipeline.local.docker.model import (
    Auth,
    CacheMount,
    Container,
    Contents,
    DirectoryMount,
    DockerError,
    DockerImage,
    Exec,
    ExecFailed,
    FileMount,
    Mount,
    Running,
    SecretMount,
    Stat,
    TmpfsMount,
)

__all__ = [
    "Auth",
    "CacheMount",
    "Container",
    "Contents",
    "DirectoryMount",
    "Docker",
    "DockerError",
    "DockerImage",
    "Event",
    "Exec",
    "ExecFailed",
    "FileMount",
    "Listener",
    "Mount",
    "Running",
    "SecretMount",
    "Stat",
    "TmpfsMount",
    "ignore",
]
