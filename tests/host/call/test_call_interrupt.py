"""Ctrl-C and SIGTERM while a function runs, with the whole command as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.host.call import interrupt

MODULE = '''
import asyncio, logging, pathlib, time
from dagger import function, object_type
from pipeline.host.call import interrupt

LOG = logging.getLogger("pipeline")

@object_type
class Slow:
    @function
    async def waits(self, ready: str) -> str:
        """Wait for ever, with one unit under way and one done."""
        interrupt.GRACE_SECONDS = 600
        LOG.info("started", extra={"unit": "speech", "stage": "build", "status": "started"})
        LOG.info("started", extra={"unit": "vision", "stage": "build", "status": "started"})
        LOG.info("passed", extra={"unit": "vision", "stage": "build", "status": "passed", "seconds": 1.5})
        pathlib.Path(ready).touch()
        try:
            await asyncio.sleep(600)
        finally:
            pathlib.Path(ready + ".cancelled").touch()
        return ""

    @function
    def blocks(self, ready: str, grace: float = 0.3) -> str:
        """Never give way."""
        interrupt.GRACE_SECONDS = grace
        pathlib.Path(ready).touch()
        while True:
            time.sleep(0.1)

    @function
    async def finishes(self) -> str:
        """Answer at once."""
        return "done"
'''


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    (tmp_path / "dagger.json").write_text('{"name": "slow", "sdk": {"source": "python"}}')
    (tmp_path / "main.py").write_text(MODULE)
    return tmp_path


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("DAGGER_", "GITHUB_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.host.command", "call", "--progress", "plain", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def wait_for(path: Path) -> None:
    until = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
@pytest.mark.parametrize("function", ["waits", "blocks"])
def test_a_signal_ends_it_in_time(slow: Path, function: str, number: signal.Signals, code: int):
    ready = slow / "ready"
    process = start(slow, function, "--ready", str(ready))
    wait_for(ready)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)

    assert (process.returncode, out) == (code, "")
    assert "Interrupted." in err
    assert "Traceback" not in err
    if function == "waits":
        assert Path(f"{ready}.cancelled").exists()
        assert "speech: build not finished after" in err
        assert "vision: build not finished" not in err


def test_a_second_signal_does_not_wait(slow: Path):
    ready = slow / "ready"
    process = start(slow, "blocks", "--ready", str(ready), "--grace", "600")
    wait_for(ready)
    until = time.monotonic() + 120
    while process.poll() is None:  # NB: two that come before the first is heard are one
        assert time.monotonic() < until
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)

    process.communicate()
    assert process.returncode == 130


def test_what_blocks_is_given_less_than_five_seconds():
    assert interrupt.GRACE_SECONDS < 5


def test_without_a_signal_nothing_is_said(slow: Path):
    out, err = start(slow, "finishes").communicate(timeout=120)

    assert (out, err) == ("done", "")
