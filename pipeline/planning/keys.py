"""Build keys and test keys: what an image, and a smoke test's verdict, depend on (DESIGN.md section 7)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.catalog.model import Service
from pipeline.planning.reasons import changed

__all__ = ["BuildKey", "changed", "test_key"]


@dataclass(frozen=True)
class BuildKey:
    """``hex`` is the sha256 over ``inputs``, which are flat: ``file:src/x.py`` -> ``644 <sha256>``."""

    hex: str
    inputs: Mapping[str, str]


def key_of(inputs: Mapping[str, str]) -> BuildKey:
    """The key over these inputs, whatever their order."""
    return BuildKey(hex=_hash(dict(inputs)), inputs=dict(sorted(inputs.items())))


_NOT_TESTED = {"host_port", "listed_family", "core", "depends_on"}


def test_key(
    digest: str,
    service: Service,
    probe_version: str,
    hardware: str,
    *,
    libraries: Sequence[str] = (),
    programs: Sequence[str] = (),
) -> str:
    """64 hex over all that a smoke test's verdict depends on.

    ``digest`` is the image's; ``hardware`` its class, ``cpu`` or ``gpu``: evidence of one never counts for
    the other. Where a service is published on a host, listed or waited for is not tested and not in the key.
    """
    specification = service.model_dump(mode="json", exclude=_NOT_TESTED)
    return _hash(
        {
            "digest": digest,
            "service": specification,
            "probe": probe_version,
            "hardware": hardware,
            "libraries": sorted(libraries),
            "programs": sorted(programs),
        }
    )


def _hash(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
