"""`pipeline call` on a real terminal: a shell in a built image, the table of what goes on, and Ctrl-C."""

import contextlib
import fcntl
import os
import pty
import re
import secrets
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
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

[images.two]
family = "{family}"
dockerfile = "Dockerfile"
"""
_DOCKERFILE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN echo built > /mark\nENV KIND=shell\nUSER 10001\n"


@pytest.fixture
def call(tmp_path: Path, base: str) -> list[str]:
    """The beginning of a command line for a fleet of one image."""
    registry, organisation, image = base.split("/")
    family, _, tag = image.partition(":")
    names = {"registry": registry, "organisation": organisation, "family": family, "tag": tag}
    (tmp_path / "fleet.toml").write_text(_FLEET.format(**names))
    (tmp_path / "Dockerfile").write_text(_DOCKERFILE)
    return [sys.executable, "-P", "-m", "pipeline.host.command", "call", "--source", str(tmp_path)]


@pytest.fixture
def command(call: list[str]) -> list[str]:
    return [*call, "image", "--name", "one", "terminal"]


@pytest.fixture
def environment(tmp_path: Path, docker_host: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DAGGER_", "GITHUB_"))}
    home = str(tmp_path / "home")
    return kept | {"DOCKER_HOST": docker_host, "PIPELINE_HOME": home, "TERM": "xterm", "COLUMNS": "100"}


def read_until(terminal: int, wanted: str) -> str:
    """What a program has written when the text is there."""
    seen, end = "", time.monotonic() + 120
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{wanted!r} did not come, but {seen!r}"
        try:
            seen += os.read(terminal, 1 << 16).decode(errors="replace")
        except OSError:  # EIO: nobody has the other end any more
            pytest.fail(f"{wanted!r} did not come before the end, but {seen!r}")
    return seen


def resize(terminal: int, *, lines: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def started(command: list[str], environment: dict[str, str]) -> tuple[int, int]:
    """A process with a terminal of its own, and this end of it."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command[0], command, environment)
    resize(terminal, lines=24, columns=80)
    return child, terminal


def last_words(child: int, terminal: int) -> tuple[int, str]:
    """The exit code of a process that is about to end, and what it has written."""
    told, deadline = b"", time.monotonic() + 120
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        assert time.monotonic() < deadline, told
        with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
            if select.select([terminal], [], [], 0.1)[0]:
                told += os.read(terminal, 1 << 16)
    with contextlib.suppress(OSError):
        while select.select([terminal], [], [], 0)[0]:
            told += os.read(terminal, 1 << 16)
    return os.waitstatus_to_exitcode(ended[1]), told.decode(errors="replace")


def test_on_a_terminal_it_is_an_interactive_shell_in_the_built_image(
    command: list[str], environment: dict[str, str]
) -> None:
    mark = new_mark()
    child, terminal = started(command, environment)
    try:
        read_until(terminal, "$ ")
        os.write(terminal, b"tty; cat /mark; echo $KIND-$(id -u)-$TERM\n")
        os.write(terminal, b"until stty size | grep -v '^0'; do sleep 0.1; done\n")  # told once it runs
        said = read_until(terminal, "24 80")
        assert "/dev/pts/" in said
        assert "built" in said
        assert "shell-10001-xterm" in said
        resize(terminal, lines=30, columns=90)
        os.write(terminal, b"until [ \"$(stty size)\" = '30 90' ]; do sleep 0.1; done; echo re''sized\n")
        read_until(terminal, "resized")
        os.write(terminal, f"sleep {mark}\n".encode())
        wait_until(lambda: sleeping(mark))  # NB: what is typed is seen before it runs
        os.write(terminal, b"\x03echo st''ill there\n")  # Ctrl-C ends what runs in the shell, not the call
        read_until(terminal, "still there")
        os.write(terminal, b"exit 3\n")
        assert last_words(child, terminal)[0] == 0
    finally:
        os.close(terminal)


def test_it_shows_what_goes_on_and_ctrl_c_ends_it(
    call: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    mark = new_mark()
    with (tmp_path / "Dockerfile").open("a") as file:
        file.write(f"RUN sleep {mark}\n")
    child, terminal = started([*call, "--jobs", "1", "build-all"], environment)
    try:
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", read_until(terminal, f"RUN sleep {mark}"))
        works = re.findall(r"\b(one|two) +build +\d+\.\d s", shown)[-1]
        [waits] = {"one", "two"} - {works}
        assert re.search(rf"\b{waits} +wait +\d+\.\d s +waits for a place", shown), shown
        os.write(terminal, b"\x03")
        code, told = last_words(child, terminal)
        assert code == 130
        assert re.search(rf"Interrupted\.\r\n(.*\r\n)*{works}: build not finished after", told)
        assert f"{waits}: wait not finished after" in told
    finally:
        os.close(terminal)
    wait_until(lambda: not sleeping(mark))


def new_mark() -> str:
    """Seconds that nobody else sleeps."""
    return f"300.{secrets.randbelow(10**9)}"


def wait_until(holds: Callable[[], bool | list[str]]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def sleeping(mark: str) -> list[str]:
    """Processes of containers, too, are seen from here."""
    found = subprocess.run(["pgrep", "-af", f"^sleep {mark}"], capture_output=True, text=True, check=False)
    return found.stdout.splitlines()


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
