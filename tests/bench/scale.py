"""What a fleet of thousands of images takes on many runners: a simulation, fed with what was recorded.

`make docs` writes its results to docs/scale.md and docs/scale.svg (docs/scale_page.py).

The workflow: one job plans; one builds the families that are missing, if any are; one on each runner builds,
tests and pushes its share of the images; one job releases. A job's builds run as many at a time as in the
recorded run, so that it takes the sum of their seconds, divided by how many really were at work together.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import Any

from pipeline.planning.shards import shard_of_images
from pipeline.planning.units import Promises, Unit

RECORDED = Path(__file__).with_name("scale.json")
RUNNERS = (1, 2, 4, 8, 16, 32, 64, 128, 200)
MINUTE = 60.0


def _told(value: Any, about: str) -> Any:
    return field(default=value, metadata={"about": about})


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What was not recorded; ``about`` says where a figure comes from."""

    set_up: float = _told(
        60.0, "seconds of a job before the module: checkout, disk, the engine's image; assumed"
    )
    load: float = _told(45.0, "seconds until the module is loaded on a fresh engine; measured on 0.21.8")
    bandwidth: float = _told(50e6, "bytes per second of a pull, unpacked; assumed")
    round_trip: float = _told(0.1, "seconds of a request to the registry; assumed")
    connections: int = _told(8, "requests at a time of a job; what the module does")
    settle: float = _told(3.0, "seconds; a release waits twice this and 2 s; the default of `--settle`")
    price: float = _told(0.006, "US dollars a minute of a job on Linux, 2 cores, rounded up to whole minutes")
    families: int = _told(8, "families: the recorded four, and copies of the last two")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A family or an image: seconds of work, smoke tests, layers of its own and below, bytes of its own."""

    kind: str
    name: str
    family: str
    seconds: float
    tests: int
    layers: int
    base_layers: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Families, bases first, and images; ``root`` is the bytes of what the first family stands on."""

    families: tuple[Part, ...]
    images: tuple[Part, ...]
    root: int


@dataclass(frozen=True, kw_only=True)
class Span:
    """So many requests to the registry, spread evenly over these seconds."""

    start: float
    end: float
    requests: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run took: seconds from the first job's start to the last one's end, and of the longest job.

    ``busiest`` is requests in the busiest minute, ``release`` seconds of the last job, ``argument`` bytes of
    the longest ``--only``, ``matrix`` bytes of the plan's output.
    """

    runners: int
    wall: float
    jobs: tuple[float, ...]
    requests: float
    busiest: float
    release: float
    argument: int
    matrix: int
    price: float

    @property
    def longest(self) -> float:
        return max(self.jobs)

    @property
    def minutes(self) -> int:
        """As they are billed."""
        return sum(ceil(job / MINUTE) for job in self.jobs)

    @property
    def cost(self) -> float:
        return self.minutes * self.price


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """scale.json, read."""

    about: str
    at_once: float
    processor: float
    largest_layer: int
    fleet: Fleet
    requests: Mapping[str, Mapping[str, float]]


def read_recorded(path: Path = RECORDED) -> Recorded:
    """What tests/bench/scale_record.py wrote."""
    found: dict[str, Any] = json.loads(path.read_text())
    times = found["times"]
    parts = [Part(**each) for each in times["units"]]
    fleet = Fleet(
        families=tuple(each for each in parts if each.kind == "family"),
        images=tuple(each for each in parts if each.kind == "image"),
        root=times["root"]["bytes"],
    )
    return Recorded(
        about=found["about"],
        at_once=times["at_once"],
        processor=found["processor_seconds_per_image"],
        largest_layer=found["largest_layer"],
        fleet=fleet,
        requests=found["requests"],
    )


def grow(recorded: Fleet, images: int, families: int, *, seed: int = 0) -> Fleet:
    """A fleet of that size, like the recorded one: its images drawn with a seed, its last families copied."""
    dice = random.Random(seed)
    bases, leaves = recorded.families[:2], recorded.families[2:]
    copies = [
        _renamed(leaves[number % len(leaves)], number // len(leaves))
        for number in range(max(families - 2, 2))
    ]
    homes = {leaf.name: [copy.name for copy in copies if copy.name.startswith(leaf.name)] for leaf in leaves}
    drawn = []
    for number in range(images):
        one = dice.choice(recorded.images)
        family = dice.choice(homes.get(one.family, [one.family]))
        drawn.append(_renamed(one, number, family=family))
    return Fleet(families=(*bases, *copies), images=tuple(drawn), root=recorded.root)


def _renamed(part: Part, number: int, *, family: str = "") -> Part:
    return replace(part, name=f"{part.name}_{number}", family=family or part.family)


def simulate(
    fleet: Fleet,
    recorded: Recorded,
    runners: int,
    *,
    changed: Iterable[str] | None = None,
    wave: bool = True,
    assumed: Assumed | None = None,
) -> Outcome:
    """A run that releases: ``changed`` names the families that are new, with their images; None is all.

    Without the ``wave`` each runner builds the families itself that its images need and nobody has.
    """
    return _Run(fleet, recorded, assumed or Assumed(), wave).outcome(
        runners, {each.name for each in fleet.families} if changed is None else {*changed}
    )


class _Run:
    def __init__(self, fleet: Fleet, recorded: Recorded, assumed: Assumed, wave: bool) -> None:
        self.fleet, self.recorded, self.assumed, self.wave = fleet, recorded, assumed, wave
        self.by_name = {each.name: each for each in fleet.families}

    def outcome(self, runners: int, changed: set[str]) -> Outcome:
        stale = [each for each in self.fleet.families if changed & {*self.chain(each.name)}]
        affected = [each for each in self.fleet.images if changed & {*self.chain(each.family)}]
        spans: list[Span] = []
        planned = self.plan(spans)
        wave = self.families(stale, planned, spans) if self.wave and stale else 0.0
        first = planned + wave
        missing = {each.name for each in stale if not self.wave}
        shares = self.share(affected, min(runners, len(affected)))
        jobs = [self.shard(share, missing, first, spans) for share in shares]
        built = first + max(jobs, default=0.0)
        last = self.release(built, spans, named=bool(affected))
        only = [",".join(each.name for each in share) for share in shares]
        return Outcome(
            runners=len(shares),
            wall=built + last,
            jobs=(planned, *filter(None, [wave]), *jobs, last),
            requests=sum(span.requests for span in spans),
            busiest=busiest_minute(spans),
            release=last,
            argument=max((len(text) for text in only), default=0),
            matrix=sum(len(text) + len('{"shard": "100/200", "only": ""}, ') for text in only),
            price=self.assumed.price,
        )

    def chain(self, name: str) -> Sequence[str]:
        """A family and what it stands on."""
        names = []
        while name in self.by_name:
            names.append(name)
            name = self.by_name[name].family
        return names

    def share(self, images: Sequence[Part], count: int) -> Sequence[Sequence[Part]]:
        """As `plan --format matrix --shards` does it, with the times of earlier runs."""
        placed = shard_of_images([_unit(each) for each in images], count, {i.name: i.seconds for i in images})
        parts: dict[int, list[Part]] = {}
        for image in images:
            parts.setdefault(placed[image.name], []).append(image)
        return [parts[number] for number in sorted(parts)]

    def plan(self, spans: list[Span]) -> float:
        """The first job: looks everything up."""
        return self.look_up("reused", (*self.fleet.families, *self.fleet.images), self.start_up(), spans)

    def families(self, missing: Sequence[Part], begin: float, spans: list[Span]) -> float:
        """Their job: pulls what they stand on, builds, tests and pushes those that are missing."""
        needed = {name for each in missing for name in self.chain(each.name)}
        given = [each for each in self.fleet.families if each.name in needed and each not in missing]
        looked = self.look_up("reused", self.fleet.families, begin + self.start_up(), spans)
        pulled = self.pull(given, looked, spans)
        done = pulled + max(self.work(missing), self.longest_chain(missing))
        spans.append(Span(start=pulled, end=done, requests=self.ask("built", missing)))
        return done - begin

    def pull(self, given: Sequence[Part], start: float, spans: list[Span]) -> float:
        """The root image and these families, until when."""
        end = start + (self.fleet.root + sum(each.bytes for each in given)) / self.assumed.bandwidth
        layers = 1 + sum(each.layers for each in given)
        spans.append(Span(start=start, end=end, requests=layers + 2 * len(given)))
        return end

    def shard(self, images: Sequence[Part], missing: set[str], begin: float, spans: list[Span]) -> float:
        """One runner's job: pulls the families, or builds them, then builds, tests and pushes its images."""
        needed = {name: self.by_name[name] for each in images for name in self.chain(each.family)}
        own = [each for name, each in needed.items() if name in missing]
        given = [each for name, each in needed.items() if name not in missing]
        start = begin + self.start_up()
        looked = self.look_up("reused", [*needed.values()], start, spans)
        pulled = self.pull(given, looked, spans)
        if own:
            pulled += max(self.work(own), self.longest_chain(own))
        done = pulled + self.recorded.processor * len(images) + self.work(images)
        spans.append(Span(start=pulled, end=done, requests=self.ask("built", [*own, *images])))
        return done - begin

    def release(self, begin: float, spans: list[Span], *, named: bool) -> float:
        """The last job: finds every candidate and gives the names; where nothing is new, reads the record."""
        everything = (*self.fleet.families, *self.fleet.images)
        start = begin + self.start_up()
        done = self.look_up("release" if named else "released", everything, start, spans)
        return done - begin + (2 * self.assumed.settle + 2.0 if named else 0.0)

    def look_up(self, call: str, parts: Sequence[Part], start: float, spans: list[Span]) -> float:
        asked = self.ask(call, parts)
        end = start + asked * self.assumed.round_trip / self.assumed.connections
        end += self.recorded.processor * len(parts)
        spans.append(Span(start=start, end=end, requests=asked))
        return end

    def ask(self, call: str, parts: Sequence[Part]) -> float:
        each = self.recorded.requests[call]
        kinds = {"test": "tests", "layer": "layers", "base_layer": "base_layers"}
        sums = {kind: sum(getattr(part, name) for part in parts) for kind, name in kinds.items()}
        return each["fixed"] + each["image"] * len(parts) + sum(each[kind] * sums[kind] for kind in kinds)

    def start_up(self) -> float:
        return self.assumed.set_up + self.assumed.load

    def work(self, parts: Sequence[Part]) -> float:
        return sum(each.seconds for each in parts) / self.recorded.at_once

    def longest_chain(self, families: Sequence[Part]) -> float:
        seconds = {each.name: each.seconds for each in families}
        chains = (self.chain(each.name) for each in families)
        return max((sum(seconds.get(name, 0.0) for name in chain) for chain in chains), default=0.0)


def busiest_minute(spans: Sequence[Span]) -> float:
    """Requests in the minute of the run, counted from its start, that has most of them."""
    minutes: dict[int, float] = {}
    for span in spans:
        length = span.end - span.start
        if not length:
            minutes[int(span.start // MINUTE)] = minutes.get(int(span.start // MINUTE), 0.0) + span.requests
            continue
        for minute in range(int(span.start // MINUTE), int(span.end // MINUTE) + 1):
            inside = min(span.end, (minute + 1) * MINUTE) - max(span.start, minute * MINUTE)
            minutes[minute] = minutes.get(minute, 0.0) + span.requests * inside / length
    return max(minutes.values(), default=0.0)


def _unit(part: Part) -> Unit:
    return Unit(
        kind="image",
        name=part.name,
        dockerfile="Dockerfile",
        context=".",
        target="",
        platforms=("linux/amd64",),
        build_args={},
        labels={},
        base=part.family,
        repository=part.name,
        epoch="",
        onbuild=(),
        promises=Promises(),
        services=(),
    )
