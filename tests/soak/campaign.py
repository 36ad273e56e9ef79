"""Releases of 8 small images on one real registry, each with the misfortunes of its seed; then the truth."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from misfortune import GAP, Misfortune, Script, script_of
from processes import Ended, Releasing, Wanted, start
from proxy import Proxy, before
from real_registry import RealRegistry
from tiny_images import push_candidate

from pipeline.registry.documents.record import Released
from pipeline.registry.oci.client import Registry

IMAGES = 8
_REFUSED = 5
_REPEATS = 5


@dataclass
class Tally:
    """What came of all releases; ``wrong`` must stay empty.

    ``repeated`` counts runs that gave up on a slow registry and were begun again, as their message says;
    ``pairs`` how many of two runs at once succeeded.
    """

    releases: int = 0
    runs: int = 0
    repeated: int = 0
    refused: int = 0
    resumed: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    modes: Counter[str] = field(default_factory=Counter[str])
    pairs: Counter[str] = field(default_factory=Counter[str])
    wrong: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def add(self, other: "Tally") -> None:
        """Count another part of the campaign, too."""
        self.releases += other.releases
        self.runs += other.runs
        self.repeated += other.repeated
        self.refused += other.refused
        self.resumed += other.resumed
        self.faults.update(other.faults)
        self.modes.update(other.modes)
        self.pairs.update(other.pairs)
        self.wrong += other.wrong


@dataclass
class Lane:
    """One proxy with its own repositories: releases go through it one after the other."""

    real: RealRegistry
    proxy: Proxy
    organisation: str
    plans: tuple[list[Released], list[Released]]
    tally: Tally

    async def release(self, script: Script) -> None:
        """Run a script to its end, and compare what is there with what it may be."""
        tag = f"20250810-{script.seed:07x}"
        self.proxy.lag, self.proxy.dice = script.lag, random.Random(script.seed)
        self.proxy.changes.clear()
        self.proxy.asked.clear()
        dice = random.Random(script.seed + 1)
        ends = await (self.together if script.mode == "together" else self.in_turn)(script, tag, dice)
        ends = [*ends[:-1], await self.until_it_ends(script, tag, dice, ends[-1])]
        self.tally.releases += 1
        self.tally.modes[script.mode] += 1
        if problem := self.judge(script, tag, ends):
            said = [end.said or sorted(end.digests) for end in ends]
            self.tally.wrong.append({"seed": script.seed, "problem": problem, "ends": said})

    async def in_turn(self, script: Script, tag: str, dice: random.Random) -> list[Ended]:
        kills = [*script.kills, 0]
        return [
            await self.one(script, tag, number, plan, kill_at=kill, dice=dice)
            for number, (plan, kill) in enumerate(zip(script.plans, kills, strict=True))
        ]

    async def together(self, script: Script, tag: str, dice: random.Random) -> list[Ended]:
        """Two at once, of which one may be killed; then one that lives."""
        kill = script.kills[0] if script.kills else 0
        first = [self.child(script, tag, number, plan) for number, plan in enumerate(script.plans[:2])]
        self.proxy.behaviour = fate = Misfortune(dice, script.chance, kill, first[0].kill if kill else None)
        ends = await asyncio.gather(*(child.end() for child in first))
        self.note(fate, 2)
        self.tally.pairs[f"{sum(end.exit_code == 0 for end in ends)} of 2"] += 1
        return [*ends, await self.one(script, tag, 2, script.plans[0], kill_at=0, dice=dice)]

    async def until_it_ends(self, script: Script, tag: str, dice: random.Random, end: Ended) -> Ended:
        """Do what a run says that gives up because the registry, or this machine, is too slow."""
        plan = script.plans[0] if script.mode == "together" else script.plans[-1]
        for number in range(_REPEATS):
            if "run the same command again later" not in end.said:
                break
            self.tally.repeated += 1
            await asyncio.sleep(1.0)
            end = await self.one(script, tag, len(script.plans) + number, plan, kill_at=0, dice=dice)
        return end

    async def one(
        self, script: Script, tag: str, number: int, plan: int, *, kill_at: int, dice: random.Random
    ) -> Ended:
        self.proxy.behaviour = fate = Misfortune(dice, script.chance, kill_at)
        child = self.child(script, tag, number, plan)
        fate.kill = child.kill if kill_at else None
        end = await child.end()
        self.note(fate, 1)
        return end

    def child(self, script: Script, tag: str, number: int, plan: int) -> Releasing:
        return start(
            Wanted(
                host=self.proxy.host,
                repository=f"{self.organisation}/release",
                tag=tag,
                run=f"{script.seed}-{number}",
                units=self.plans[plan],
                settle=script.settle,
                gap=GAP,
                wait=None,
            )
        )

    def note(self, fate: Misfortune, runs: int) -> None:
        self.tally.runs += runs
        self.tally.faults.update(fate.faults)

    def judge(self, script: Script, tag: str, ends: Sequence[Ended]) -> str:
        """What is wrong with a release that has come to its end; empty for nothing."""
        record = self.record(tag)
        if record is None:
            return "there is no record: it did not converge"
        plans = [{unit.repository: unit.digest for unit in plan} for plan in self.plans]
        if record not in plans:
            return f"a mixed record: {record}"
        tags = {unit.repository: self.digest(unit.repository, tag) for unit in self.plans[0]}
        if tags != record:
            return f"the record is not what is tagged: {record}, {tags}"
        for end in ends:
            if end.exit_code == 0 and not {*record.values()} < end.digests:
                return f"a run succeeded with other digests: {end.digests}"
        return self.judge_last(script, ends[-1], record, plans)

    def judge_last(
        self, script: Script, last: Ended, record: dict[str, str], plans: list[dict[str, str]]
    ) -> str:
        wanted = plans[script.plans[0] if script.mode == "together" else script.plans[-1]]
        self.tally.resumed += last.exit_code == 0 and record != wanted
        if last.exit_code == _REFUSED and record != wanted and "recorded with other digests" in last.said:
            self.tally.refused += 1
            return ""
        return "" if last.exit_code == 0 else f"the last run did not converge: {last.said}"

    def digest(self, repository: str, tag: str) -> str:
        headers = self.real.get(f"{repository}/manifests/{tag}", accept=_MANIFEST)[2]
        return headers.get("docker-content-digest", "")

    def record(self, tag: str) -> dict[str, str] | None:
        """Repository to digest, as a stranger to our client reads them."""
        path = f"{self.organisation}/release"
        status, body, _ = self.real.get(f"{path}/manifests/{tag}", accept=_MANIFEST)
        if status != 200:
            return None
        layer = json.loads(body)["layers"][0]["digest"]
        document = json.loads(self.real.get(f"{path}/blobs/{layer}")[1])
        return {unit["repository"]: unit["digest"] for unit in document["images"]}


_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


async def campaign(
    real: RealRegistry, seeds: Sequence[int], *, lanes: int, script: Callable[[int], Script] = script_of
) -> Tally:
    """Release once for each seed, several side by side."""
    tally = Tally()
    left = map(script, seeds)
    async with asyncio.TaskGroup() as group:
        for number in range(lanes):
            group.create_task(_lane(real, number, left, tally))
    return tally


async def _lane(real: RealRegistry, number: int, scripts: Iterator[Script], tally: Tally) -> None:
    organisation = f"lane{number}"
    async with Registry(real.host) as direct:
        first, newer = [
            [await push_candidate(direct, organisation, f"i{n}", content=content) for n in range(IMAGES)]
            for content in ("1", "2")
        ]
    async with before(real.host) as proxy:
        lane = Lane(real, proxy, organisation, (first, newer), tally)
        for script in scripts:
            await lane.release(script)
