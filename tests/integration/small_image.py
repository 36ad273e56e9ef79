"""A fleet of one image, which says "nonce", on a small base that was pushed before it."""

import shutil
from pathlib import Path

from small_base import write_base
from tiny_docker import DockerCommand

_FLEET = """\
[fleet]
name = "small"
registry = "{host}"
organisation = "{organisation}"

[families.base]
tag = "1"

[images.small]
family = "base"
dockerfile = "Dockerfile"

[[images.small.services]]
name = "Small"
command = ["httpd", "-f", "-p", "8080", "-h", "/www"]
ports = [8080]
health = {{ port = 8080, deadline = "120s" }}
"""
_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY nonce /www/health
RUN cat /www/health > /copy
VOLUME /data
USER 10001
EXPOSE 8080
"""


def write_fleet(folder: Path, *, host: str, organisation: str) -> None:
    """Write it; its base is ``HOST/ORGANISATION/base:1``."""
    folder.mkdir()
    (folder / "fleet.toml").write_text(_FLEET.format(host=host, organisation=organisation))
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "nonce").write_text("first")


def push_base(docker: DockerCommand, reference: str, folder: Path) -> None:
    """Push the base, and leave none in Docker."""
    root = write_base(folder) / "root"
    docker("import", "--change", "ENV PATH=/bin", shutil.make_archive(str(root), "tar", root), reference)
    docker("push", "-q", reference)
    docker("rmi", reference)
