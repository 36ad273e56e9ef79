"""Releases that meet a fault at each point: what is written by then, and that repeating ends well."""

import pytest
from clients_of_scripts import Clients
from model_registry import ModelRegistry, digest_of
from scripted import RESET, Asked, Reply, Server, errors, serving
from unhurried import Unhurried

from pipeline.errors import RegistryError, ReleaseError
from pipeline.registry.documents.record import Facts, Released
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.tag_phase.release import release

TAG = "20250810-9c99cc9"
QUICK = Unhurried(settle=0.001, wait=0.001)
FACTS = Facts(fleet="mainpc", commit="9c99cc9", commit_date="2025-08-10T00:00:00Z")
NAMES = ("a", "b", "c")


@pytest.fixture
def model() -> ModelRegistry:
    """Three candidates, and nothing else."""
    model = ModelRegistry()
    for number, name in enumerate(NAMES):
        model.store(f"org/{name}/manifests/key-{str(number) * 64}", f'{{"image": "{name}"}}'.encode())
    return model


@pytest.fixture
def units() -> list[Released]:
    return [
        Released(
            kind="image",
            name=name,
            repository=f"org/{name}",
            digest=digest_of(f'{{"image": "{name}"}}'.encode()),
            build_key=str(number) * 64,
        )
        for number, name in enumerate(NAMES)
    ]


def tagged(model: ModelRegistry) -> list[str]:
    return [name for name in (*NAMES, "release") if model.tag(f"org/{name}", TAG)]


def puts(server: Server) -> list[str]:
    return [asked.path for asked in server.asked if asked.method == "PUT"]


async def test_the_record_is_written_last(
    clients: Clients, model: ModelRegistry, units: list[Released]
) -> None:
    async with serving(model) as server, clients.anonymous(server) as registry:
        await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
    assert puts(server)[0] == f"/v2/org/release/manifests/pending-{TAG}"
    assert sorted(puts(server)[1:-1]) == [f"/v2/org/{name}/manifests/{TAG}" for name in NAMES]
    assert puts(server)[-1] == f"/v2/org/release/manifests/{TAG}"


async def test_what_the_registry_does_not_say_is_not_taken_for_a_free_tag(
    clients: Clients, model: ModelRegistry, units: list[Released]
) -> None:
    def fault(asked: Asked) -> Reply | None:
        return errors(403, "DENIED") if asked.path.endswith(f"org/b/manifests/{TAG}") else None

    model.fault = fault
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(DeniedError, match="org/b"):
            await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
    assert puts(server) == []


@pytest.mark.parametrize("failing", [*NAMES, "release"])
async def test_a_write_that_fails_leaves_no_record_and_repeating_finishes(
    clients: Clients, model: ModelRegistry, units: list[Released], failing: str
) -> None:
    def fault(asked: Asked) -> Reply | None:
        broken = asked.method == "PUT" and asked.path.startswith(f"/v2/org/{failing}/manifests/")
        return errors(400, "MANIFEST_INVALID") if broken else None

    model.fault = fault
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match=f"org/{failing}:(pending-)?{TAG}"):
            await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
        assert failing not in tagged(model)
        assert "release" not in tagged(model)
        model.fault = lambda _asked: None
        await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
    assert tagged(model) == [*NAMES, "release"]
    assert [model.tag(unit.repository, TAG) for unit in units] == [unit.digest for unit in units]


async def test_a_write_that_succeeds_but_answers_500_is_no_conflict(
    clients: Clients, model: ModelRegistry, units: list[Released]
) -> None:
    lied: set[str] = set()

    def fault(asked: Asked) -> Reply | None:
        if asked.method != "PUT" or asked.path in lied:
            return None
        lied.add(asked.path)
        model.store(asked.path.removeprefix("/v2/"), asked.body)
        return RESET if len(lied) % 2 else Reply(status=500)

    model.fault = fault
    async with serving(model) as server, clients.anonymous(server) as registry:
        await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
    assert tagged(model) == [*NAMES, "release"]
    assert len(clients.lines) == 5


async def test_a_tag_taken_since_the_check_is_not_moved(
    clients: Clients, model: ModelRegistry, units: list[Released]
) -> None:
    place = f"org/b/manifests/{TAG}"
    looks: list[str] = []
    theirs = digest_of(b"theirs")

    def fault(asked: Asked) -> Reply | None:
        """Absent when first asked and after settling, taken ever after."""
        if asked.path != f"/v2/{place}" or place in model.manifests:
            return None
        looks.append(asked.method)
        if len(looks) == 2:
            model.store(place, b"theirs")
        return errors(404, "MANIFEST_UNKNOWN")

    model.fault = fault
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(ReleaseError, match=theirs) as raised:
            await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
    assert raised.value.consequence == "no name was given"
    assert model.tag("org/b", TAG) == theirs
    assert [model.tag(f"org/{name}", TAG) for name in ("a", "c")] == [None, None]
    assert "release" not in tagged(model)


async def test_a_tag_overwritten_after_us_is_not_recorded(
    clients: Clients, model: ModelRegistry, units: list[Released]
) -> None:
    def fault(asked: Asked) -> Reply | None:
        if asked.method == "PUT" and asked.path == f"/v2/org/c/manifests/{TAG}":
            answer = model.store(f"org/c/manifests/{TAG}", asked.body)
            model.store(f"org/c/manifests/{TAG}", b"theirs")
            return answer
        return None

    model.fault = fault
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(ReleaseError, match=r"is sha256:.* already, and would become"):
            await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
    assert "release" not in tagged(model)


async def test_reads_that_lag_behind_are_waited_for(
    clients: Clients, model: ModelRegistry, units: list[Released]
) -> None:
    asked_since: dict[str, int] = {}

    def fault(asked: Asked) -> Reply | None:
        if asked.method == "PUT":
            asked_since[asked.path] = 0
            return None
        if asked.path not in asked_since:
            return None
        asked_since[asked.path] += 1
        return errors(404, "MANIFEST_UNKNOWN") if asked_since[asked.path] < 3 else None

    model.fault = fault
    async with serving(model) as server, clients.anonymous(server) as registry:
        await release(registry, "org/release", TAG, units, FACTS, timing=QUICK)
    assert tagged(model) == [*NAMES, "release"]
