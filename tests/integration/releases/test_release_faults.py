"""Releases on a real registry behind a proxy that does to them what networks and registries do."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
from proxy import Asked, Behaviour, Fate, Once, Proxy, Reply, errors
from real_registry import RealRegistry
from tiny_images import push_candidate, push_image
from unhurried import Unhurried

from pipeline.errors import ReleaseError
from pipeline.registry.documents.record import Facts, Released
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.retry import Patience
from pipeline.registry.tag_phase.release import Timing, release

pytestmark = pytest.mark.integration

TAG = "20250810-9c99cc9"
FACTS = Facts(fleet="mainpc", commit="9c99cc9" + "0" * 33, commit_date="2025-08-10T12:00:00Z")
QUICK = Unhurried()
SLOWER = "a write slower than the gap"
NAMES = ("a", "b", "c")


@pytest.fixture
async def registry(proxy: Proxy) -> AsyncIterator[Registry]:
    patience = Patience(attempts=10, deadline=120.0, first=0.01, longest=0.1)
    async with Registry(proxy.host, patience=patience) as registry:
        yield registry


@pytest.fixture
async def units(real: RealRegistry, org: str) -> list[Released]:
    async with Registry(real.host) as direct:
        return [await push_candidate(direct, org, name, content="1") for name in NAMES]


def puts(asked: Asked) -> bool:
    return asked.method == "PUT" and asked.manifest is not None


def gets(asked: Asked) -> bool:
    return asked.method == "GET" and asked.manifest is not None


FAULTS: dict[str, Callable[[], Behaviour]] = {
    "delays": lambda: lambda _asked: Fate(delay=0.05),
    "429 with Retry-After": lambda: Once(Fate(instead=errors(429, "TOOMANYREQUESTS", retry_after="0"))),
    "502 from a proxy": lambda: Once(Fate(instead=Reply(status=502, body=b"<html>bad gateway</html>"))),
    "503": lambda: Once(Fate(instead=errors(503, "UNAVAILABLE"))),
    "resets": lambda: Once(Fate(reset=True)),
    "truncated bodies": lambda: Once(Fate(cut=20), gets),
    "unknown blob": lambda: Once(Fate(instead=errors(404, "BLOB_UNKNOWN")), puts),
    "a write that succeeds but answers 500": lambda: Once(Fate(lie=errors(500, "UNKNOWN")), puts),
    "a write that is reset when it is done": lambda: Once(Fate(reset=True), puts),
    SLOWER: lambda: Once(Fate(delay=1.2), puts),
}


def named(real: RealRegistry, org: str) -> dict[str, str]:
    there = {name: real.tags(f"{org}/{name}") for name in NAMES}
    return {name: tags[TAG] for name, tags in there.items() if TAG in tags}


def listed(real: RealRegistry, org: str) -> set[str]:
    """The tags beside the record, if there are any."""
    status, body, _ = real.get(f"{org}/release/tags/list")
    return set(json.loads(body)["tags"]) if status == 200 else set()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_release_gets_through(
    real: RealRegistry, proxy: Proxy, registry: Registry, units: list[Released], org: str, fault: str
) -> None:
    proxy.behaviour = behaviour = FAULTS[fault]()
    timing = Timing(settle=0.05, gap=0.8) if fault == SLOWER else QUICK
    await release(registry, f"{org}/release", TAG, units, FACTS, timing=timing)
    assert named(real, org) == {unit.name: unit.digest for unit in units}
    assert listed(real, org) == {TAG, f"pending-{TAG}"}
    assert not isinstance(behaviour, Once) or behaviour.met


async def test_reads_behind_by_less_than_the_settle_time(
    real: RealRegistry, proxy: Proxy, registry: Registry, units: list[Released], org: str
) -> None:
    proxy.lag = 0.5
    timing = Timing(settle=0.6, gap=0.8)
    await release(registry, f"{org}/release", TAG, units, FACTS, timing=timing)
    assert named(real, org) == {unit.name: unit.digest for unit in units}
    async with Registry(real.host) as direct:
        newer = [await push_candidate(direct, org, name, content="2") for name in NAMES]
    with pytest.raises(ReleaseError, match="recorded with other digests"):
        await release(registry, f"{org}/release", TAG, newer, FACTS, timing=timing)
    assert named(real, org) == {unit.name: unit.digest for unit in units}


async def test_blobs_are_reset_in_their_middle(real: RealRegistry, proxy: Proxy, registry: Registry) -> None:
    proxy.behaviour = broken = Once(Fate(body_until=3), lambda asked: asked.sends_blob)
    digest = await push_image(registry, "org/broken", "one", content="a layer")
    assert real.tags("org/broken") == {"one": digest}
    assert sum(broken.met.values()) == 3
    assert [layer.size for layer in await registry.layers("org/broken", digest)] == [len("a layer")]


async def test_a_registry_that_deletes_nothing(
    proxy: Proxy, registry: Registry, units: list[Released]
) -> None:
    proxy.behaviour = lambda asked: Fate(
        instead=errors(405, "UNSUPPORTED") if asked.method == "DELETE" else None
    )
    assert not await registry.delete(units[0].repository, units[0].digest)


async def test_a_release_deletes_nothing(
    proxy: Proxy, registry: Registry, units: list[Released], org: str
) -> None:
    await release(registry, f"{org}/release", TAG, units, FACTS, timing=QUICK)
    assert {asked.method for asked in proxy.asked} == {"GET", "HEAD", "PUT", "POST"}


async def test_absent_packages_that_are_denied_are_made_known_first(
    real: RealRegistry, proxy: Proxy, registry: Registry, units: list[Released], org: str
) -> None:
    proxy.private = True
    await release(registry, f"{org}/release", TAG, units, FACTS, timing=QUICK)
    assert named(real, org) == {unit.name: unit.digest for unit in units}
    assert listed(real, org) == {"about", TAG, f"pending-{TAG}"}
    assert proxy.puts()[0] == f"/v2/{org}/release/manifests/about"


@pytest.mark.parametrize("package", ["release", "b"])
@pytest.mark.parametrize("methods", [{"PUT", "POST"}, {"GET", "HEAD", "PUT", "POST"}], ids=["write", "all"])
async def test_a_lasting_denial_names_package_and_scope_at_once(
    real: RealRegistry, proxy: Proxy, units: list[Released], org: str, package: str, methods: set[str]
) -> None:
    """With a client's usual patience."""
    proxy.behaviour = lambda asked: Fate(
        instead=errors(403, "DENIED")
        if asked.method in methods and asked.repository == f"{org}/{package}"
        else None
    )
    async with Registry(proxy.host) as patient:
        with pytest.raises(DeniedError, match=f"{org}/{package}") as raised:
            await release(patient, f"{org}/release", TAG, units, FACTS, timing=QUICK)
    denied = [
        each for each in proxy.asked if each.method in methods and each.repository == f"{org}/{package}"
    ]
    assert set(Counter((each.method, each.target) for each in denied).values()) == {1}
    assert f"scope repository:{org}/{package}:pull" in str(raised.value)
    assert TAG not in listed(real, org)
