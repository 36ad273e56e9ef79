"""What preflight saw, as plain data, and the same as text for people."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import Field

from pipeline.reporting.model import Finding, Plain
from pipeline.reporting.words import columns, short_digest, size

UNKNOWN = "unknown"


class Package(Plain):
    """One repository of the fleet.

    ``state`` is present, absent or unknown; ``push`` and ``public`` are yes, no or unknown, ``public`` is
    empty where nothing is there. The ``…_because`` tell what the registry said where it is not yes.
    ``source`` is the image's label org.opencontainers.image.source; ``created`` is ISO 8601 or empty.
    """

    kind: str
    name: str
    repository: str
    state: str = UNKNOWN
    state_because: str = ""
    push: str = UNKNOWN
    push_because: str = ""
    push_step: str = ""
    public: str = ""
    tag: str = ""
    digest: str = ""
    created: str = ""
    source: str = ""
    size: int = 0


class Disk(Plain):
    """Bytes: free where the engine builds (-1 if unknown), and needed at most; names of unknown size."""

    free: int = -1
    needed: int = 0
    unknown: tuple[str, ...] = ()


class Preflight(Plain):
    """One preflight: packages, what else was seen (label to text), and findings."""

    version: int = 1
    fleet: str
    registry: str
    packages: tuple[Package, ...] = ()
    clock_skew: float | None = None
    disk: Disk = Disk()
    seen: Mapping[str, str] = Field(default_factory=dict[str, str])
    findings: tuple[Finding, ...] = ()


def show_preflight(preflight: Preflight, findings: str, *, now: datetime) -> str:
    """A table of the packages, a line for everything else, and the findings as they were put into text."""
    rows = [("PACKAGE", "STATE", "PUSH", "PUBLIC", "LINKED TO", "NEWEST", "SIZE", "AGE")]
    rows += [
        (
            package.name,
            package.state,
            package.push,
            package.public or "-",
            package.source or "-",
            short_digest(package.digest),
            size(package.size),
            _age(package, now),
        )
        for package in preflight.packages
    ]
    lines = [f"preflight: {preflight.fleet} on {preflight.registry}", "", *columns(rows), ""]
    lines += [f"{label}: {text}" for label, text in preflight.seen.items()]
    return "\n".join([*lines, "", findings.rstrip("\n")]) + "\n"


def _age(package: Package, now: datetime) -> str:
    """``12 d``, ``3 h``; ``-`` where nothing tells."""
    then = _made(package)
    if then is None:
        return "-"
    hours = (now - then).total_seconds() / 3600
    return f"{hours / 24:.0f} d" if hours >= 48 else f"{max(0.0, hours):.0f} h"


def _made(package: Package) -> datetime | None:
    """When an image was made. NB: reproducible builds say 1970; then the date in a release's tag tells."""
    try:
        made = datetime.fromisoformat(package.created)
        if made.year < 2000:
            made = datetime.strptime(package.tag[:9], "%Y%m%d-")
    except ValueError:
        return None
    return made.replace(tzinfo=made.tzinfo or UTC)
