"""`pipeline call image --name N terminal`: a shell in the built image, on a real terminal or not at all."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

_FLEET = """\
[fleet]
name = "terminal"
registry = "{registry}"
organisation = "{organisation}"

[families.{family}]
tag = "{tag}"

[images.one]
family = "{family}"
dockerfile = "Dockerfile"
"""
_DOCKERFILE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN echo built > /mark\nENV KIND=shell\nUSER 10001\n"


@pytest.fixture
def command(tmp_path: Path, base: str) -> list[str]:
    registry, organisation, image = base.split("/")
    family, _, tag = image.partition(":")
    names = {"registry": registry, "organisation": organisation, "family": family, "tag": tag}
    (tmp_path / "fleet.toml").write_text(_FLEET.format(**names))
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    program = [sys.executable, "-P", "-m", "pipeline.host.command", "call", "--source", str(tmp_path)]
    return [*program, "image", "--name", "one", "terminal"]


@pytest.fixture
def environment(tmp_path: Path, docker_host: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DAGGER_", "GITHUB_"))}
    home = str(tmp_path / "home")
    return kept | {"DOCKER_HOST": docker_host, "PIPELINE_HOME": home, "TERM": "xterm", "COLUMNS": "100"}


def read_until(terminal: int, wanted: str, *, seconds: float = 90) -> str:
    """What a program has written when the text is there."""
    seen, end = "", time.monotonic() + seconds
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{wanted!r} did not come, but {seen!r}"
        seen += os.read(terminal, 1 << 16).decode(errors="replace")
    return seen


def resize(terminal: int, *, lines: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def test_on_a_terminal_it_is_an_interactive_shell_in_the_built_image(
    command: list[str], environment: dict[str, str]
) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command[0], command, environment)
    try:
        resize(terminal, lines=24, columns=80)
        read_until(terminal, "$ ")
        os.write(terminal, b"tty; cat /mark; echo $KIND-$(id -u)-$TERM; stty size\n")
        said = read_until(terminal, "24 80")
        assert "/dev/pts/" in said
        assert "built" in said
        assert "shell-10001-xterm" in said
        resize(terminal, lines=30, columns=90)
        os.write(terminal, b"until [ \"$(stty size)\" = '30 90' ]; do sleep 0.1; done; echo re''sized\n")
        read_until(terminal, "resized")
        os.write(terminal, b"sleep 300\n")
        read_until(terminal, "sleep 300")
        os.write(terminal, b"\x03echo st''ill there\n")  # Ctrl-C ends what runs in the shell, not the call
        read_until(terminal, "still there")
        os.write(terminal, b"exit 3\n")
        deadline = time.monotonic() + 30
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
            with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
                if select.select([terminal], [], [], 0.1)[0]:
                    os.read(terminal, 1 << 16)
        assert ended[0] == child
        assert os.waitstatus_to_exitcode(ended[1]) == 0
    finally:
        os.close(terminal)


def test_without_a_terminal_it_says_so(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    [told] = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert told == ("Error: running shell without the TUI is not supported: standard error is not a terminal")
