"""Set-up of this machine: Docker Engine, registry and root image; and where its Docker Engine is."""

from pipeline.host.machine.find_docker import find_docker

__all__ = ["find_docker"]
