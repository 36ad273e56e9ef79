"""The two fleets of the benchmark: 8 images, each with a service, that nobody has built before."""

import secrets
from dataclasses import dataclass
from pathlib import Path

SLEEP = "sleep 1"
CPU = "python3 -c 'import time; [None for _ in iter(lambda: time.process_time() < 1, False)]'"
"""One second of processor time, however many processors there are."""
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
    """A fleet in a directory of its own; `base` is the family's digest reference."""

    path: Path
    images: tuple[str, ...]
    base: str
    tag: str


def write_fleet(path: Path, *, work: str, images: int, family: str, digest: str, registry: str) -> BenchFleet:
    """Write `images` images whose RUN does `work`; a nonce makes every layer new to the builder."""
    nonce = secrets.token_hex(8)
    names = tuple(f"bench_{number}" for number in range(1, images + 1))
    for port, name in enumerate(names, start=FIRST_PORT):
        directory = path / name
        directory.mkdir(parents=True)
        (directory / "Dockerfile").write_text(_DOCKERFILE.format(work=work, port=port))
        (directory / "nonce").write_text(f"{nonce} {name}\n")
        (directory / "service.py").write_text(_SERVICE)
    (path / "fleet.toml").write_text(_catalog(names, family=family, digest=digest, registry=registry))
    return BenchFleet(path=path, images=names, base=f"{registry}/bench/{family}@{digest}", tag=f"t{nonce}")


def _catalog(names: tuple[str, ...], *, family: str, digest: str, registry: str) -> str:
    head = f"""\
[fleet]
name = "bench"
registry = "{registry}"
organisation = "bench"

[families.{family}]
digest = "{digest}"
"""
    return head + "".join(
        _image_table(name, family=family, port=p) for p, name in enumerate(names, FIRST_PORT)
    )


def _image_table(name: str, *, family: str, port: int) -> str:
    return f"""
[images.{name}]
family = "{family}"
dockerfile = "{name}/Dockerfile"
context = "{name}"

[[images.{name}.services]]
name = "Service_{name}"
command = ["python3", "/service.py"]
health = {{ port = {port}, deadline = "30s" }}
"""
