"""A Docker Engine of another machine: OpenSSH forwards its socket to one here."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import EngineError
from pipeline.folders import temporary_folder

SOCKET = "/var/run/docker.sock"  # unless the address has a path
PATIENCE = 30.0  # seconds
SAID = "ssh-said"
# NB: nobody is asked for a password, and a connection that died is noticed.
OPTIONS = ("BatchMode=yes", "ExitOnForwardFailure=yes", "ConnectTimeout=20", "ServerAliveInterval=10")


@contextmanager
def forwarded(host: str) -> Iterator[str]:
    """The path of a socket here that leads to the Engine at ``ssh://[USER@]HOST[:PORT][/PATH]``.

    Raises EngineError with the last words of ssh.
    """
    if not shutil.which("ssh"):
        raise EngineError("Docker Engine cannot be reached (there is no ssh); install OpenSSH", where=host)
    with temporary_folder("pipeline-ssh-") as folder, (folder / SAID).open("wb") as words:
        path = folder / "docker.sock"
        # NB: ssh runs cat and not nothing (-N): that ends with our end of its input, however we end.
        # In a session of its own, since the Ctrl-C of a terminal must not end it before what it is for.
        process = subprocess.Popen(
            _command(host, path),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=words,
            start_new_session=True,
        )
        try:
            _wait(path, process, host)
            yield str(path)
        finally:
            process.terminate()
            process.communicate()


def _command(host: str, path: Path) -> list[str]:
    parts = urlsplit(host)
    options = [word for option in OPTIONS for word in ("-o", option)]
    user = ["-l", parts.username] if parts.username else []
    port = ["-p", str(parts.port)] if parts.port else []
    forward = ["-L", f"{path}:{parts.path or SOCKET}"]
    return ["ssh", "-T", *options, *user, *port, *forward, "--", parts.hostname or "", "cat"]


def last_words(path: str) -> str:
    """What ssh has said last about the socket that it forwards; "" for any other socket."""
    said = Path(path).parent / SAID
    words = said.read_text(errors="replace").split("\n") if path and said.is_file() else []
    return next((f"ssh: {line.strip()}" for line in reversed(words) if line.strip()), "")


def _wait(path: Path, process: subprocess.Popen[bytes], host: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not listens(path):
        if process.poll() is not None or time.monotonic() > deadline:
            reason = last_words(str(path)) or "ssh gave up without a word"
            step = f"`ssh {urlsplit(host).hostname} true` must work without a question"
            raise EngineError(f"Docker Engine cannot be reached ({reason}); {step}", where=host)
        time.sleep(0.02)


def listens(path: Path) -> bool:
    """Whether somebody listens at a socket. NB: its file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            return False
    return True
