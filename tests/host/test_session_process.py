"""The engine's process: it ends with its caller, and keeps its token to itself."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import EngineError
from pipeline.host import session
from pipeline.host.session import Engine, Session, outer_session
from pipeline.procfs import started_at


def alive(pid: int) -> bool:
    return started_at(pid) is not None


def gone_within(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_it_answers_until_closed():
    engine = Engine()
    pid = engine._process.pid
    address = engine.address()

    assert address.port > 0
    assert alive(pid)
    engine.close()
    assert not alive(pid)


def test_the_token_is_in_no_command_line_and_no_environment():
    engine = Engine()
    token = engine.address().token.encode()
    try:
        assert len(token) >= 43
        for name in ("cmdline", "environ"):
            for process in (engine._process.pid, os.getpid()):
                assert token not in Path(f"/proc/{process}/{name}").read_bytes()
        assert repr(engine.address()).count(token.decode()) == 0
    finally:
        engine.close()


def test_it_ends_when_its_caller_is_killed():
    code = (
        "import os, signal; from pipeline.host.session import Engine; e = Engine(); e.address(); "
        "print(e._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert caller.stdout
    pid = int(caller.stdout.readline())
    caller.wait()

    assert gone_within(pid, 120)


def test_closing_before_it_is_ready_leaves_nothing():
    engine = Engine()
    engine.close(seconds=0.1)

    assert not alive(engine._process.pid)


def test_an_engine_that_ends_early_is_reported(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    engine = Engine()

    with pytest.raises(EngineError, match="ended before it was ready"):
        engine.address()
    engine.close()


@pytest.mark.parametrize(
    ("port", "expected"),
    [("81", Session(81, "t")), ("", None), ("none", None)],
)
def test_a_surrounding_session_is_used(monkeypatch: pytest.MonkeyPatch, port: str, expected: Session | None):
    monkeypatch.setenv("DAGGER_SESSION_PORT", port)
    monkeypatch.setenv("DAGGER_SESSION_TOKEN", "t")

    assert outer_session() == expected
    assert session.outer_session() == expected
