"""Releases as forked processes of their own: as killable as any, without the price of starting Python."""

import asyncio
import json
import multiprocessing
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import releaser

from pipeline.errors import PipelineError
from pipeline.registry.documents.record import Released

_forks = multiprocessing.get_context("forkserver")
# NB: what is dear to import; a module of the tests would not be found there, and that silently.
_forks.set_forkserver_preload(["pytest", "pipeline.registry.tag_phase.release"])
_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A release that a process is to make; times in seconds. Without ``wait`` they are what a user's are."""

    host: str
    repository: str
    tag: str
    run: str
    units: Sequence[Released]
    settle: float = 0.1
    gap: float = 60.0
    wait: float | None = 0.1

    @property
    def argument(self) -> str:
        units = [asdict(unit) for unit in self.units]
        commit = "9c99cc9" + "0" * 33
        fields = ("host", "repository", "tag", "run", "settle", "gap", "wait")
        rest = {name: getattr(self, name) for name in fields}
        return json.dumps({**rest, "units": units, "commit": commit})


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended: names that it gave, or what it said."""

    exit_code: int
    names: tuple[str, ...] = ()
    said: str = ""

    @property
    def digests(self) -> set[str]:
        """The digests of the names, which do not depend on the host that was asked."""
        return {name.partition("@")[2] for name in self.names}


@dataclass(frozen=True)
class Releasing:
    """A running release."""

    process: BaseProcess
    answer: Connection

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    async def end(self) -> Ended:
        """Wait for its end."""
        await asyncio.to_thread(self.process.join, _LONGEST)
        if self.process.exitcode is None:
            self.process.kill()
            return Ended(exit_code=-1, said=f"it did not end within {_LONGEST} s")
        if self.process.exitcode != 0 or not self.answer.poll():
            return Ended(exit_code=self.process.exitcode or -1, said="it died")
        exit_code, names, said = self.answer.recv()
        return Ended(exit_code=exit_code, names=names, said=said)


def start(wanted: Wanted) -> Releasing:
    """A process that releases."""
    here, there = _forks.Pipe(duplex=False)
    process = _forks.Process(target=_live, args=(wanted.argument, there))
    process.start()
    there.close()
    return Releasing(process, here)


async def released(wanted: Wanted) -> Ended:
    """Start, and wait for the end."""
    return await start(wanted).end()


def _live(argument: str, answer: Connection) -> None:
    try:
        names = asyncio.run(releaser.run(json.loads(argument)))
        answer.send((0, tuple(names), ""))
    except PipelineError as error:
        answer.send((type(error).exit_code, (), str(error)))
