"""What set-up has made on this machine: ``$PIPELINE_HOME``, else ``~/.local/state/pipeline``.

```
lock              held while set-up or clean-up runs
setup.env         shell variables for make: where Docker Engine and the registry are
docker.json       the dockerd that is ours: process id and start time
docker/           its data root, exec root, socket, configuration and log
registry.json     the docker-registry that is ours: process id, start time and port
registry/         its data, configuration and log
runs/             the newest runs of `pipeline call` (pipeline/host/kept.py)
seen/             digests of files that need not be read again (pipeline/local/engine/seen.py)
```

It is bounded by Docker's own garbage collection of build caches (20 GB), by `pipeline clean` and by
`make clean`.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import EngineError
from pipeline.folders import takes
from pipeline.host.kept import RUNS

LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), less the closing zero


def home(environ: Mapping[str, str]) -> Path:
    """The directory of the state, absolute; it need not exist."""
    default = Path(environ.get("HOME") or Path.home()) / ".local" / "state" / "pipeline"
    return Path(environ.get("PIPELINE_HOME") or default).absolute()


@dataclass(frozen=True)
class State:
    """The paths of the state, and its small JSON files."""

    home: Path

    @property
    def docker(self) -> Path:
        """The directory of our dockerd."""
        return self.home / "docker"

    @property
    def docker_host(self) -> str:
        """The address of our dockerd."""
        return f"unix://{self.docker / 'docker.sock'}"

    @property
    def registry(self) -> Path:
        """The directory of our registry."""
        return self.home / "registry"

    @property
    def seen(self) -> Path:
        """What the local engine knows of files of this machine."""
        return self.home / "seen"

    @property
    def kept(self) -> tuple[Path, ...]:
        """What calls keep."""
        return (self.home / RUNS, self.seen)

    @property
    def environment(self) -> Path:
        """The shell file that make reads."""
        return self.home / "setup.env"

    def read(self, name: str) -> dict:
        """One JSON file, ``{}`` if it is absent or unreadable."""
        try:
            value = json.loads((self.home / f"{name}.json").read_text())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def write(self, name: str, value: Mapping[str, object]) -> None:
        """Replace one JSON file at once."""
        replace(self.home / f"{name}.json", json.dumps(value) + "\n")

    def forget(self, name: str) -> None:
        """Remove one JSON file."""
        (self.home / f"{name}.json").unlink(missing_ok=True)


def replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new text, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)


@contextmanager
def locked(state: State, *, say: Callable[[str], None], deadline: float = 1200.0) -> Iterator[None]:
    """Hold the state's lock; waits up to ``deadline`` seconds, and says so. It ends with the process."""
    state.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = state.home / "lock"
    with path.open("a+") as file:
        started, told = time.monotonic(), False
        while not takes(file):
            file.seek(0)
            if not told:
                say(f"waiting for another set-up (process {file.read().strip() or 'unknown'})")
                told = True
            if time.monotonic() - started > deadline:
                raise EngineError(
                    f"another set-up has held the lock for {deadline:.0f} s",
                    where=str(path),
                    next_step="wait for it or end it, then try again",
                )
            time.sleep(0.1)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
