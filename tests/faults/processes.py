"""Releases as processes of their own."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.registry.record import Released

_PROGRAM = Path(__file__).with_name("releaser.py")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A release that a process is to make; ``settle`` and ``gap`` in seconds."""

    host: str
    repository: str
    tag: str
    run: str
    units: Sequence[Released]
    settle: float = 0.1
    gap: float = 1.5

    @property
    def argument(self) -> str:
        units = [asdict(unit) for unit in self.units]
        commit = "9c99cc9" + "0" * 33
        rest = {name: getattr(self, name) for name in ("host", "repository", "tag", "run", "settle", "gap")}
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


async def start(wanted: Wanted) -> asyncio.subprocess.Process:
    """A process that releases."""
    return await asyncio.create_subprocess_exec(
        sys.executable, str(_PROGRAM), wanted.argument, stdout=-1, stderr=-1
    )


async def end_of(process: asyncio.subprocess.Process) -> Ended:
    """Wait for its end."""
    out, err = await process.communicate()
    names = tuple(json.loads(out)) if process.returncode == 0 else ()
    return Ended(exit_code=process.returncode or 0, names=names, said=err.decode())


async def released(wanted: Wanted) -> Ended:
    """Start, and wait for the end."""
    return await end_of(await start(wanted))
