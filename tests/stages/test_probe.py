"""probe.sh against real processes: what passes, what is red, and how soon."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ports import free_port
from probing import programs, run_probe, server, standing

SHELLS = [["dash"], ["bash", "--posix"], ["busybox", "sh"]]
BARE = ["sh", "sleep", "rm", "cat", "tail", "wc"]  # programs that every image has


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    program = request.param[0]
    assert shutil.which(program), f"{program} is not here: `make test` installs it on Debian and Ubuntu"
    return request.param


def http(port: int, *more: str, deadline: int = 6000) -> list[str]:
    return ["--root-may", "--http", str(port), "--path", "/health", "--deadline", str(deadline), *more]


def test_a_service_that_gets_ready_passes_in_every_shell(shell: list[str], port: int) -> None:
    outcome = run_probe(http(port, "--bound", str(port)), server(behaviour="slow", port=port), shell=shell)
    assert outcome.verdict["verdict"] == "passed"
    assert outcome.verdict["ready"] >= 0.6
    assert [check["name"] for check in outcome.verdict["checks"]] == [
        "health",
        "user",
        f"port {port}",
        "unknown path",
        "memory",
        "stop",
    ]
    assert outcome.check("unknown path")["detail"] == "HTTP 404"
    assert outcome.check("stop")["verdict"] == "passed"
    assert "listening" in outcome.log


def test_the_probe_does_not_pause_for_a_service_that_is_ready_at_once(port: int, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", [*BARE, "curl", "env", "tr", "grep"])
    pauses, sleep = tmp_path / "pauses", shutil.which("sleep")
    (tmp_path / "bin/sleep").unlink()
    (tmp_path / "bin/sleep").write_text(f'#!/bin/sh\necho "$1" >>{pauses}\nexec {sleep} "$1"\n')
    (tmp_path / "bin/sleep").chmod(0o755)
    for behaviour in ("ok", "second"):
        pauses.write_text("")
        with standing(behaviour=behaviour, port=port) as command:
            outcome = run_probe(http(port, "--interval", "7"), command, path=path)
        assert outcome.verdict["verdict"] == "passed"
        assert ("0.07" in pauses.read_text().split()) == (behaviour == "second")


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("500", 'HTTP 500 database "x" \\ gone'),
        ("503", 'HTTP 503 {"status":"starting"}'),
        ("302", "HTTP 302"),
        ("hang", "GET /health on port"),
    ],
)
def test_a_service_that_never_gets_ready_is_red_at_its_deadline(behaviour: str, said: str, port: int) -> None:
    with standing(behaviour=behaviour, port=port) as command:
        outcome = run_probe(http(port, deadline=50), command)
    assert outcome.verdict["verdict"] == "failed"
    assert said in outcome.verdict["what"]
    assert outcome.check("health")["verdict"] == "failed"


def test_an_exit_is_red_at_once_with_code_and_last_lines(shell: list[str], port: int) -> None:
    command = ["sh", "-c", "echo first; echo 'model file missing' >&2; sleep 0.3; exit 3"]
    outcome = run_probe(http(port, deadline=20000), command, shell=shell)
    assert outcome.verdict["verdict"] == "failed"
    assert outcome.verdict["exit_code"] == 3
    assert "exited with 3" in outcome.verdict["what"]
    assert outcome.log == "first\nmodel file missing\n"
    assert outcome.seconds < 200, "it waited for the deadline"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["sh", "-c", "kill -9 $$"], 137, "signal 9"),
        (["no-such-program"], 127, "exited with 127"),
        (["sh", "-c", "sleep 30 & exit 0"], 0, "exited with 0"),
    ],
    ids=["killed", "missing program", "daemonised"],
)
def test_every_way_to_end_early_is_told(command: list[str], code: int, said: str, port: int) -> None:
    outcome = run_probe(http(port, deadline=20000), command)
    assert (outcome.verdict["verdict"], outcome.verdict["exit_code"]) == ("failed", code)
    assert said in outcome.verdict["what"]
    assert outcome.seconds < 200, "it waited for the deadline"


LISTENS = """
import socket, sys
print("there", flush=True)
open(sys.argv[1]).read()
socket.create_server(("0.0.0.0", int(sys.argv[2]))).accept()
"""


def test_the_wrong_port_is_named_together_with_the_right_one(port: int, tmp_path: Path) -> None:
    """NB: who listens there must begin to after the probe, and by its deadline: it only waits for a word."""
    other, word = free_port(), tmp_path / "word"
    os.mkfifo(word)
    command = [sys.executable, "-c", LISTENS, str(word), str(other)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"there\n"
            outcome = run_probe(http(port, deadline=300), ["sh", "-c", f"echo >{word}; exec sleep 600"])
        finally:
            process.kill()
    assert f"nothing listens on port {port}; the container listens on" in outcome.verdict["what"]
    assert f"0.0.0.0:{other}" in outcome.verdict["what"]


def test_a_port_that_something_else_had_before_is_not_said_to_be_the_services(port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        stood = other.getsockname()[1]
        outcome = run_probe(http(port, deadline=100), ["sh", "-c", "echo waiting; sleep 60"])
    assert f"nothing listens on port {port}; the container listens on" in outcome.verdict["what"]
    assert f":{stood}" not in outcome.verdict["what"]


def test_a_declared_port_that_nobody_binds_is_red(port: int) -> None:
    other = free_port()
    outcome = run_probe(http(port, "--bound", str(other)), server(behaviour="ok", port=port))
    assert outcome.verdict["verdict"] == "failed"
    assert f"nothing listens on port {other}" in outcome.verdict["what"]


@pytest.mark.parametrize(("address", "verdict"), [("127.0.0.1", "failed"), ("0.0.0.0", "passed")])
def test_a_port_on_loopback_only_is_red(address: str, verdict: str, port: int) -> None:
    command = server(behaviour="ok", port=port, address=address)
    outcome = run_probe(http(port, "--bound", str(port)), command)
    assert outcome.verdict["verdict"] == verdict
    assert ("127.0.0.1" in outcome.verdict["what"]) == (verdict == "failed")


def test_a_child_that_keeps_stdout_open_does_not_hang_the_probe(port: int) -> None:
    command = ["sh", "-c", 'sleep 60 & exec "$@"', "sh", *server(behaviour="ok", port=port)]
    outcome = run_probe(http(port), command)
    assert outcome.verdict["verdict"] == "passed"
    assert outcome.seconds < 60, "it waited for the child"


@pytest.mark.parametrize("client", ["curl", "wget", "python3", "bash"])
def test_one_http_client_is_enough(client: str, port: int, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", [*BARE, client])
    passed = run_probe(http(port), server(behaviour="ok", port=port), path=path)
    assert (passed.verdict["verdict"], passed.verdict["via"]) == ("passed", client)
    assert passed.check("unknown path")["detail"] == "HTTP 404"
    with standing(behaviour="500", port=port) as command:
        failed = run_probe(http(port, deadline=50), command, path=path)
    assert "HTTP 500" in failed.verdict["what"]


def test_without_any_http_client_the_verdict_says_so(port: int, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", ["sh", "sleep", "rm"])
    outcome = run_probe(http(port), [sys.executable, "-c", "input()"], path=path)
    assert outcome.verdict["verdict"] == "failed"
    assert "none of curl, wget, python3, bash" in outcome.verdict["what"]


@pytest.mark.parametrize(
    ("script", "verdict", "said"),
    [
        ("exit 0", "passed", "ready after"),
        ("echo model not loaded; exit 1", "failed", "ended with 1: model not loaded"),
        ("sleep 30", "failed", "was not ready"),
    ],
    ids=["healthy", "unhealthy", "hangs"],
)
def test_a_health_script_decides(script: str, verdict: str, said: str) -> None:
    outcome = run_probe(["--root-may", "--script", script, "--deadline", "60"], ["sleep", "30"])
    assert outcome.verdict["verdict"] == verdict
    assert said in outcome.verdict["what"]


def test_a_service_without_health_must_stay_alive() -> None:
    stays = run_probe(["--root-may", "--alive", "50"], ["sleep", "30"])
    assert (stays.verdict["verdict"], stays.check("alive")["verdict"]) == ("passed", "passed")
    goes = run_probe(["--root-may", "--alive", "6000"], ["sh", "-c", "sleep 0.2; exit 4"])
    assert (goes.verdict["verdict"], goes.verdict["exit_code"]) == ("failed", 4)


def test_a_talkative_service_is_cut_to_its_last_64_kb(port: int) -> None:
    line = "line $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    loud = f"i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo {line}; done; exit 1"
    outcome = run_probe(http(port, deadline=20000), ["sh", "-c", loud])
    assert 60_000 < len(outcome.log) <= 65536
    assert outcome.log.splitlines()[-1] == line.replace("$i", "3000")


UNTIL_CUT = """
import os, sys, time
for number in range(30_000):
    print(number, "x" * 90)
sys.stdout.flush()
while os.fstat(1).st_size > 1 << 20:
    time.sleep(0.01)
print("was cut")
sys.exit(7)
"""


def test_what_a_service_prints_is_cut_while_it_runs(port: int) -> None:
    outcome = run_probe(http(port, deadline=20000), [sys.executable, "-c", UNTIL_CUT])
    assert outcome.verdict["exit_code"] == 7
    lines = outcome.log.splitlines()
    assert lines[-1] == "was cut"
    assert lines[-2].startswith("29999 "), "what came before is kept"
    assert len(outcome.log) <= 65536


def test_the_service_gets_its_own_environment_and_arguments(shell: list[str]) -> None:
    show = [
        sys.executable,
        "-c",
        "import os, sys; print(sys.argv[1:], os.environ['port'], sorted(os.environ)); exit(9)",
    ]
    awkward = ["a b", "", "--", "$HOME", "'\"", "--port"]
    outcome = run_probe(
        ["--root-may", "--alive", "6000"], [*show, *awkward], shell=shell, environment={"port": "kept"}
    )
    assert repr(awkward) + " kept" in outcome.log
    assert "probe_" not in outcome.log


def test_a_command_named_like_a_shell_builtin_is_the_program() -> None:
    outcome = run_probe(["--root-may", "--alive", "6000"], ["test", "1", "=", "2"])
    assert outcome.verdict["exit_code"] == 1


def test_nothing_is_left_behind(port: int, tmp_path: Path) -> None:
    """NB: its files are known by its process, as other tests run probes at the same time."""
    noted, listed = tmp_path / "process", tmp_path / "listed"
    shell = ("sh", "-c", f'echo $$ >{noted}; exec sh "$@"', "sh")
    run_probe(http(port), ["sh", "-c", f"ls -A /tmp >{listed}; exit 1"], shell=shell)
    mine = f".pipeline-probe.{noted.read_text().strip()}"
    assert mine in listed.read_text().split()
    assert not [*Path("/tmp").glob(f"{mine}*")]
