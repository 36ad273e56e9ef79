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
context = "{name}"{image}

[[images.{name}.services]]
name = "{service}"
ports = [{port}]
health = {{ port = {health}, deadline = "{deadline}"{asked} }}{keys}
"""

_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
{more}
COPY serve.py /serve.py
ENV PORT={port} HEALTH_PORT={health} FLEET={organisation}
EXPOSE {port} {health}
USER {user}
CMD {command}
"""

FIRST_PORT = 7001
_FAMILY_DOCKERFILE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nUSER 10001\n"

# Arguments: address, distance of the health port from the right one, status of /health, other manners.
SERVER = """\
import http.server, os, signal, socket, sys, threading, time
address, away, status, *manners = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
port, health = int(os.environ["PORT"]), int(os.environ["HEALTH_PORT"]) + away
began = time.monotonic()
if "greedy" in manners:
    kept = bytearray(100 << 20)
signal.signal(signal.SIGTERM, (lambda *_: None) if "deaf" in manners else (lambda *_: os._exit(0)))

class Handler(http.server.BaseHTTPRequestHandler):
    answers = 0
    def do_GET(self):
        code = status if self.path == "/health" else 200 if "any path" in manners else 404
        if self.path == "/health":
            Handler.answers += 1
            early, again = time.monotonic() < began + 1, Handler.answers > 1
            if ("slow" in manners and early) or ("flaky" in manners and again):
                code = 503
        body = b"model not loaded\\n" if code >= 500 else b'{"model": {"loaded": true}}\\n'
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if "dying" in manners:
            print("Address already in use", flush=True)
            os._exit(3)

def serve(number):
    while "rebinding" in manners and time.monotonic() < began + 1.5:
        with socket.create_server((address, number), reuse_port=False):
            time.sleep(0.3)
        time.sleep(0.3)
    server = http.server.ThreadingHTTPServer((address, number), Handler, bind_and_activate=False)
    if "unreachable" in manners and number == port:
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    server.server_bind()
    server.server_activate()
    server.serve_forever()

print("serving", flush=True)
threading.Thread(target=serve, args=(port,), daemon=True).start()
serve(health)
"""


# Like s6-overlay's: it refuses to run as anything but the first process.
INIT = """\
#!/bin/sh
[ $$ = 1 ] || { echo "init: can only run as process 1"; exit 100; }
exec python3 /serve.py 0.0.0.0 0 200
"""


def serving(*manners: str, address: str = "0.0.0.0", away: int = 0, status: int = 200) -> str:
    return json.dumps(["python3", "/serve.py", address, str(away), str(status), *manners])


def shell(script: str) -> str:
    return json.dumps(["sh", "-c", script])


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One image: how it is broken, and what its failure block must say.

    ``more`` are lines of its Dockerfile; ``image``, ``keys`` and ``asked`` what its tables in the catalog
    have besides. ``check`` is the only check that fails.
    """

    command: str = serving()
    user: str = "10001"
    more: str = ""
    image: str = ""
    keys: str = ""
    asked: str = ""
    check: str = ""
    stage: str = "smoke"
    says: str = ""
    hint: str = ""
    exit_code: int | None = None
    log: str = ""
    deadline: str = "60s"


# When somebody gives up on a service that listens: it does by then, also on a busy machine.
# From beside, the time that its container takes to start counts, too.
BY_THEN, BY_THEN_BESIDE = "15s", "30s"
NO_SHELL = "USER root\nRUN rm /usr/bin/sh /usr/bin/dash /usr/bin/bash"

KINDS = {
    "sound": Kind(),
    "unbuildable": Kind(
        more="RUN echo compiling; echo 'no rule to make target' >&2; exit 7",
        stage="build",
        says="a command ended with 7",
        exit_code=7,
        log="no rule to make target",
    ),
    "shell-less": Kind(
        more=NO_SHELL,
        command=json.dumps(["python3", "-c", "print('no model'); exit(3)"]),
        says="exited with 3",
        exit_code=3,
        log="no model",
    ),
    "exits": Kind(
        command=shell("echo loading; echo 'model.bin is missing' >&2; exit 3"),
        says="exited with 3",
        exit_code=3,
        log="model.bin is missing",
    ),
    "lacks-library": Kind(
        command=json.dumps(["python3", "-c", "import ctypes; ctypes.CDLL('libGL.so.1')"]),
        says="exited with 1",
        hint="libgl1",
        exit_code=1,
        log="cannot open shared object file",
    ),
    "lacks-program": Kind(
        command=shell("exec ffmpeg -i /audio.wav"),
        says="exited with 127",
        hint="install it",
        exit_code=127,
        log="ffmpeg",
    ),
    "answers-500": Kind(command=serving(status=500), says="HTTP 500 model not loaded", deadline=BY_THEN),
    "wrong-port": Kind(
        command=serving(away=1000),
        says="; the container listens on",
        hint="HEALTH_PORT",
        deadline=BY_THEN,
    ),
    "on-loopback": Kind(command=serving(address="127.0.0.1"), says="bound to 127.0.0.1:", hint="0.0.0.0"),
    "never-ready": Kind(
        command=shell("echo waiting; sleep 600"), says="was not ready after", log="waiting", deadline="2s"
    ),
    "keeps-stdout": Kind(command=shell("sleep 600 & echo forked; exit 5"), says="exited with 5", exit_code=5),
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
        text += _image(root, name, kind, organisation, family="sound-family", number=number)
    if orphan:
        text += _FAMILY.format(name="poor-family", program="no-such-program")
        _write(root / "poor-family" / "Dockerfile", _FAMILY_DOCKERFILE)
        text += _image(root, "orphan", KINDS["sound"], organisation, family="poor-family", number=len(kinds))
    _write(root / "fleet.toml", text)


def _image(root: Path, name: str, kind: Kind, organisation: str, *, family: str, number: int) -> str:
    ports = {"port": FIRST_PORT + number, "health": FIRST_PORT + 1000 + number}
    said = {"command": kind.command, "user": kind.user, "organisation": organisation}
    _write(root / name / "Dockerfile", _DOCKERFILE.format(more=kind.more, **said, **ports))
    _write(root / name / "serve.py", SERVER)
    _write(root / name / "init", INIT)
    (root / name / "init").chmod(0o755)
    return _IMAGE.format(
        name=name,
        family=family,
        service=service_of(name),
        deadline=kind.deadline,
        image=f"\n{kind.image}" if kind.image else "",
        keys=f"\n{kind.keys}" if kind.keys else "",
        asked=kind.asked,
        **ports,
    )


def service_of(name: str) -> str:
    """The name of an image's only service."""
    return f"{name}-service"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
