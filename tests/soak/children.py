"""Releases as forked processes: as killable as any, without the price of starting Python."""

import asyncio
import json
import multiprocessing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import releaser
from processes import Ended, Wanted

from pipeline.errors import PipelineError

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["campaign"])


def _live(argument: str, answer: Connection) -> None:
    try:
        names = asyncio.run(releaser.run(json.loads(argument)))
        answer.send((0, tuple(names), ""))
    except PipelineError as error:
        answer.send((type(error).exit_code, (), str(error)))


@dataclass(frozen=True)
class Child:
    """A running release."""

    process: BaseProcess
    answer: Connection

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    async def end(self) -> Ended:
        """Wait for its end."""
        await asyncio.to_thread(self.process.join, 120)
        if self.process.exitcode is None:
            self.process.kill()
            return Ended(exit_code=-1, said="it did not end within 120 s")
        if self.process.exitcode != 0 or not self.answer.poll():
            return Ended(exit_code=self.process.exitcode or -1, said="it died")
        exit_code, names, said = self.answer.recv()
        return Ended(exit_code=exit_code, names=names, said=said)


def start(wanted: Wanted) -> Child:
    """A forked process that releases."""
    here, there = _forks.Pipe(duplex=False)
    process = _forks.Process(target=_live, args=(wanted.argument, there))
    process.start()
    there.close()
    return Child(process, here)
