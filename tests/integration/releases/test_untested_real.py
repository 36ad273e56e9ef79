"""Which services nothing proves: evidence that is missing, gone, or with a check skipped."""

from dataclasses import replace

import pytest
from real_registry import RealRegistry
from released_sets import A, client, filed, released

from pipeline.registry.documents.evidence import evidence_tag, find_evidence, put_evidence
from pipeline.registry.documents.proof import untested
from pipeline.registry.documents.record import Record
from pipeline.registry.oci.client import Registry
from pipeline.reporting.model import Check, Verdict

pytestmark = pytest.mark.integration
ALL = {"one": ("one",), "two": ("two",)}


@pytest.fixture
async def record(registry: Registry, org: str) -> Record:
    await released(registry, org, A, own=True)
    return (await filed(registry, org, A)).record


async def test_evidence_of_every_service_is_proof(registry: Registry, record: Record) -> None:
    assert await untested(registry, record, ALL) == ()
    assert await untested(registry, record, {}) == ()


async def test_a_service_without_evidence_is_untested(registry: Registry, record: Record) -> None:
    assert await untested(registry, record, {**ALL, "one": ("one", "more")}) == ("one/more",)


async def test_an_image_without_any_evidence_is_untested_also_where_no_catalog_names_it(
    registry: Registry, record: Record
) -> None:
    adopted = replace(record, units=tuple(replace(unit, evidence={}) for unit in record.units))
    assert await untested(registry, adopted, {}) == ("one/one", "two/two")


async def test_evidence_with_a_check_skipped_is_no_proof(registry: Registry, record: Record) -> None:
    [unit] = [unit for unit in record.units if unit.name == "one"]
    found = await find_evidence(registry, unit.repository, unit.evidence["one"], unit.digest)
    assert found is not None
    skipped = (*found.checks, Check(name="cuda", verdict=Verdict.SKIPPED))
    await put_evidence(registry, unit.repository, replace(found, checks=skipped))
    assert await untested(registry, record, ALL) == ("one/one",)


async def test_evidence_that_is_gone_is_no_proof(
    registry: Registry, real: RealRegistry, record: Record
) -> None:
    [unit] = [unit for unit in record.units if unit.name == "two"]
    digest = await registry.resolve(unit.repository, evidence_tag(unit.evidence["two"]))
    await registry.delete(unit.repository, digest or "")
    async with client(real) as fresh:
        assert await untested(fresh, record, ALL) == ("two/two",)
