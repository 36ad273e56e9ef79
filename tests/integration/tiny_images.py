"""Images of a few bytes, pushed as candidates: enough for everything a registry looks at."""

import asyncio
import hashlib
import json
from dataclasses import replace

from pipeline.registry.documents.candidates import candidate_tag
from pipeline.registry.documents.evidence import Evidence, put_evidence
from pipeline.registry.documents.record import Released
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import OCI_MANIFEST, Manifest, canonical_json
from pipeline.reporting.model import Check, Verdict


def hex_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def push_image(
    registry: Registry, repository: str, tag: str, *, content: str, labelled: bool = True
) -> str:
    """Push an image whose one layer is the content, and its one label; return its digest."""
    labels = {"Labels": {"c": content}} if labelled else {}
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": labels})
    described, layer = await asyncio.gather(
        registry.put_blob(repository, config.encode(), media_type="application/vnd.oci.image.config.v1+json"),
        registry.put_blob(repository, content.encode(), media_type="application/vnd.oci.image.layer.v1.tar"),
    )
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described.as_json(),
        "layers": [layer.as_json()],
    }
    return await registry.put_manifest(
        repository, tag, Manifest(media_type=OCI_MANIFEST, body=canonical_json(body))
    )


async def push_candidate(
    registry: Registry, organisation: str, name: str, *, content: str, kind: str = "image"
) -> Released:
    """A candidate with evidence of one smoke test, as a build would leave it."""
    repository = f"{organisation}/{name}"
    key, test_key = hex_of(f"build {name} {content}"), hex_of(f"test {name} {content}")
    digest = await push_image(registry, repository, candidate_tag(key), content=f"{name} {content}")
    unit = Released(kind=kind, name=name, repository=repository, digest=digest, build_key=key)
    evidence = Evidence(
        repository=registry.name(repository),
        digest=digest,
        service=name,
        test_key=test_key,
        checks=(Check(name="health", verdict=Verdict.PASSED),),
    )
    await put_evidence(registry, repository, evidence)
    return replace(unit, evidence={name: test_key})
