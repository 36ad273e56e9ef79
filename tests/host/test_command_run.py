"""`pipeline run COMMAND…`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipeline.errors import EngineError
from pipeline.host.run import run as run_here

PIPELINE = [sys.executable, "-m", "pipeline.host.command"]
QUERY = """
    import json, os, urllib.request, base64
    port, token = os.environ["DAGGER_SESSION_PORT"], os.environ["DAGGER_SESSION_TOKEN"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/query", b'{"query": "{__typename}"}')
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{token}:".encode()).decode())
    print(json.dumps([urllib.request.urlopen(request).read().decode(), len(token)]))
"""


def run(*words: str, **options) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PIPELINE, "run", *words], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_a_command_finds_an_engine():
    ended = run(sys.executable, "-c", textwrap.dedent(QUERY))

    answer, token_length = json.loads(ended.stdout)
    assert json.loads(answer) == {"data": {"__typename": "Query"}}
    assert token_length >= 43, "256 bits"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["true"], 0),
        (["--", "sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], 137),
        (["no-such-command-here"], 2),
        (["/etc/passwd"], 2),
        ([], 2),
        (["--help"], 0),
    ],
    ids=str,
)
def test_the_exit_code_is_the_commands(words: list[str], code: int):
    ended = run(*words)

    assert ended.returncode == code
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=str)
def test_signals_are_passed_on(tmp_path: Path, number: signal.Signals):
    ready = tmp_path / "ready"
    script = f"trap 'exit 9' {number.name[3:]}; touch {ready}; while :; do sleep 0.05; done"
    process = subprocess.Popen([*PIPELINE, "run", "sh", "-c", script], stdin=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not ready.exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, number)

    assert process.wait(120) == 9


def test_without_an_engine_the_command_that_was_started_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    @contextlib.asynccontextmanager
    async def broken(**_: object):
        raise EngineError("no engine today")
        yield

    monkeypatch.setattr("pipeline.host.run.session", broken)
    with pytest.raises(EngineError, match="no engine today"):
        run_here(["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 600"])

    told = tmp_path / "pid"
    pid = told.read_text().strip() if told.exists() else ""  # it may have been ended before it said so
    assert not pid or not Path("/proc", pid).exists()
