"""What the journal says, who finishes it, and what is told when a release does not end well."""

import pytest
from clients_of_scripts import Clients
from model_registry import ModelRegistry, digest_of
from scripted import Asked, Reply, errors, serving
from unhurried import Unhurried

from pipeline.errors import RegistryError, ReleaseError
from pipeline.registry.documents.artifacts import ForeignError
from pipeline.registry.documents.record import Facts, Record, Released
from pipeline.registry.tag_phase.journal import (
    claim_of,
    find_journal,
    journal_manifest,
    pending,
    record_manifest,
)
from pipeline.registry.tag_phase.refusals import next_free
from pipeline.registry.tag_phase.release import new_run, release

TAG = "20250810-9c99cc9"
QUICK = Unhurried(settle=0.001, wait=0.001)
FACTS = Facts(fleet="mainpc", commit="9c99cc9", commit_date="2025-08-10T00:00:00Z")


def unit(name: str, content: str) -> Released:
    body = f"{name} {content}".encode()
    key = "1" * 64 if content == "old" else "2" * 64
    return Released(kind="image", name=name, repository=f"org/{name}", digest=digest_of(body), build_key=key)


OLD = [unit("a", "old"), unit("b", "old")]
NEW = [unit("a", "new"), unit("b", "new")]


@pytest.fixture
def model() -> ModelRegistry:
    """Candidates of two plans."""
    model = ModelRegistry()
    for plan, content in ((OLD, "old"), (NEW, "new")):
        for each in plan:
            place = f"{each.repository}/manifests/key-{each.build_key}"
            model.store(place, f"{each.name} {content}".encode())
    return model


def journal_of(model: ModelRegistry, units: list[Released], run: str) -> None:
    """Leave a journal as a run does that died after writing it."""
    manifest = journal_manifest(claim_of(Record(tag=TAG, facts=FACTS, units=tuple(units)), run))
    model.store(f"org/release/manifests/{pending(TAG)}", manifest.body)


def tagged(model: ModelRegistry) -> list[str | None]:
    return [model.tag(f"org/{name}", TAG) for name in ("a", "b")]


async def test_what_was_begun_is_finished_with_its_own_digests_and_told(
    clients: Clients, model: ModelRegistry
) -> None:
    journal_of(model, OLD, "the-dead-one")
    told: list[str] = []
    async with serving(model) as server, clients.anonymous(server) as registry:
        names = await release(registry, "org/release", TAG, NEW, FACTS, timing=QUICK, report=told.append)
    assert tagged(model) == [each.digest for each in OLD]
    assert [name.partition("@")[2] for name in names[:-1]] == [each.digest for each in OLD]
    assert told == [f"release {TAG}: run the-dead-one began it; finished with its digests"]


async def test_what_was_begun_is_not_finished_without_its_candidates(
    clients: Clients, model: ModelRegistry
) -> None:
    journal_of(model, OLD, "the-dead-one")
    for each in OLD:
        del model.manifests[f"{each.repository}/manifests/{each.digest}"]
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(ReleaseError, match="is not in the registry"):
            await release(registry, "org/release", TAG, NEW, FACTS, timing=QUICK)
    assert tagged(model) == [None, None]


async def test_who_comes_second_is_told_by_whom_and_what_next(clients: Clients, model: ModelRegistry) -> None:
    """Ours is overwritten while it settles."""

    def fault(asked: Asked) -> Reply | None:
        if asked.method == "PUT" and asked.path.endswith(pending(TAG)):
            journal_of(model, OLD, "the-first-one")
            return Reply(status=201)
        return None

    model.fault = fault
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(ReleaseError, match="run the-first-one releases other digests") as raised:
            await release(registry, "org/release", TAG, NEW, FACTS, timing=QUICK)
    assert raised.value.consequence == "no name was given"
    assert f"{TAG}.1" in raised.value.next_step
    assert f"org/a is {OLD[0].digest}, not {NEW[0].digest}" in raised.value.what
    assert tagged(model) == [None, None]


async def test_a_journal_that_never_arrives_ends_the_run(clients: Clients, model: ModelRegistry) -> None:
    model.fault = lambda asked: Reply(status=201) if asked.method == "PUT" else None
    async with serving(model) as server, clients.anonymous(server, attempts=1) as registry:
        with pytest.raises(RegistryError):
            await release(registry, "org/release", TAG, NEW, FACTS, timing=QUICK)
    assert tagged(model) == [None, None]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b'{"layers": []}', ForeignError, id="no artifact"),
        pytest.param(b"not json", ForeignError, id="no JSON"),
        pytest.param(
            record_manifest(claim_of(Record(tag=TAG, facts=FACTS, units=tuple(OLD)), "x")).body,
            ForeignError,
            id="a record, which is no journal",
        ),
    ],
)
async def test_what_is_no_journal_is_neither_used_nor_overwritten(
    clients: Clients, model: ModelRegistry, body: bytes, error: type[Exception]
) -> None:
    place = f"org/release/manifests/{pending(TAG)}"
    model.store(place, body)
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(error):
            await release(registry, "org/release", TAG, NEW, FACTS, timing=QUICK)
    assert model.manifests[place] == body
    assert tagged(model) == [None, None]


async def test_a_journal_is_read_as_it_was_written(clients: Clients, model: ModelRegistry) -> None:
    journal_of(model, OLD, "somebody")
    async with serving(model) as server, clients.anonymous(server) as registry:
        found = await find_journal(registry, "org/release", TAG)
        assert await find_journal(registry, "org/release", "20250811-9c99cc9") is None
    assert found == claim_of(Record(tag=TAG, facts=FACTS, units=tuple(OLD)), "somebody")


async def test_a_denied_journal_is_unknown_and_stays_so(clients: Clients, model: ModelRegistry) -> None:
    """Where the mark that makes a package known may not be pushed either."""
    model.fault = lambda asked: errors(403, "DENIED") if "/org/release/" in asked.path else None
    async with serving(model) as server, clients.anonymous(server) as registry:
        with pytest.raises(RegistryError, match=r"org/release:about.*scope repository:org/release:pull,push"):
            await release(registry, "org/release", TAG, NEW, FACTS, timing=QUICK)
    assert tagged(model) == [None, None]


@pytest.mark.parametrize(
    ("existing", "free"),
    [
        pytest.param([], ".1", id="first"),
        pytest.param([TAG, f"{TAG}.1", f"{TAG}.3"], ".4", id="above all"),
        pytest.param([f"pending-{TAG}.2"], ".3", id="begun counts"),
        pytest.param(
            ["20250810-9c99cc8.7", f"{TAG}.x", f"x{TAG}.9", f"{TAG}.9.sig"], ".1", id="others do not"
        ),
        pytest.param([f"{TAG}.9", f"{TAG}.10"], ".11", id="numbers, not text"),
    ],
)
@pytest.mark.parametrize("tag", [TAG, f"{TAG}.1"])
def test_the_next_free_number(tag: str, existing: list[str], free: str) -> None:
    assert next_free(tag, existing) == TAG + free


def test_runs_have_ids_of_their_own() -> None:
    assert len({new_run() for _ in range(100)}) == 100


def test_equal_promises_of_two_runs_make_one_record() -> None:
    record = Record(tag=TAG, facts=FACTS, units=tuple(OLD))
    again = Record(tag=TAG, facts=FACTS, units=tuple(reversed(OLD)))
    assert record_manifest(claim_of(record, "one")) == record_manifest(claim_of(again, "two"))
    assert claim_of(record, "one").promise == claim_of(again, "two").promise
    assert journal_manifest(claim_of(record, "one")) != journal_manifest(claim_of(record, "two"))
