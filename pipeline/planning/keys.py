"""Build keys and test keys: what an image, and a smoke test's verdict, depend on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from pipeline.catalog.service import Service
from pipeline.planning.units import Promises


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
    promises: Promises | None = None,
    suite: Sequence[Service] = (),
) -> str:
    """64 hex over all that a smoke test's verdict depends on.

    ``digest`` is the image's; ``hardware`` its class, ``cpu`` or ``gpu``: evidence of one never counts for
    the other. ``suite`` are the services of a test side by side. Where a service is published on a host,
    listed or waited for is not tested and not in the key.
    """
    specification, *others = (each.model_dump(mode="json", exclude=_NOT_TESTED) for each in (service, *suite))
    return _hash(
        {
            "digest": digest,
            "service": specification,
            "probe": probe_version,
            "hardware": hardware,
            "promises": _sorted(asdict(promises or Promises())),
            "suite": others,
        }
    )


def _sorted(promises: Mapping[str, object]) -> dict[str, object]:
    return {key: sorted(each) if isinstance(each, tuple) else each for key, each in promises.items()}


def _hash(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
