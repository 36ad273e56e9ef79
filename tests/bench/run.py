"""`make bench`: the graph against a plain shell loop and `docker buildx bake`, in one run, as ratios.

Usage: PYTHONPATH=tests/integration python tests/bench/run.py [--sizes N…] [--rounds N] [--out FILE]

Each round gives each side a fleet that nobody has built before, once with a one-second sleep and once with a
second of CPU in a RUN of each image, and times whole commands, start-up included. The order of the sides
alternates. Phases, one after the other: only the builds (of another such fleet; ours in a session that is
open), everything cold, everything again with nothing changed, one file changed, and nothing changed on a
machine whose Docker is empty. Docker Engines and registry are the benchmark's own. Fleets of more than 8
images are measured once, and only with the sleep.
"""

import argparse
import datetime
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clients import docker_that_builds, parser_of
from commands import SIDES, Clients, everything, only_builds, write_bake_files
from fleets import WORKS, BenchFleet, write_fleet
from ground import FAMILY, Ground, Machine, empty_machine, ground
from machine import facts
from measure import FailedError, Taken, pushed, take
from results import (
    HEAD,
    MEMORY_LIMIT,
    Measured,
    held,
    keep_measured,
    rows,
    table,
    too_large,
)

PHASES = {"sleep": ("build", "cold", "again", "changed", "empty"), "cpu": ("cold", "again")}
MANY = 8
"""Fleets of more images are measured once, with the sleep."""


@dataclass(frozen=True, kw_only=True)
class Round:
    """One side with one fleet."""

    ground: Ground
    machine: Machine
    side: str
    work: str
    images: int
    folder: Path

    def fleet(self, name: str) -> BenchFleet:
        """A fleet that nobody has built."""
        made = write_fleet(
            self.folder / name,
            work=WORKS[self.work],
            images=self.images,
            family=FAMILY,
            digest=self.ground.digest,
            registry=self.ground.registry,
        )
        if self.side == "bake":
            write_bake_files(made, self.ground.registry)
        return made

    def take(self, fleet: BenchFleet, phase: str, machine: Machine) -> Taken:
        """Time the side's command of a phase."""
        line = only_builds if phase == "build" else everything
        clients = self.ground.clients
        command = line(self.side, fleet, registry=self.ground.registry, clients=clients)
        before = len(self.ground.log)
        environment = {**machine.environment, **(clients.environment if self.side == "bake" else {})}
        taken = take(*command, environment=environment)
        if phase == "build" and self.side == "ours":
            taken = replace(taken, seconds=float(taken.printed))
        return replace(taken, pushed=pushed(self.ground.log[before:], self.ground.storage))


def phases(of: Round) -> Iterator[tuple[str, Taken]]:
    """Every phase in which the side takes part."""
    fleet = of.fleet("fleet")
    for phase in PHASES[of.work]:
        if phase == "build":
            if of.side != "loop":
                yield phase, of.take(of.fleet("builds"), phase, of.machine)
            continue
        if phase == "empty":
            with empty_machine(of.ground.clients) as empty:
                yield phase, of.take(fleet, phase, empty)
            continue
        if phase == "changed":
            fleet.change_one_file()
        yield phase, of.take(fleet, phase, of.machine)


def measure(here: Ground, images: int, *, rounds: int, sides: Sequence[str]) -> list[Measured]:
    """All of one size. A rival that fails is told and left out of that round; ours ends the benchmark."""
    taken: dict[tuple[str, str, str], list[Taken]] = {}
    with empty_machine(here.clients) as machine:
        machine.warm(here.base)
        for number, work, side in _turns(images, rounds, sides):
            with tempfile.TemporaryDirectory() as folder:
                one = Round(
                    ground=here, machine=machine, side=side, work=work, images=images, folder=Path(folder)
                )
                try:
                    for phase, found in phases(one):
                        taken.setdefault((work, phase, side), []).append(found)
                        told = f"{images} images, {work}, {number}, {side}, {phase}: {found.seconds:.2f} s"
                        print(f"  {told} ({found.cpu:.2f} s of CPU)", file=sys.stderr, flush=True)
                except FailedError as failure:
                    if side == "ours":
                        raise SystemExit(f"bench: {failure}") from None
                    print(f"bench: {images} images, {work}: {failure}", flush=True)
    return [
        Measured(
            work=work,
            images=images,
            phase=phase,
            side=side,
            seconds=tuple(each.seconds for each in times),
            cpu=tuple(each.cpu for each in times),
            memory=tuple(each.memory for each in times),
            pushed=tuple(each.pushed for each in times),
        )
        for (work, phase, side), times in taken.items()
    ]


def _turns(images: int, rounds: int, sides: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Round, work and side, one after the other; who is first alternates."""
    for number in range(1, (rounds if images <= MANY else 1) + 1):
        for work in PHASES if images <= MANY else ("sleep",):
            for side in sides if number % 2 else reversed(sides):
                yield number, work, side


def main() -> int:
    """Run the benchmark; exit 1 when a figure is over its limit."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its Docker Engines are ended
    clients = Clients(docker=docker_that_builds(), plugins=options.docker_config)
    sides = SIDES
    if not clients.buildx():
        print("bench: buildx is not here (docker buildx version fails): nothing is compared with bake")
        sides = tuple(side for side in SIDES if side != "bake")
    about = {"when": datetime.datetime.now(datetime.UTC).date().isoformat(), "machine": facts(clients)}
    found: list[Measured] = []
    with ground(options.base, clients) as here:
        for images in options.sizes:
            found += measure(here, images, rounds=options.rounds, sides=sides)
            if options.out:
                keep_measured(options.out, found, **about)
    print(table(HEAD, [*rows(found)]))
    limits = [*held(found)]
    for each in limits:
        over = "" if each.within else "   over"
        what = f"{each.images} images, {each.limit.work}: {each.limit.about}, by {each.limit.rival}"
        print(f"{each.ratio:6.2f}  limit {each.limit.most:.2f}  {what}{over}")
    print(f"two busy processes get {about['machine']['parallel_speedup']:.2f} times as much done as one")
    if peak := too_large(found):
        print(f"ours had {peak:.0f} MiB in memory; the limit is {MEMORY_LIMIT}")
    return 0 if all(each.within for each in limits) and not too_large(found) else 1


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[MANY], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--docker-config", default="", help="DOCKER_CONFIG in which bake's plugin is")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
