"""`make bench`, the local engine: builds, commands and queries through it against the docker client's.

Usage: python tests/bench/local_engine.py [--rounds N] [--base REF] [--out FILE]

Each round times ours and the rival's, in turn, on what neither has seen before. Builds and commands are timed
in a session that is open; what opening one costs is a row of its own. Ratios decide; the rest is absolute.
"""

import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import dagger
from clients import docker_that_builds, options_of
from dagger import dag
from dagger.client._session import ConnectParams, SingleConnection
from fleets import SLEEP

from pipeline.host.call.binding import connected
from pipeline.local.engine.seen import SETTLED
from pipeline.local.engine.server import serving

IMAGES, AT_ONCE, QUERIES = 8, 20, 300
CONTEXT_FILES, CONTEXT_FILE = 100, 1_000_000  # bytes each
_DOCKERFILE = f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nCOPY . /there/\nRUN {SLEEP}\n"
_SMALL = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /there/\n"
_IMPORT = "import asyncio, time, dagger\n"
_ANSWER = f"""{_IMPORT}
async def main():
    async with dagger.connection():
        await dagger.dag.version()
        print(time.time())
asyncio.run(main())
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Medians in seconds; ``limit`` is of the ratio, or of ours where there is no rival."""

    what: str
    ours: float
    rival: float | None
    limit: float

    @property
    def within(self) -> bool:
        return (self.ours / self.rival if self.rival else self.ours) <= self.limit


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the rounds are run."""

    docker: Path
    base: str
    folder: Path

    def contexts(self, dockerfile: str) -> list[Path]:
        """Directories that nobody has built before."""
        made = [Path(tempfile.mkdtemp(dir=self.folder)) for _ in range(IMAGES)]
        for path in made:
            (path / "Dockerfile").write_text(dockerfile)
            (path / "nonce").write_text(secrets.token_hex(8))
        return made


async def _taken(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


async def _shell(line: str, *words: str | Path) -> None:
    environment = os.environ | {"DOCKER_BUILDKIT": "1"}
    process = await asyncio.create_subprocess_exec(
        "sh", "-ec", line, "sh", *map(str, words), stdout=subprocess.DEVNULL, env=environment
    )
    if await process.wait():
        raise SystemExit(f"bench: {line} ended with {process.returncode}")


def _image(path: Path, base: str, client: dagger.Client = dag) -> dagger.Container:
    arguments = [dagger.BuildArg("BASE_IMAGE", base)]
    return client.host().directory(str(path)).docker_build(build_args=arguments)


async def builds(place: Place) -> tuple[float, float]:
    """Eight images at once, against as many concurrent `docker build`s."""
    mine, theirs = place.contexts(_DOCKERFILE), place.contexts(_DOCKERFILE)

    async def ours() -> None:
        await asyncio.gather(*(_image(path, place.base).sync() for path in mine))

    line = (
        "docker=$1 base=$2; shift 2; "
        'for path; do "$docker" build -q --build-arg "BASE_IMAGE=$base" "$path" & done; wait'
    )
    return await _taken(ours), await _taken(lambda: _shell(line, place.docker, place.base, *theirs))


async def _execs(place: Place, count: int) -> None:
    base = dag.container().from_(place.base)
    runs = [base.with_env_variable("NONCE", secrets.token_hex(8)).with_exec(["true"]) for _ in range(count)]
    await asyncio.gather(*(run.stdout() for run in runs))


async def command(place: Place) -> tuple[float, float]:
    """One command, against `docker run --rm`."""
    line = '"$1" run --rm "$2" true'
    ours = await _taken(lambda: _execs(place, 1))
    return ours, await _taken(lambda: _shell(line, place.docker, place.base))


async def commands(place: Place) -> tuple[float, float]:
    """Twenty at once, against `xargs -P 20`."""
    line = f'seq {AT_ONCE} | xargs -P {AT_ONCE} -I X "$1" run --rm -e NONCE=X "$2" true'
    ours = await _taken(lambda: _execs(place, AT_ONCE))
    return ours, await _taken(lambda: _shell(line, place.docker, place.base))


async def query(_: Place) -> float:
    """What touches no container: the median of many, one after the other."""
    taken = []
    for number in range(QUERIES):
        container = dag.container().with_env_variable("NUMBER", str(number))
        taken.append(await _taken(lambda made=container: made.env_variable("NUMBER")))
    return statistics.median(taken)


def large_contexts(place: Place, rounds: int) -> list[Path]:
    """Directories of 100 MB each."""
    made = place.contexts(_SMALL)[:rounds]
    for path in made:
        for number in range(CONTEXT_FILES):
            (path / f"{number}").write_bytes(os.urandom(CONTEXT_FILE))
    return made


async def unchanged(place: Place, paths: Sequence[Path]) -> list[float]:
    """Builds of contexts that are what they were when a run before this one has built them."""
    youngest = max(file.stat().st_ctime for path in paths for file in path.iterdir())
    await asyncio.sleep(max(0.0, youngest + SETTLED + 1 - time.time()))
    taken: list[float] = []
    for _ in ("before", "now"):
        async with serving(docker_host=os.environ.get("DOCKER_HOST"), seen=place.folder / "seen") as session:
            params = ConnectParams(port=session.port, session_token=session.token)
            async with SingleConnection(params) as connection:
                client = dagger.Client.from_connection(connection)
                await client.container().from_(place.base).sync()
                taken = [await _taken(_image(path, place.base, client).sync) for path in paths]
    return taken


async def start(_: Place) -> float:
    """From the start of a process to its first answer, beyond what importing dagger takes."""
    wrapped = [Path(sys.executable).parent / "pipeline", "run", sys.executable, "-c", _ANSWER]
    return await _told(*wrapped) - await _told(sys.executable, "-c", f"{_IMPORT}print(time.time())")


async def _told(*words: str | Path) -> float:
    """Seconds from now to the time that a process prints."""
    began = time.time()
    process = await asyncio.create_subprocess_exec(
        *map(str, words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    printed, _ = await process.communicate()
    return float(printed) - began


RATIOS = {
    f"{IMAGES} builds / concurrent docker build": (builds, 1.15),
    "a command / docker run --rm": (command, 1.2),
    f"{AT_ONCE} commands / xargs -P {AT_ONCE}": (commands, 1.2),
}
ABSOLUTE = {
    "a query": (query, 0.006),
    "first answer beyond import dagger": (start, 0.6),
}
UNCHANGED, UNCHANGED_LIMIT = "100 MB context, unchanged since the run before", 0.2


async def measure(place: Place, rounds: int) -> list[Row]:
    """All rows; one session serves them all but `start` and `unchanged`, which open their own."""
    found, large = [], large_contexts(place, rounds)
    async with (
        serving(docker_host=os.environ.get("DOCKER_HOST")) as session,
        connected(session.port, session.token),
    ):
        await _execs(place, 1)  # pulls the base
        for what, (pair, limit) in RATIOS.items():
            both = [await pair(place) for _ in range(rounds)]
            ours, rival = (statistics.median(each) for each in zip(*both, strict=True))
            found.append(Row(what=what, ours=ours, rival=rival, limit=limit))
        for what, (one, limit) in ABSOLUTE.items():
            ours = statistics.median([await one(place) for _ in range(rounds)])
            found.append(Row(what=what, ours=ours, rival=None, limit=limit))
    ours = statistics.median(await unchanged(place, large))
    return [*found, Row(what=UNCHANGED, ours=ours, rival=None, limit=UNCHANGED_LIMIT)]


def table(rows: Sequence[Row]) -> str:
    """The rows for people."""
    lines = [f"{'local engine':<46} {'ours s':>8} {'rival s':>8} {'ratio':>6} {'limit':>7}"]
    for row in rows:
        rival = f"{row.rival:>8.2f} {row.ours / row.rival:>6.2f}" if row.rival else f"{'':>15}"
        over = "" if row.within else "   over"
        lines.append(f"{row.what:<46} {row.ours:>8.3f} {rival} {row.limit:>7.3f}{over}")
    return "\n".join(lines)


def main() -> int:
    """Print the table; exit 1 when a figure is over its limit."""
    options = options_of(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(docker=docker_that_builds(), base=options.base, folder=Path(folder))
        rows = asyncio.run(measure(place, options.rounds))
    print(table(rows))
    if options.out:
        options.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return 0 if all(row.within for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
