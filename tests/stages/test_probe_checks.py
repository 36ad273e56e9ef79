"""Each check of the probe: a service that passes it, and a twin of which just this check fails."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elf import shared_object
from ports import free_port
from probing import Outcome, probe_file, run_probe, server, standing

from pipeline.reporting.model import Verdict
from pipeline.stages.smoke.probe import witness_text
from pipeline.stages.smoke.verdict import read_report

ROOT_MAY = "--root-may"


@pytest.fixture
def port() -> int:
    return free_port()


def ask(port: int, *more: str, behaviour: str = "ok", before: tuple[str, ...] = ()) -> Outcome:
    """The probe on a server that behaves so; ``before`` are words in front of its command."""
    flags = [ROOT_MAY, "--http", str(port), *more]
    return run_probe(flags, [*before, *server(behaviour=behaviour, port=port)])


def assert_just(outcome: Outcome, check: str, *, fails: bool, says: str = "") -> None:
    """This check passed; or it failed, no other did, and the verdict says why."""
    found = outcome.check(check)
    assert found["verdict"] == ("failed" if fails else "passed"), outcome.verdict
    assert outcome.failed == ([check] if fails else [])
    assert outcome.verdict["verdict"] == ("failed" if fails else "passed")
    assert says in (outcome.verdict["what"] if fails else found["detail"])


@pytest.mark.parametrize(
    ("flags", "fails", "says"),
    [
        ((), False, "HTTP 200"),
        (("--status", "200"), False, "HTTP 200"),
        (("--field", "status=ok", "--field", "models.1.loaded=true"), False, "HTTP 200"),
        (("--status", "204"), True, "HTTP 200"),
        (("--field", "status=ready"), True, "status is ok, not ready"),
        (("--field", "models.1.name=a"), True, "no field models.1.name"),
    ],
    ids=["2xx", "status", "fields", "another status", "another value", "no such field"],
)
def test_an_http_answer(flags: tuple[str, ...], fails: bool, says: str, port: int) -> None:
    with standing(behaviour="json", port=port) as command:
        flags = (ROOT_MAY, "--http", str(port), "--deadline", "50", *flags)
        outcome = run_probe(flags, command)
    assert_just(outcome, "health", fails=fails, says=says)


@pytest.mark.parametrize("fails", [False, True], ids=["accepts", "closed"])
def test_a_tcp_socket(fails: bool, port: int) -> None:
    flags = [ROOT_MAY, "--tcp", str(free_port() if fails else port), "--deadline", "60" if fails else "6000"]
    outcome = run_probe(flags, server(behaviour="hang", port=port))
    assert_just(outcome, "health", fails=fails, says="nothing listens" if fails else "accepts")


@pytest.mark.parametrize("fails", [False, True], ids=["printed", "silent"])
def test_a_log_line(fails: bool) -> None:
    line = 'serving [on] "8080"'
    command = ["sh", "-c", f"echo starting; sleep 0.2; echo '{'' if fails else line}'; sleep 30"]
    flags = [ROOT_MAY, "--said", line, "--deadline", "60" if fails else "6000"]
    assert_just(run_probe(flags, command), "health", fails=fails, says=line)


@pytest.mark.parametrize("fails", [False, True], ids=["steady", "flaky"])
def test_it_stays_healthy(fails: bool, port: int) -> None:
    outcome = ask(port, "--alive", "30", behaviour="flaky" if fails else "ok")
    assert_just(outcome, "alive", fails=fails, says="HTTP 503 gone" if fails else "HTTP 200")


@pytest.mark.parametrize("fails", [False, True], ids=["404", "200"])
def test_an_unknown_path(fails: bool, port: int) -> None:
    outcome = ask(port, behaviour="all" if fails else "ok")
    assert_just(outcome, "unknown path", fails=fails, says="HTTP 200, not 404" if fails else "HTTP 404")


@pytest.mark.parametrize("fails", [False, True], ids=["late", "never"])
def test_an_unknown_path_without_an_answer_is_asked_for_again(fails: bool, port: int) -> None:
    outcome = ask(port, behaviour="mute" if fails else "late")
    assert_just(outcome, "unknown path", fails=fails, says="with nothing, not 404" if fails else "HTTP 404")


def test_an_unknown_path_may_be_answered_where_the_catalog_says_so(port: int) -> None:
    outcome = ask(port, "--any-path", behaviour="all")
    assert (outcome.verdict["verdict"], outcome.failed) == ("passed", [])


@pytest.mark.parametrize(
    ("times", "flags", "fails", "tries"),
    [
        (0, (), False, 1),
        (1, (), False, 2),
        (2, ("--hc-retries", "2"), True, 2),
        (3, ("--hc-retries", "2", "--hc-start", "6000"), False, 4),
        (99, ("--hc-interval", "6000"), True, 1),  # which is the deadline
    ],
    ids=["at once", "the second time", "retries", "start period", "deadline"],
)
def test_the_own_healthcheck_runs_as_docker_runs_it(
    times: int, flags: tuple[str, ...], fails: bool, tries: int, port: int, tmp_path: Path
) -> None:
    """It fails so many times first."""
    script = f'echo >>{tmp_path}/n; [ "$(wc -l <{tmp_path}/n)" -gt {times} ] || {{ echo stale; exit 1; }}'
    outcome = ask(port, "--healthcheck", script, "--hc-interval", "5", *flags)
    assert_just(outcome, "healthcheck", fails=fails, says="stale" if fails else "exit 0")
    assert len((tmp_path / "n").read_text()) >= tries if fails else tries == len((tmp_path / "n").read_text())


def test_a_healthcheck_that_hangs_is_over_at_its_timeout(port: int) -> None:
    outcome = ask(
        port, "--healthcheck", "sleep 30", "--hc-timeout", "100", "--hc-retries", "1", "--hc-interval", "5"
    )
    assert_just(outcome, "healthcheck", fails=True, says="took longer than 1 s")


@pytest.mark.parametrize("fails", [False, True], ids=["another user", "root"])
def test_not_root(fails: bool) -> None:
    """NB: only root can become another user; where the tests are not root, the service is not either."""
    root = os.geteuid() == 0
    become = ["setpriv", "--reuid", "65534", "--clear-groups"] if root and not fails else []
    # NB: as soon as it says so, it is who it wanted to be.
    outcome = run_probe(["--said", "up"], [*become, "sh", "-c", "echo up; exec sleep 30"])
    assert_just(outcome, "user", fails=fails and root, says="runs as")


@pytest.mark.parametrize(
    ("ignored", "flags", "fails", "says"),
    [
        ("", (), False, "SIGTERM"),
        ("TERM", ("--stop", "50"), True, "did not end within 0.50 s of SIGTERM and was killed"),
        ("TERM", ("--signal", "SIGINT"), False, "SIGINT"),
        ("INT", ("--signal", "SIGINT", "--stop", "50"), True, "of SIGINT"),
    ],
    ids=["ends", "deaf", "stop signal", "deaf to the stop signal"],
)
def test_it_ends_within_its_stop_time(
    ignored: str, flags: tuple[str, ...], fails: bool, says: str, port: int
) -> None:
    before = ("sh", "-c", f"trap '' {ignored}; exec \"$@\"", "sh") if ignored else ()
    outcome = ask(port, *flags, before=before)
    assert_just(outcome, "stop", fails=fails, says=says)


@pytest.mark.parametrize("fails", [False, True], ids=["within", "over"])
def test_the_time_to_ready(fails: bool, port: int) -> None:
    outcome = ask(port, "--max-ready", "30" if fails else "3000", behaviour="slow")
    assert_just(outcome, "time to ready", fails=fails, says="allows 0.30 s" if fails else "of 30.00 s")


@pytest.mark.parametrize("file", ["memory.peak", "memory/memory.max_usage_in_bytes"], ids=["v2", "v1"])
@pytest.mark.parametrize("fails", [False, True], ids=["within", "over"])
def test_the_peak_of_memory(fails: bool, file: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(f"{300 << 20}\n")
    budget = str((200 if fails else 400) << 20)
    flags = [ROOT_MAY, "--alive", "10", "--cgroup", str(tmp_path), "--max-memory", budget]
    outcome = run_probe(flags, ["sleep", "30"])
    assert_just(outcome, "memory", fails=fails, says="allows 200.0 MiB" if fails else "300.0 MiB at most")
    assert outcome.verdict["peak"] == 300 << 20


def test_the_peak_without_a_control_group_is_that_of_the_processes(tmp_path: Path) -> None:
    eat = 'x = bytearray(150 << 20); print("eaten", flush=True); input()'
    flags = [ROOT_MAY, "--said", "eaten", "--cgroup", str(tmp_path), "--max-memory", str(100 << 20)]
    command = ["sh", "-c", f"sleep 30 | {sys.executable} -c '{eat}'"]
    assert_just(run_probe(flags, command), "memory", fails=True)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[str]:
    """Where the witness serves; it tries the address that asks, here 127.0.0.1."""
    number = free_port()
    (tmp_path / "witness.py").write_text(witness_text())
    process = subprocess.Popen([sys.executable, "-S", tmp_path / "witness.py", str(number)])
    while True:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", number)) == 0:
                break
    yield f"127.0.0.1:{number}"
    process.kill()
    process.wait()


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # NB: sends nothing
        return probe.getsockname()[0]


@pytest.mark.parametrize("fails", [False, True], ids=["reached", "refused"])
def test_a_port_is_reached_from_another_place(fails: bool, witness: str, port: int) -> None:
    """The twin is bound to an address that is not loopback, as it should, and still not to be reached."""
    command = server(behaviour="ok", port=port, address=own_address() if fails else "0.0.0.0")
    flags = [ROOT_MAY, "--tcp", str(port), "--bound", str(port), "--witness", witness]
    outcome = run_probe(flags, command)
    assert outcome.check(f"port {port}")["verdict"] == "passed"
    assert_just(
        outcome, f"reach {port}", fails=fails, says="another container cannot" if fails else "reached"
    )


def test_without_a_witness_reaching_is_skipped_and_not_passed(port: int) -> None:
    outcome = ask(port, "--bound", str(port), "--witness", "127.0.0.1:1")
    assert outcome.check(f"reach {port}")["verdict"] == "skipped"
    assert outcome.verdict["verdict"] == "passed"


# --- what an image promises --------------------------------------------------------------------------


def script(directory: Path, name: str, text: str) -> str:
    """An executable file."""
    (directory / name).write_text(text)
    (directory / name).chmod(0o755)
    return str(directory / name)


@pytest.mark.parametrize(
    ("flag", "sound", "broken"),
    [
        ("library", "libc.so.6", "libno-such.so.1"),
        ("program", "sh", "no-such-program"),
        ("program", "sh -c 'exit 0'", "sh -c 'echo cannot; exit 3'"),
        ("import", "json.decoder", "no_such_module"),
    ],
    ids=["library", "program", "command", "import"],
)
@pytest.mark.parametrize("fails", [False, True], ids=["there", "missing"])
def test_what_an_image_promises(flag: str, sound: str, broken: str, fails: bool) -> None:
    name = broken if fails else sound
    outcome = run_probe([f"--{flag}", name, *([f"--{flag}", sound] if fails else [])])
    assert_just(outcome, f"{flag} {name}", fails=fails, says=name if fails else "")


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("#!/bin/sh\nexit 2\n", False),
        ("#!/bin/sh\necho 'error while loading shared libraries' >&2; exit 127\n", True),
        ("#!/bin/sh\nkill -SEGV $$\n", True),
        ("#!/no/such/interpreter\n", True),
    ],
    ids=["knows no --version", "a library is missing", "crashes", "no interpreter"],
)
def test_a_declared_program_runs(text: str, fails: bool, tmp_path: Path) -> None:
    name = script(tmp_path, "tool", text)
    assert_just(run_probe(["--program", name]), f"program {name}", fails=fails)


def relinked(directory: Path, other: bytes) -> Path:
    """A copy of a program that is linked with ``other`` (12 letters) instead of liblzma.so.5."""
    found = shutil.which("xz")
    assert found, "xz is part of every Debian"
    binary = Path(found).read_bytes()
    assert binary.count(b"liblzma.so.5\0") == 1
    directory.mkdir(exist_ok=True)
    (directory / "xz").write_bytes(binary.replace(b"liblzma.so.5\0", other + b"\0"))
    (directory / "xz").chmod(0o755)
    (directory / "notes.txt").write_text("not a program\n")
    script(directory, "start.sh", "#!/bin/sh\n")
    return directory


@pytest.mark.parametrize(
    ("other", "fails"),
    [(b"liblzma.so.5", False), (b"libcuda.so.1", False), (b"libmissi.so5", True)],
    ids=["complete", "lacks what the driver brings", "lacks a library"],
)
def test_every_file_finds_what_it_is_linked_with(
    other: bytes, fails: bool, port: int, tmp_path: Path
) -> None:
    """Of a service that is sound in everything else."""
    place = str(relinked(tmp_path / "opt", other))
    outcome = ask(port, "--linked", place)
    assert_just(outcome, f"linked {place}", fails=fails, says="" if fails else "1 files")
    assert ("xz lacks libmissi.so5" in outcome.check(f"linked {place}")["detail"]) == fails


# As a wheel is laid out: what is imported says where to look, the libraries that it brings do not.
WHEELS = {
    "the path of who loads it": ({"needed": ["libone.so"], "rpath": "$ORIGIN/../w.libs"}, "libtwo.so", False),
    "loaded already": (
        {"needed": ["libtwo.so", "libone.so"], "runpath": "$ORIGIN/../w.libs"},
        "libtwo.so",
        False,
    ),
    "a path that is not passed on": (
        {"needed": ["libone.so"], "runpath": "$ORIGIN/../w.libs"},
        "libtwo.so",
        True,
    ),
    "not there": ({"needed": ["libone.so"], "rpath": "$ORIGIN/../w.libs"}, "libother.so", True),
}


@pytest.mark.parametrize(("imported", "brought", "fails"), WHEELS.values(), ids=WHEELS)
def test_a_library_that_another_one_loads_is_looked_at_as_it_is_loaded(
    imported: dict[str, Any], brought: str, fails: bool, tmp_path: Path
) -> None:
    shared_object(tmp_path / "w" / "w.so", **imported)
    shared_object(tmp_path / "w.libs" / "libone.so", needed=["libtwo.so"])
    shared_object(tmp_path / "w.libs" / brought)
    outcome = run_probe(["--linked", str(tmp_path)])
    assert_just(outcome, f"linked {tmp_path}", fails=fails, says="" if fails else "2 files")
    assert ("libone.so lacks libtwo.so" in outcome.check(f"linked {tmp_path}")["detail"]) == fails
    load = [
        sys.executable,
        "-c",
        "import ctypes, sys; ctypes.CDLL(sys.argv[1])",
        str(tmp_path / "w" / "w.so"),
    ]
    assert (subprocess.run(load, capture_output=True, check=False).returncode != 0) == fails


def test_a_library_that_nothing_loads_must_find_all_by_itself(tmp_path: Path) -> None:
    shared_object(tmp_path / "w" / "w.so", needed=["libtwo.so"], rpath="$ORIGIN/../w.libs")
    shared_object(tmp_path / "w.libs" / "libone.so", needed=["libtwo.so"])
    shared_object(tmp_path / "w.libs" / "libtwo.so")
    outcome = run_probe(["--linked", str(tmp_path)])
    assert_just(outcome, f"linked {tmp_path}", fails=True)
    assert "libone.so lacks libtwo.so" in outcome.check(f"linked {tmp_path}")["detail"]


@pytest.mark.parametrize("place", ["/no/such/place", "{tmp}"], ids=["absent", "empty"])
def test_a_path_with_nothing_to_link_is_red(place: str, tmp_path: Path) -> None:
    place = place.format(tmp=tmp_path)
    assert_just(run_probe(["--linked", place]), f"linked {place}", fails=True)


@pytest.mark.parametrize(
    ("line", "fails", "says"),
    [
        ("cuda: Optional[str] = '12.1'", False, "12.1"),
        ("cuda: Optional[str] = '12.4'", True, "12.4, not 12.1"),
        ("cuda: Optional[str] = None", True, "built for the CPU"),
    ],
    ids=["same", "another", "cpu"],
)
def test_torch_is_of_the_familys_cuda(line: str, fails: bool, says: str, tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "raise ImportError('it is not imported: that takes seconds')"
    )
    (tmp_path / "torch" / "version.py").write_text(
        f"from typing import Optional\n__version__ = '2'\n{line}\n"
    )
    outcome = run_probe(["--cuda", "12.1"], environment={"PYTHONPATH": str(tmp_path)})
    assert_just(outcome, "cuda of torch", fails=fails, says=says)


def test_a_family_of_cuda_without_any_is_red() -> None:
    assert_just(run_probe(["--cuda", "12.1"]), "cuda", fails=True, says="neither libcudart.so.12 nor torch")


# NB: a stand-in; nothing of what --gpu does was tried on a GPU.
_TORCH = """
__version__ = "2.3.1"
class cuda:
    get_device_name = lambda: "a stand-in"
class Ones:
    __matmul__ = lambda self, other: self
    sum = lambda self: self
    item = lambda self: {product}
def ones(*shape, device):
    if device != "cuda":
        raise RuntimeError(device)
    return Ones()
"""


@pytest.mark.parametrize(
    ("product", "fails", "says"),
    [("64**3", False, "torch 2.3.1 on a stand-in"), ("64**2", True, "torch computed a wrong product")],
    ids=["right", "wrong"],
)
def test_a_kernel_of_torch_must_compute_what_is_known(
    product: str, fails: bool, says: str, tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text(_TORCH.replace("{product}", product))
    outcome = run_probe(["--kernel"], environment={"PYTHONPATH": str(tmp_path)})
    assert_just(outcome, "kernel", fails=fails, says=says)


def test_a_kernel_cannot_run_where_there_is_no_driver() -> None:
    assert_just(run_probe(["--kernel"]), "kernel", fails=True, says="libcuda.so.1")


# --- side by side, and from beside -------------------------------------------------------------------


def side_by_side(*ports: int, command: str = "") -> list[tuple[Verdict, str]]:
    """Servers on these ports side by side, the last with another command: verdict and sentence of each."""
    lines = []
    for number, each in enumerate(ports):
        flags = f"--mark s{number} --root-may --tcp {each} --hold {len(ports)}"
        words = command if command and each == ports[-1] else f"{sys.executable} -m http.server {each}"
        lines.append(f'exec sh "$1" --meeting "$2" {flags} -- {words}')
    words = ["sh", str(probe_file()), "--mark", "all", "--side-by-side", "--", *lines]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=True)
    reports = [read_report(done.stdout, f"s{number}") for number in range(len(ports))]
    return [(each.verdict, each.what) for each in reports if each]


def test_services_of_a_suite_run_side_by_side() -> None:
    found = side_by_side(free_port(), free_port())
    assert [verdict for verdict, _ in found] == [Verdict.PASSED, Verdict.PASSED]


def test_services_of_a_suite_that_want_the_same_port_are_red(port: int) -> None:
    found = dict(side_by_side(port, port))
    assert found[Verdict.FAILED] == f"wants port {port}, which another service of the suite has"


def test_a_service_of_a_suite_that_exits_is_red(port: int) -> None:
    """As one does for which another service has a port that nobody declared."""
    found = dict(side_by_side(port, free_port(), command="false"))
    assert "exited with 1" in found[Verdict.FAILED]


@pytest.mark.parametrize("fails", [False, True], ids=["open", "closed"])
def test_from_beside_ports_are_connected_to(fails: bool, port: int) -> None:
    other = free_port() if fails else port
    service = subprocess.Popen(server(behaviour="ok", port=port))
    try:
        flags = ["--host", "127.0.0.1", "--http", str(port), "--bound", str(other)]
        outcome = run_probe(flags)
    finally:
        service.kill()
        service.wait()
    assert_just(
        outcome, f"reach {other}", fails=fails, says="accepts no connection" if fails else "from beside"
    )
    assert outcome.check("unknown path")["verdict"] == "passed"
