"""`make soak`: 500 runs in a loop, some of them ended by force; then what is left. The result as JSON.

All of it on a dockerd, a registry and a /dev/shm of this script's own, so that whatever is there afterwards
and was not before is ours. Each run builds, tests and pushes an image that nobody has built before, some
nothing. Of ten runs one is interrupted (SIGINT), one killed with SIGKILL, and one killed together with its
engine, at a moment that the run's number decides.

It goes in parts, each on a dockerd of its own. With --out an interrupted campaign goes on after its last
whole part.
"""

import argparse
import json
import os
import platform
import random
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bystanders import bystanders
from calls import forked
from real_registry import running
from small_image import push_base, write_fleet
from tiny_docker import Daemon, empty_daemon

from pipeline.host.clean import main as clean
from pipeline.local.docker.images import CACHE, MOST

_ALONE = "PIPELINE_SOAK_ALONE"
_BY_ITSELF = "by itself"
_ENDINGS = {3: "killed", 6: "killed with its engine", 9: "interrupted"}
_PART = 100
_GRACE = 6.0  # seconds after which what a dead process left is swept
_TURN = re.compile(r"push-[0-9a-f]{2}\.lock")


@dataclass(kw_only=True)
class Soak:
    """The runs, and where they leave what they leave."""

    daemon: Daemon
    folder: Path
    host: str
    base: str
    endings: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])

    @property
    def fleet(self) -> Path:
        return self.folder / "fleet"

    def run(self, number: int, *, forced: bool = True) -> None:
        """One run; its number decides whether it builds, and how it ends.

        One that is not ``forced`` builds, and ends by itself.
        """
        if number % 4 or not forced:
            (self.fleet / "nonce").write_text(secrets.token_hex(16))
        environment = os.environ | {"DOCKER_HOST": self.daemon.host, "PIPELINE_HOME": str(self.home)}
        ending = _ENDINGS.get(number % 10, _BY_ITSELF) if forced else _BY_ITSELF
        program = forked("pipeline") if ending == _BY_ITSELF else Path(sys.executable).with_name("pipeline")
        words = ("call", "-q", "--source", self.fleet, "--registry", self.host, "build-all", "--candidates")
        log = self.folder / "log"
        with log.open("w") as out:
            process = subprocess.Popen([program, *words], env=environment, stdout=out, stderr=out)
        if ending != _BY_ITSELF:
            time.sleep(random.Random(number).uniform(0.1, 5.0))
            _end(process.pid, ending)
        code = process.wait(300)
        self.endings[ending] += 1
        if ending == _BY_ITSELF and code:
            self.wrong.append(f"run {number} ended with {code}: {log.read_text()[-2000:]}")

    @property
    def home(self) -> Path:
        return self.folder / "home"


def _end(pid: int, ending: str) -> None:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    engines = children.read_text().split() if children.exists() and "engine" in ending else []
    for each in (pid, *map(int, engines)):
        try:
            os.kill(each, signal.SIGINT if ending == "interrupted" else signal.SIGKILL)
        except ProcessLookupError:
            continue


def snapshot(soak: Soak) -> dict[str, list[str]]:
    """All that is there but what is documented to be kept: the cache's images, and files of calls."""
    docker = soak.daemon.docker
    images = docker("images", "--no-trunc", "--format", "{{.Repository}}@{{.Digest}} {{.ID}}").splitlines()
    told = {
        "containers": docker("ps", "-a", "--format", "{{.Names}}"),
        "networks": docker("network", "ls", "--format", "{{.Name}}"),
        "volumes": docker("volume", "ls", "--format", "{{.Name}}"),
        "images": "\n".join(sorted(line for line in images if not line.startswith(CACHE))),
    }
    return {
        **{what: text.splitlines() for what, text in told.items()},
        "files": [*_below(Path(tempfile.gettempdir())), *_below(Path("/dev/shm"))],
        "processes": _processes(soak),
    }


def ended(soak: Soak) -> None:
    """Wait until nothing of a run runs: an engine whose call was killed ends by itself, in its time."""
    deadline = time.monotonic() + 120
    while (left := _processes(soak)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        soak.wrong.append(f"still there: {left}")


def _below(folder: Path) -> Iterator[str]:
    return (str(path) for path in folder.rglob("*") if not _TURN.fullmatch(path.name))


def _processes(soak: Soak) -> list[str]:
    """Those that know the runs' home: all that came of a run."""
    mark, found = f"PIPELINE_HOME={soak.home}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


@contextmanager
def _soak() -> Iterator[Soak]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("docker", "registry", "tmp", "base"):
            (folder / each).mkdir()
        with empty_daemon(folder / "docker") as daemon, running(folder / "registry", basic=False) as registry:
            base = f"{registry.host}/soak/base:1"
            soak = Soak(daemon=daemon, folder=folder, host=registry.host, base=base)
            push_base(daemon.docker, base, folder / "base")
            write_fleet(soak.fleet, host=registry.host, organisation="soak")
            forked("pipeline")  # its own folder stays where it is
            # NB: from here on, for a run's temporary files are to be told from this script's.
            before, environment = tempfile.tempdir, dict(os.environ)
            tempfile.tempdir = str(folder / "tmp")
            os.environ |= {"TMPDIR": tempfile.tempdir, "XDG_CACHE_HOME": str(folder / "cache")}
            yield soak
            tempfile.tempdir = before
            os.environ.clear()
            os.environ.update(environment)


def part(numbers: range) -> dict[str, Any]:
    """Runs on a Docker Engine without a single image; what they left."""
    began = time.monotonic()
    with _soak() as soak, ExitStack() as others:
        soak.run(numbers[0], forced=False)  # brings the base, which stays as any image that was pulled
        others.enter_context(bystanders(soak.daemon.host, soak.base))
        before = snapshot(soak)
        for number in numbers[1:-1]:
            soak.run(number)
        ended(soak)
        time.sleep(_GRACE)
        soak.run(numbers[-1], forced=False)  # NB: one with nothing to build would not ask Docker, nor sweep
        after = snapshot(soak)
        cached = len(soak.daemon.docker("images", "-q", CACHE).splitlines())
        files = sum(path.stat().st_size for path in soak.home.rglob("*") if path.is_file())
        os.environ |= {"DOCKER_HOST": soak.daemon.host, "PIPELINE_HOME": str(soak.home)}
        clean([])
        cleaned = snapshot(soak) | {"home": [str(path) for path in soak.home.rglob("*")]}
        return {
            "parts": 1,
            "runs": len(numbers),
            "ended": dict(soak.endings),
            "left": _beyond(after, before),
            "kept": {"images": cached, "images at most": MOST, "bytes of files": files},
            "left by clean": _beyond(cleaned, before),
            "kept images after clean": len(soak.daemon.docker("images", "-q", CACHE).splitlines()),
            "wrong": soak.wrong,
            "seconds": round(time.monotonic() - began, 1),
        }


def _beyond(now: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    more = {what: sorted({*found} - {*before.get(what, ())}) for what, found in now.items()}
    return {what: found for what, found in more.items() if found}


def both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two parts together: counts are added, lists are joined; of what was kept, the most."""
    added = ("parts", "runs", "kept images after clean", "wrong")
    return {
        **{name: one[name] + other[name] for name in added},
        "ended": dict(Counter(one["ended"]) + Counter(other["ended"])),
        **{
            name: {
                what: [*one[name].get(what, []), *other[name].get(what, [])]
                for what in {**one[name], **other[name]}
            }
            for name in ("left", "left by clean")
        },
        "kept": {what: max(one["kept"][what], other["kept"][what]) for what in one["kept"]},
        "seconds": round(one["seconds"] + other["seconds"], 1),
    }


def is_bad(result: Mapping[str, Any]) -> bool:
    """Whether a run failed, or anything is left."""
    return any(result[name] for name in ("left", "left by clean", "kept images after clean", "wrong"))


def main() -> int:
    """The command; 1 when a run failed, or anything is left."""
    options = _options()
    if _ALONE not in os.environ:
        os.environ[_ALONE] = "1"
        line = 'mount -t tmpfs none /dev/shm && exec "$@"'
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", line, "sh", sys.executable, *sys.argv])
    result = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    began = time.monotonic()
    while (done := result.get("runs", 0)) < options.runs and time.monotonic() - began < options.seconds:
        numbers = range(done + 1, min(done + _PART, options.runs) + 1)
        print(f"runs {numbers[0]} to {numbers[-1]}", flush=True)
        found = part(numbers)
        result = both(result, found) if result else found
        python = platform.python_version()
        result["machine"] = f"{os.cpu_count()} cores, {platform.machine()}, Python {python}"
        text = json.dumps(result, indent=2)
        if options.out:
            options.out.write_text(text + "\n")
        print(text, flush=True)
    return 1 if not result or is_bad(result) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=14_400.0, help="begin no part after so long")
    parser.add_argument("--out", type=Path, help="write the result there too, and go on from what is there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
