"""Releases by real processes on a real registry: killed after every write, and two at once."""

import asyncio

import pytest
from meeting import Meeting
from processes import Ended, Releasing, Wanted, released, start
from proxy import FAIR, Asked, Fate, Proxy
from real_registry import RealRegistry
from tiny_images import push_candidate

from pipeline.registry.documents.record import Released
from pipeline.registry.oci.client import Registry

pytestmark = pytest.mark.integration

NAMES = ("a", "b", "c")
WRITES = 1 + len(NAMES) + 1
"""The journal, the tags, the record."""


async def candidates(real: RealRegistry, content: str) -> list[Released]:
    async with Registry(real.host) as registry:
        return [await push_candidate(registry, "killed", name, content=content) for name in NAMES]


def wanted(proxy: Proxy, tag: str, run: str, units: list[Released]) -> Wanted:
    return Wanted(host=proxy.host, repository="killed/release", tag=tag, run=run, units=units)


def there(real: RealRegistry, tag: str) -> dict[str, str]:
    """Repository to digest of the tag."""
    tags = {name: real.tags(f"killed/{name}") for name in (*NAMES, "release")}
    return {name: found[tag] for name, found in tags.items() if tag in found}


def digests(units: list[Released]) -> set[str]:
    return {unit.digest for unit in units}


async def test_killed_after_any_write_and_repeated_elsewhere_on_newer_bases(
    real: RealRegistry, proxy: Proxy
) -> None:
    first, newer = await candidates(real, "1"), await candidates(real, "2")
    counts: dict[str, int] = {}
    running: dict[str, Releasing] = {}
    limits = {f"20250810-9c99cc9.{k}": k for k in range(1, WRITES + 1)}

    def kill_at_limit(asked: Asked) -> Fate:
        """Once the registry has taken the write, before its answer arrives."""
        reference = asked.manifest[1] if asked.manifest and asked.method == "PUT" else ""
        tag = reference.removeprefix("pending-")
        return Fate(then=lambda status: answered(tag, status)) if tag in running else FAIR

    def answered(tag: str, status: int) -> None:
        # NB: where several upload the same blob at once, a registry may not know it for a moment
        counts[tag] = counts.get(tag, 0) + (status == 201)
        if counts[tag] == limits[tag] and tag in running:
            running.pop(tag).kill()

    proxy.behaviour = kill_at_limit

    async def one(tag: str, k: int) -> None:
        running[tag] = process = start(wanted(proxy, tag, f"first-{k}", first))
        assert (await process.end()).exit_code == -9
        repeated = await released(wanted(proxy, tag, f"second-{k}", first if k == WRITES else newer))
        assert repeated.exit_code == 0, repeated.said
        found = there(real, tag)
        assert {found[name] for name in NAMES} == digests(first)
        assert repeated.digests == {*digests(first), found["release"]}

    async with asyncio.TaskGroup() as group:
        for tag, k in limits.items():
            group.create_task(one(tag, k))
    images = {f"killed/{name}" for name in NAMES}
    assert not [asked.target for asked in proxy.asked if asked.uploads and asked.repository in images]


async def test_repeating_uploads_nothing_and_a_closed_release_is_not_waited_for(
    real: RealRegistry, proxy: Proxy
) -> None:
    tag, units = "20250811-9c99cc9", await candidates(real, "1")
    async with Registry(proxy.host) as registry:
        await registry.resolve("killed/a", "x")
    done = await released(wanted(proxy, tag, "first", units))
    assert done.exit_code == 0, done.said
    proxy.asked.clear()
    again = await released(
        Wanted(host=proxy.host, repository="killed/release", tag=tag, run="second", units=units, wait=3600)
    )
    assert again == done
    assert {asked.method for asked in proxy.asked} <= {"GET", "HEAD"}
    assert len(proxy.asked) == len(NAMES) + 3
    refused = await released(wanted(proxy, tag, "third", await candidates(real, "2")))
    assert refused.exit_code == 5
    assert "20250811-9c99cc9.1 is free" in refused.said


@pytest.mark.parametrize("other", ["1", "2"], ids=["same digests", "other digests"])
async def test_two_at_once(real: RealRegistry, proxy: Proxy, other: str) -> None:
    """Both find no journal; then both write it."""
    tag = f"2025081{1 + int(other)}-9c99cc9"
    plans = {"left": await candidates(real, "1"), "right": await candidates(real, other)}
    proxy.behaviour = meeting = Meeting(("killed/release", f"pending-{tag}"), 2)
    left, right = await asyncio.gather(
        *(released(wanted(proxy, tag, run, units)) for run, units in plans.items())
    )
    assert meeting.came >= 2
    found = there(real, tag)
    if other == "1":
        assert (left.exit_code, right.exit_code) == (0, 0), left.said + right.said
        assert left.digests == right.digests == {*found.values()}
        return
    ended: dict[str, Ended] = {"left": left, "right": right}
    (winner,) = [run for run, end in ended.items() if end.exit_code == 0]
    (loser,) = [run for run, end in ended.items() if end.exit_code == 5]
    assert f"run {winner} releases other digests" in ended[loser].said
    assert {found[name] for name in NAMES} == digests(plans[winner])
    assert ended[winner].digests == {*found.values()}
    again = await released(wanted(proxy, tag, loser, plans[winner]))
    assert again.names == ended[winner].names
