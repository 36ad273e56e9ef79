"""The state directory, its lock, and the processes it remembers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import EngineError
from pipeline.host.machine import processes
from pipeline.host.machine.state import State, home, locked


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"HOME": "/h"}, "/h/.local/state/pipeline", id="default"),
        pytest.param({"HOME": "/h", "PIPELINE_HOME": "/p"}, "/p", id="given"),
        pytest.param(
            {"HOME": "/h", "PIPELINE_HOME": ""}, "/h/.local/state/pipeline", id="empty is not given"
        ),
    ],
)
def test_home(environ: dict[str, str], expected: str) -> None:
    assert home(environ) == Path(expected)


def test_a_relative_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert home({"PIPELINE_HOME": "here"}) == tmp_path / "here"


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "\x00"], ids=["empty", "cut off", "not an object", "binary"]
)
def test_a_damaged_file_counts_as_absent(tmp_path: Path, text: str) -> None:
    (tmp_path / "docker.json").write_text(text)
    assert State(tmp_path).read("docker") == {}


def test_what_is_written_is_read_until_it_is_forgotten(tmp_path: Path) -> None:
    state = State(tmp_path / "new")
    state.write("registry", {"pid": 1, "port": 5050})
    assert state.read("registry") == {"pid": 1, "port": 5050}
    assert [path.name for path in state.home.iterdir()] == ["registry.json"]
    state.forget("registry")
    state.forget("registry")
    assert state.read("registry") == {}


def test_the_lock_keeps_a_second_set_up_out_and_names_the_first(tmp_path: Path) -> None:
    state, said = State(tmp_path), []
    with (
        locked(state, say=said.append),
        pytest.raises(EngineError, match="another set-up has held the lock"),
        locked(state, say=said.append, deadline=0.3),
    ):
        pytest.fail("two at once")
    assert said == [f"waiting for another set-up (process {os.getpid()})"]


def test_the_lock_of_a_killed_set_up_is_free(tmp_path: Path) -> None:
    code = (
        "import pathlib, time\n"
        "from pipeline.host.machine.state import State, locked\n"
        f"with locked(State(pathlib.Path({str(tmp_path)!r})), say=print):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    said: list[str] = []
    with locked(State(tmp_path), say=said.append, deadline=60):
        pass
    assert said == []


def test_a_process_is_known_by_id_and_start_time(tmp_path: Path) -> None:
    process = processes.start_detached(["sleep", "60"], log=tmp_path / "log")
    record = processes.record_of(process.pid)
    try:
        assert processes.is_running(record)
        assert not processes.is_running({**record, "started": record["started"] - 1}), "its id was given away"
        assert not processes.stop({**record, "started": record["started"] - 1})
        assert process.poll() is None, "a process of somebody else was ended"
    finally:
        assert processes.stop(record)
    assert process.wait() == -signal.SIGTERM
    assert not processes.is_running(record)
    assert not processes.stop(record)


@pytest.mark.parametrize(
    "record", [{}, {"pid": 0, "started": 0}, {"pid": -1, "started": 1}], ids=["none", "zero", "negative"]
)
def test_no_record_is_no_process(record: dict[str, int]) -> None:
    assert not processes.is_running(record)


def test_a_process_that_ignores_the_signal_is_ended_by_force(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = processes.start_detached(["sh", "-c", "trap '' TERM; echo up; exec sleep 60"], log=log)
    while log.read_text() != "up\n":
        time.sleep(0.01)
    assert processes.stop(processes.record_of(process.pid), deadline=0.2)
    assert process.wait() == -signal.SIGKILL
