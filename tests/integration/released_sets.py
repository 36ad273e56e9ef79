"""Releases of small images on a real registry: what channels, verify and prune are tried with."""

import asyncio
from collections.abc import Sequence

from real_registry import RealRegistry
from tiny_images import push_candidate, push_image

from pipeline.registry.channels import Entry, entry_tag, file_entry, pointer_tag
from pipeline.registry.documents.record import Facts, Record, Released
from pipeline.registry.documents.records import Filed, find_record
from pipeline.registry.documents.signing import Signer
from pipeline.registry.moves import Moved, Wanted, promote, rollback
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.retry import Patience
from pipeline.registry.tag_phase.journal import claim_of, put_claim_content, record_manifest

A, B, C, D = (f"2025081{day}-9c99cc{day}" for day in range(4))
NAMES = ("family", "one", "two")
_SHARED = "shared"
_named: dict[tuple[str, str], list[Released]] = {}


def client(real: RealRegistry) -> Registry:
    """Little patience: the registry is on this machine. NB: of what is just written it may say 500."""
    return Registry(real.host, patience=Patience(attempts=30, first=0.02, longest=0.5))


async def candidates(registry: Registry, org: str, content: str) -> list[Released]:
    """A family and two images, tested."""
    kinds = {name: "family" if name == "family" else "image" for name in NAMES}
    pushes = (push_candidate(registry, org, name, content=content, kind=kind) for name, kind in kinds.items())
    return list(await asyncio.gather(*pushes))


async def released(registry: Registry, org: str, tag: str, *, own: bool = False) -> list[Released]:
    """A release, as the tag phase leaves it, without the wait.

    Its images are ``own``, in the organisation, where a test touches them; else they are those of all tests.
    """
    units = await _tagged(registry, org, tag) if own else await _shared(registry, tag)
    await file_release(registry, org, tag, units)
    return units


async def file_release(registry: Registry, org: str, tag: str, units: list[Released]) -> None:
    """Write the record of a release."""
    facts = Facts(fleet="mainpc", commit=tag.partition("-")[2] + "0" * 33, commit_date="")
    claim = claim_of(Record(tag=tag, facts=facts, units=tuple(units)), "run")
    await put_claim_content(registry, f"{org}/release", claim)
    await registry.put_manifest(f"{org}/release", tag, record_manifest(claim))


async def _shared(registry: Registry, tag: str) -> list[Released]:
    there = (registry.host, tag)
    if there not in _named:
        _named[there] = await _tagged(registry, _SHARED, tag)
    return _named[there]


async def _tagged(registry: Registry, org: str, tag: str) -> list[Released]:
    units = await candidates(registry, org, tag)
    await asyncio.gather(*(name(registry, unit, tag) for unit in units))
    return units


async def name(registry: Registry, unit: Released, tag: str) -> None:
    """Give a tag to what a unit is."""
    manifest = await registry.manifest(unit.repository, unit.digest)
    assert manifest is not None
    await registry.put_manifest(unit.repository, tag, manifest)


async def filed(registry: Registry, org: str, tag: str) -> Filed:
    found = await find_record(registry, f"{org}/release", tag)
    assert found is not None
    return found


async def move_to(
    registry: Registry,
    org: str,
    tag: str,
    *,
    channel: str = "canary",
    force: str = "",
    objections: Sequence[str] = (),
    signer: Signer | None = None,
) -> Moved:
    wanted = Wanted(
        channel=channel, tag=tag, at="now", force=force, objections=objections, settle=0.0, signer=signer
    )
    return await promote(registry, f"{org}/release", wanted)


async def back(registry: Registry, org: str, channel: str = "canary") -> Moved:
    return await rollback(registry, f"{org}/release", channel, at="now", settle=0.0)


async def overwrite(registry: Registry, org: str, name: str, tag: str) -> str:
    """Let a tag name another image, as somebody with a push token can."""
    return await push_image(registry, f"{org}/{name}", tag, content="somebody else's")


async def forge(registry: Registry, org: str, entry: Entry, *, tag: str = "") -> None:
    """Write a channel entry past all checks."""
    await file_entry(registry, f"{org}/release", tag or entry_tag(entry.channel, entry.number), entry)


async def point(registry: Registry, org: str, number: int, *, channel: str = "canary") -> None:
    """Let a channel's name point at an older entry, as an interruption leaves it."""
    manifest = await registry.manifest(f"{org}/release", entry_tag(channel, number))
    assert manifest is not None
    await registry.put_manifest(f"{org}/release", pointer_tag(channel), manifest)
