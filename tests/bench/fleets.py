"""The fleets of the benchmark: images with a service each, that nobody has built before."""

import secrets
from dataclasses import dataclass
from pathlib import Path

SLEEP = "sleep 1"
CPU = "python3 -c 'import time; [None for _ in iter(lambda: time.process_time() < 1, False)]'"
"""One second of processor time, however many processors there are."""
WORKS = {"sleep": SLEEP, "cpu": CPU}
FIRST_PORT = 8081

_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
COPY nonce /nonce
RUN {work}
COPY service.py /service.py
USER 10001
ENV HEALTH_PORT={port}
EXPOSE {port}
HEALTHCHECK --start-period=5s CMD curl -f http://localhost:${{HEALTH_PORT}}/health || exit 1
CMD ["python3", "/service.py"]
"""

_SERVICE = """\
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(b'{"status":"ok"}')

    def log_message(self, *args):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("0.0.0.0", int(os.environ["HEALTH_PORT"])), Health).serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class BenchFleet:
    """A fleet in a directory of its own; `base` is the family's digest reference.

    Each image goes to a repository of its own below `repository`, with `tag` where a name is wanted.
    """

    path: Path
    images: tuple[str, ...]
    base: str
    repository: str
    tag: str

    def change_one_file(self) -> None:
        """A line more in the service of the first image; its RUN stays as it was."""
        service = self.path / self.images[0] / "service.py"
        service.write_text(f"{service.read_text()}# {secrets.token_hex(8)}\n")


def write_fleet(path: Path, *, work: str, images: int, family: str, digest: str, registry: str) -> BenchFleet:
    """Write `images` images whose RUN does `work`; a nonce makes every layer and repository a new one."""
    nonce = secrets.token_hex(8)
    names = tuple(f"bench_{number}" for number in range(1, images + 1))
    for port, name in enumerate(names, start=FIRST_PORT):
        directory = path / name
        directory.mkdir(parents=True)
        (directory / "Dockerfile").write_text(_DOCKERFILE.format(work=work, port=port))
        (directory / "nonce").write_text(f"{nonce} {name}\n")
        (directory / "service.py").write_text(_SERVICE)
    head = _HEAD.format(registry=registry, namespace=f"n{nonce}", family=family, digest=digest)
    images_of = (_IMAGE.format(name=name, family=family, port=p) for p, name in enumerate(names, FIRST_PORT))
    (path / "fleet.toml").write_text(head + "".join(images_of))
    return BenchFleet(
        path=path,
        images=names,
        base=f"{registry}/bench/{family}@{digest}",
        repository=f"{registry}/bench/n{nonce}",
        tag=f"t{nonce}",
    )


_HEAD = """\
[fleet]
name = "bench"
registry = "{registry}"
organisation = "bench"
namespace = "{namespace}"

[families.{family}]
digest = "{digest}"
"""
_IMAGE = """
[images.{name}]
family = "{family}"
dockerfile = "{name}/Dockerfile"
context = "{name}"

[[images.{name}.services]]
name = "Service_{name}"
command = ["python3", "/service.py"]
health = {{ port = {port}, deadline = "30s" }}
"""
