"""A fleet of any size whose candidates are all in a registry: what a release that has nothing to do finds."""

import asyncio
from pathlib import Path

from tiny_images import push_image

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.plan import Circumstances, unit_test_key
from pipeline.planning.units import Unit
from pipeline.registry.candidates import candidate_tag
from pipeline.registry.client import Registry
from pipeline.registry.evidence import Evidence, put_evidence
from pipeline.reporting.model import Check, Verdict
from pipeline.stages.probe import probe_version

TAG, COMMIT = "20250810-9c99cc9", "9c99cc9" + "0" * 33
_AT_ONCE = 8
_FLEET = """
[fleet]
name = "many"
registry = "{host}"
organisation = "many"
[families.base]
tag = "1"
programs = ["curl"]
"""
_IMAGE = """
[images.i{number}]
family = "base"
dockerfile = "Dockerfile"
build_args = {{ NUMBER = "{number}" }}
[[images.i{number}.services]]
name = "s{number}"
ports = [{port}]
alive_for = 1
"""


def write_fleet(root: Path, host: str, images: int) -> Path:
    """The fleet's directory: so many images of one Dockerfile."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY service.py /\n")
    (root / "service.py").write_text("print('hello')\n")
    parts = [_IMAGE.format(number=number, port=10_000 + number) for number in range(images)]
    (root / "fleet.toml").write_text(_FLEET.format(host=host) + "".join(parts))
    return root


async def push_candidates(root: Path, host: str) -> None:
    """Every candidate of the fleet with its evidence, as `build-all --candidates` leaves them."""
    catalog = load_catalog(root)
    names = Names(registry=host, organisation="many", namespace=catalog.fleet.namespace)
    found = survey(catalog, root, names, ())
    async with Registry(host) as registry:
        [base] = found.published
        digests = {str(base.reference): await push_image(registry, base.reference.name, "1", content="base")}
        keys = build_keys(found, root, digests)
        wanted = Circumstances(probe_version=probe_version())
        places = asyncio.Semaphore(_AT_ONCE)

        async def push(unit: Unit) -> None:
            async with places:
                key = keys[unit.name].hex
                digest = await push_image(registry, unit.repository, candidate_tag(key), content=unit.name)
                for service in unit.services:
                    evidence = Evidence(
                        repository=unit.repository,
                        digest=digest,
                        service=service.name,
                        test_key=unit_test_key(unit, service, digest, wanted=wanted),
                        build_key=key,
                        checks=(Check(name="alive", verdict=Verdict.PASSED),),
                    )
                    await put_evidence(registry, unit.repository, evidence)

        await asyncio.gather(*(push(unit) for unit in found.units))
