"""A fleet in which every image is broken in one way, beside one that is not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FLEET = """\
[fleet]
name = "broken"
registry = "{registry}"
organisation = "{organisation}"
namespace = "suite"

[root]
name = "no-such-root"
tag = "1"
source = "{base}"
"""

_FAMILY = """
[families.{name}]
dockerfile = "{name}/Dockerfile"
context = "{name}"
libraries = ["libc.so.6"]
programs = ["{program}"]
"""

_IMAGE = """
[images.{name}]
family = "{family}"
dockerfile = "{name}/Dockerfile"
context = "{name}"

[[images.{name}.services]]
name = "{service}"
ports = [{port}]
health = {{ port = {health}, deadline = "{deadline}" }}
"""

_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
{more}
COPY serve.py /serve.py
ENV PORT={port} HEALTH_PORT={health}
EXPOSE {port} {health}
USER 10001
CMD {command}
"""

_FAMILY_DOCKERFILE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nUSER 10001\n"

# Arguments: address, distance of the health port from the right one, status of /health.
SERVER = """\
import http.server, os, sys, threading
address, away, status = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
port, health = int(os.environ["PORT"]), int(os.environ["HEALTH_PORT"]) + away

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code = status if self.path == "/health" else 404
        body = b"model not loaded\\n" if code >= 500 else b"ok\\n"
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def serve(number):
    http.server.ThreadingHTTPServer((address, number), Handler).serve_forever()

print("serving", flush=True)
threading.Thread(target=serve, args=(port,), daemon=True).start()
serve(health)
"""


def _serving(*, address: str = "0.0.0.0", away: int = 0, status: int = 200) -> str:
    return json.dumps(["python3", "/serve.py", address, str(away), str(status)])


def _shell(script: str) -> str:
    return json.dumps(["sh", "-c", script])


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One image: how it is broken, and what its failure block must say."""

    command: str = _serving()
    more: str = ""
    stage: str = "smoke"
    says: str = ""
    hint: str = ""
    exit_code: int | None = None
    log: str = ""
    deadline: str = "4s"


KINDS = {
    "sound": Kind(deadline="60s"),
    "unbuildable": Kind(
        more="RUN echo compiling; echo 'no rule to make target' >&2; exit 7",
        stage="build",
        says="a command ended with 7",
        exit_code=7,
        log="no rule to make target",
    ),
    "shell-less": Kind(
        more="USER root\nRUN rm /usr/bin/sh /usr/bin/dash /usr/bin/bash",
        says="without a verdict",
        hint="no sh",
    ),
    "exits": Kind(
        command=_shell("echo loading; echo 'model.bin is missing' >&2; exit 3"),
        says="exited with 3",
        exit_code=3,
        log="model.bin is missing",
        deadline="60s",
    ),
    "lacks-library": Kind(
        command=json.dumps(["python3", "-c", "import ctypes; ctypes.CDLL('libGL.so.1')"]),
        says="exited with 1",
        hint="libgl1",
        exit_code=1,
        log="cannot open shared object file",
        deadline="60s",
    ),
    "lacks-program": Kind(
        command=_shell("exec ffmpeg -i /audio.wav"),
        says="exited with 127",
        hint="install it",
        exit_code=127,
        log="ffmpeg",
        deadline="60s",
    ),
    "answers-500": Kind(command=_serving(status=500), says="HTTP 500 model not loaded"),
    "wrong-port": Kind(
        command=_serving(away=1000),
        says="; the container listens on",
        hint="HEALTH_PORT",
    ),
    "on-loopback": Kind(
        command=_serving(address="127.0.0.1"), says="bound to 127.0.0.1:", hint="0.0.0.0", deadline="60s"
    ),
    "never-ready": Kind(command=_shell("echo waiting; sleep 600"), says="was not ready after", log="waiting"),
    "keeps-stdout": Kind(
        command=_shell("sleep 600 & echo forked; exit 5"), says="exited with 5", exit_code=5, deadline="60s"
    ),
}

# Found without building: it must not be in a fleet of which anything is to be built.
UNLINTED = Kind(more="COPY no-such-file.txt /x", says="no-such-file.txt")

BROKEN = {name: kind for name, kind in KINDS.items() if kind.says}


def write_fleet(
    root: Path,
    *,
    registry: str,
    organisation: str,
    base: str,
    kinds: Mapping[str, Kind],
    orphan: bool = False,
) -> None:
    """Write the fleet: a sound family, these kinds on it, and with ``orphan`` an image on a poor family."""
    text = _FLEET.format(registry=registry, organisation=organisation, base=base)
    text += _FAMILY.format(name="sound-family", program="curl")
    _write(root / "sound-family" / "Dockerfile", _FAMILY_DOCKERFILE)
    for number, (name, kind) in enumerate(kinds.items()):
        text += _image(root, name, kind, family="sound-family", number=number)
    if orphan:
        text += _FAMILY.format(name="poor-family", program="no-such-program")
        _write(root / "poor-family" / "Dockerfile", _FAMILY_DOCKERFILE)
        text += _image(root, "orphan", KINDS["sound"], family="poor-family", number=len(kinds))
    _write(root / "fleet.toml", text)


def _image(root: Path, name: str, kind: Kind, *, family: str, number: int) -> str:
    ports = {"port": 7001 + number, "health": 8001 + number}
    _write(root / name / "Dockerfile", _DOCKERFILE.format(more=kind.more, command=kind.command, **ports))
    _write(root / name / "serve.py", SERVER)
    return _IMAGE.format(name=name, family=family, service=service_of(name), deadline=kind.deadline, **ports)


def service_of(name: str) -> str:
    """The name of an image's only service."""
    return f"{name}-service"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
