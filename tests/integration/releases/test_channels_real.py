"""Channels on a real registry: what is deployed, what is refused, and that no image moves for it."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from meeting import Meeting
from proxy import Proxy
from real_registry import RealRegistry
from released_sets import (
    A,
    B,
    C,
    D,
    back,
    client,
    filed,
    forge,
    move_to,
    overwrite,
    point,
    released,
)

from pipeline.errors import ReleaseError, UsageError
from pipeline.registry.channels import BrokenHistoryError, Entry, entry_tag, read_channel
from pipeline.registry.moves import Wanted, promote
from pipeline.registry.oci.client import Registry

pytestmark = pytest.mark.integration
Spoil = Callable[[Registry, str], Awaitable[None]]


async def deployed(registry: Registry, org: str, channel: str = "canary") -> str:
    """The release that a channel has, by its history and by its name alike."""
    found = await read_channel(registry, f"{org}/release", channel)
    assert not found.lags
    return found.current.tag if found.current else ""


def images(there: dict[str, dict[str, str]], org: str) -> dict[str, dict[str, str]]:
    """Everything but the repository of records."""
    return {name: tags for name, tags in there.items() if name != f"{org}/release"}


async def test_each_rollback_goes_one_further_back(registry: Registry, real: RealRegistry, org: str) -> None:
    digests = {}
    for tag in (A, B, C):
        await released(registry, org, tag, own=True)
        digests[tag] = (await filed(registry, org, tag)).digest
    before = images(real.everything(org), org)
    for tag in (A, B, C):
        await move_to(registry, org, tag)
        assert await deployed(registry, org) == tag
    first = await back(registry, org)
    assert (first.after.tag, first.after.record) == (B, digests[B])
    assert await deployed(registry, org) == B
    second = await back(registry, org)
    assert (second.after.tag, second.after.record) == (A, digests[A])
    assert await deployed(registry, org) == A
    with pytest.raises(ReleaseError, match="nothing to go back to: its first release is deployed"):
        await back(registry, org)
    assert images(real.everything(org), org) == before


async def test_after_a_rollback_a_promotion_goes_back_to_what_it_replaced(
    registry: Registry, org: str
) -> None:
    for tag in (A, B, C):
        await released(registry, org, tag)
    for tag in (A, B):
        await move_to(registry, org, tag)
    await back(registry, org)
    await move_to(registry, org, C)
    assert (await back(registry, org)).after.tag == A  # NB: not B, which was given up


async def test_the_history_keeps_every_step(registry: Registry, org: str) -> None:
    for tag in (A, B):
        await released(registry, org, tag)
        await move_to(registry, org, tag)
    await back(registry, org)
    channel = await read_channel(registry, f"{org}/release", "canary")
    steps = [(entry.number, entry.action, entry.tag, entry.returns) for entry in channel.entries]
    assert steps == [(1, "promote", A, 0), (2, "promote", B, 1), (3, "rollback", A, 0)]
    assert [entry.before for entry in channel.entries] == ["", *channel.digests[:-1]]


async def test_promoting_what_is_deployed_writes_nothing(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    await released(registry, org, A)
    await move_to(registry, org, A)
    before = real.everything(org)
    moved = await move_to(registry, org, A)
    assert not moved.changed
    assert real.everything(org) == before


async def test_stable_takes_what_was_canary_and_keeps_its_digest(registry: Registry, org: str) -> None:
    await released(registry, org, A)
    canary = await move_to(registry, org, A)
    stable = await move_to(registry, org, A, channel="stable")
    assert stable.after.record == canary.after.record
    assert await deployed(registry, org, "stable") == A


async def test_what_was_canary_before_may_become_stable(registry: Registry, org: str) -> None:
    for tag in (A, B):
        await released(registry, org, tag)
        await move_to(registry, org, tag)
    assert (await move_to(registry, org, A, channel="stable")).after.tag == A


@pytest.mark.parametrize(
    ("channel", "objections", "told"),
    [
        pytest.param("stable", (), f"{A} was never canary", id="never canary"),
        pytest.param("canary", ("no GPU",), "no GPU", id="objection"),
        pytest.param("stable", ("no GPU",), f"no GPU; {A} was never canary", id="both"),
    ],
)
async def test_an_objection_is_overruled_with_a_reason_only(
    registry: Registry, real: RealRegistry, org: str, channel: str, objections: tuple[str, ...], told: str
) -> None:
    await released(registry, org, A)
    before = real.everything(org)
    for force in ("", "  "):
        with pytest.raises(ReleaseError, match=told):
            await move_to(registry, org, A, channel=channel, objections=objections, force=force)
    assert real.everything(org) == before
    moved = await move_to(registry, org, A, channel=channel, objections=objections, force="fire drill")
    assert (moved.after.tag, moved.after.reason) == (A, "fire drill")


async def no_record(registry: Registry, org: str) -> None:
    await registry.delete(f"{org}/release", (await filed(registry, org, B)).digest)


async def image_gone(registry: Registry, org: str) -> None:
    unit = (await filed(registry, org, B)).record.units[2]
    await registry.delete(unit.repository, unit.digest)


async def family_gone(registry: Registry, org: str) -> None:
    unit = (await filed(registry, org, B)).record.units[0]
    assert unit.kind == "family"
    await registry.delete(unit.repository, unit.digest)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(no_record, "no record", id="no record"),
        pytest.param(image_gone, "1 of its 3 digests are not in the registry: .*/two@sha256", id="no image"),
        pytest.param(family_gone, "1 of its 3 digests are not in the registry: .*/family@", id="no family"),
    ],
)
async def test_only_whole_sets_are_promoted_even_with_a_reason(
    registry: Registry, real: RealRegistry, org: str, spoil: Spoil, told: str
) -> None:
    for tag in (A, B):
        await released(registry, org, tag, own=True)
    await move_to(registry, org, A)
    await spoil(registry, org)
    async with client(real) as fresh:
        before = real.everything(org)
        with pytest.raises(ReleaseError, match=told):
            await move_to(fresh, org, B, force="never mind")
        assert real.everything(org) == before
        assert await deployed(fresh, org) == A


async def test_a_rollback_to_what_is_not_whole_is_refused(
    registry: Registry, real: RealRegistry, org: str
) -> None:
    for tag in (B, C):
        await released(registry, org, tag, own=True)
        await move_to(registry, org, tag)
    await image_gone(registry, org)
    async with client(real) as fresh:
        with pytest.raises(ReleaseError, match="not in the registry"):
            await back(fresh, org)
        assert await deployed(fresh, org) == C


async def test_a_rollback_takes_the_record_that_was_deployed_not_what_its_tag_says_now(
    registry: Registry, org: str
) -> None:
    for tag in (A, B):
        await released(registry, org, tag)
        await move_to(registry, org, tag)
    was = (await filed(registry, org, A)).digest
    other = await registry.manifest(f"{org}/release", B)
    assert other is not None
    await registry.put_manifest(f"{org}/release", A, other)
    assert (await back(registry, org)).after.record == was


async def test_a_record_that_changed_since_it_was_deployed_is_refused(registry: Registry, org: str) -> None:
    await released(registry, org, A)
    record = await filed(registry, org, A)
    entry = Entry(
        channel="canary", number=1, tag=A, record="sha256:" + "1" * 64, action="promote", returns=0, before=""
    )
    await forge(registry, org, entry)
    assert record.digest != entry.record
    with pytest.raises(ReleaseError, match="not the one that was deployed"):
        await move_to(registry, org, A, force="never mind")


async def test_an_interrupted_promotion_counts_and_the_next_command_puts_the_name_right(
    registry: Registry, org: str
) -> None:
    for tag in (A, B):
        await released(registry, org, tag)
        await move_to(registry, org, tag)
    await point(registry, org, 1)
    halfway = await read_channel(registry, f"{org}/release", "canary")
    assert halfway.lags
    assert halfway.current is not None
    assert halfway.current.tag == B
    assert not (await move_to(registry, org, B)).changed
    assert await deployed(registry, org) == B
    await point(registry, org, 1)
    assert (await back(registry, org)).after.tag == A
    assert await deployed(registry, org) == A


def entry(number: int, *, before: str, channel: str = "canary", returns: int = 0) -> Entry:
    record = "sha256:" + "2" * 64
    return Entry(
        channel=channel, number=number, tag=C, record=record, action="promote", returns=returns, before=before
    )


@pytest.mark.parametrize(
    ("forged", "tag", "told"),
    [
        pytest.param(
            entry(3, before="sha256:" + "0" * 64), "", "entry 3 does not follow", id="another before"
        ),
        pytest.param(entry(7, before=""), "channel-canary.3", "entry 3 does not follow", id="another number"),
        pytest.param(entry(1, before=""), "channel-canary.2", "entry 2 does not follow", id="overwritten"),
        pytest.param(
            entry(3, before="?", channel="stable"),
            "channel-canary.3",
            "does not follow",
            id="another channel",
        ),
        pytest.param(entry(9, before=""), "channel-canary", "entries are gone", id="name moved ahead"),
        pytest.param(entry(2, before="?"), "channel-canary", "none of its entries", id="name moved aside"),
    ],
)
async def test_a_forged_history_is_noticed(
    registry: Registry, org: str, forged: Entry, tag: str, told: str
) -> None:
    for release in (A, B):
        await released(registry, org, release)
        await move_to(registry, org, release)
    assert await deployed(registry, org) == B
    await forge(registry, org, forged, tag=tag)
    with pytest.raises(BrokenHistoryError, match=told):
        await read_channel(registry, f"{org}/release", "canary")


async def test_of_promotions_at_once_one_wins_and_the_others_are_told(
    proxy: Proxy, registry: Registry, org: str
) -> None:
    for tag in (A, B, C, D):
        await released(registry, org, tag)
    await move_to(registry, org, A)
    won: list[str] = []
    lost: list[str] = []
    proxy.behaviour = meeting = Meeting((f"{org}/release", entry_tag("canary", 2)), 3)

    async def one(tag: str) -> None:
        async with client(RealRegistry(host=proxy.host)) as own:
            wanted = Wanted(channel="canary", tag=tag, at="now", settle=0.0)
            try:
                won.append((await promote(own, f"{org}/release", wanted)).after.tag)
            except ReleaseError as error:
                lost.append(error.what)

    async with anyio.create_task_group() as group:
        for tag in (B, C, D):
            group.start_soon(one, tag)
    assert meeting.came >= 3
    assert len(won) == 1
    assert lost == [f"promote of {won[0]} at now was faster"] * 2
    assert await deployed(registry, org) == won[0]
    assert (await back(registry, org)).after.tag == A


async def test_an_unknown_channel_is_refused(registry: Registry, org: str) -> None:
    with pytest.raises(UsageError, match="there is no channel 'beta'"):
        await read_channel(registry, f"{org}/release", "beta")
    assert await overwrite(registry, org, "one", "x")
