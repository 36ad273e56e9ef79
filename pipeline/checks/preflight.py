"""What preflight's answers mean: each function turns what was seen into findings. Nobody is asked here."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from pipeline.catalog.model import Catalog
from pipeline.checks.drivers import Fit, fit, least_driver
from pipeline.reporting.model import Finding
from pipeline.reporting.preflight import UNKNOWN, Disk, Package
from pipeline.reporting.words import size

# Seconds. NB: Date headers have whole seconds, and an answer takes its time.
SKEW = 30.0


def push_findings(packages: Sequence[Package]) -> Iterator[Finding]:
    """Packages that may not be pushed to, or of which that is unknown: one finding for each answer."""
    for answer, severity, what in (
        ("no", "error", "these credentials may not push to"),
        (UNKNOWN, "warning", "it could not be found out whether these credentials may push to"),
    ):
        refused = [package for package in packages if package.push == answer]
        if refused:
            yield Finding(
                rule="push-right",
                severity=severity,
                subject=refused[0].repository,
                message=f"{what} {_names(refused)}: {refused[0].push_because}",
                consequence="everything is built and tested, and then it cannot be pushed",
                fix=refused[0].push_step,
            )


def state_findings(packages: Sequence[Package]) -> Iterator[Finding]:
    """Packages of which the registry does not say whether or what they are: one finding for all."""
    unknown = [package for package in packages if package.state_because]
    if unknown:
        yield Finding(
            rule="package-state",
            severity="note",
            subject=unknown[0].repository,
            message=f"the registry does not tell of {_names(unknown)}: {unknown[0].state_because}",
            consequence="unknown is never taken for absent: a release stops where it meets it",
            fix="give credentials that may read; on GHCR an absent package answers like this, too, until the "
            "first push",
        )


def link_findings(packages: Sequence[Package], source_url: str) -> Iterator[Finding]:
    """Images whose label names another repository than the catalog, or none (GHCR links packages by it)."""
    on_ghcr = [package for package in packages if package.repository.startswith("ghcr.io/")]
    if on_ghcr and not source_url:
        yield Finding(
            rule="package-link",
            severity="note",
            file="fleet.toml",
            message="[fleet] has no source_url: images carry no label that links them to a repository",
            consequence="what a person pushes first must be linked by hand before GITHUB_TOKEN may push",
            fix='source_url = "https://github.com/ORG/REPO"',
        )
    for source, group in _grouped(packages, lambda package: package.source or ""):
        if source_url and source != source_url:
            yield Finding(
                rule="package-link",
                severity="warning",
                subject=group[0].repository,
                message=f"{_names(group)} {_is(group)} linked to {source}, not to {source_url}",
                consequence="GitHub shows them at another repository, whose workflows may push to them",
                fix="build and push them again, or correct source_url",
            )


def visibility_findings(packages: Sequence[Package], visibility: str) -> Iterator[Finding]:
    """Packages that anybody may pull, or nobody, against the catalog's `visibility`."""
    public = [package for package in packages if package.public == "yes"]
    private = [package for package in packages if package.public == "no"]
    if visibility == "private" and public:
        yield Finding(
            rule="package-visibility",
            severity="error",
            subject=public[0].repository,
            message=f"anybody may pull {_names(public)}, but [fleet] says that the fleet is private",
            consequence="what is pushed there is published to the world",
            fix="package settings, Change visibility; GHCR makes no public package private again: delete it",
        )
    if visibility == "public" and private:
        yield Finding(
            rule="package-visibility",
            severity="warning",
            subject=private[0].repository,
            message=f"{_names(private)} {_is(private)} private, but [fleet] says that the fleet is public",
            consequence="who deploys without a token cannot pull",
            fix="package settings, Change visibility",
        )


def clock_findings(skew: float | None, registry: str) -> Iterator[Finding]:
    """A clock that is not the registry's; ``skew`` is by how many seconds ours is ahead."""
    if skew is not None and abs(skew) > SKEW:
        where = "ahead of" if skew > 0 else "behind"
        yield Finding(
            rule="clock",
            severity="warning",
            subject=registry,
            message=f"the clock of this machine is {abs(skew):.0f} s {where} the registry's",
            consequence="tokens and certificates may be taken for expired, and records carry wrong times",
            fix="set the clock, best by NTP (timedatectl set-ntp true)",
        )


def disk_findings(disk: Disk) -> Iterator[Finding]:
    """Too little room where the engine builds, or room that could not be seen."""
    if disk.needed and disk.free < 0:
        yield Finding(
            rule="disk",
            severity="note",
            message=f"up to {size(disk.needed)} are needed; how much is free is unknown",
            consequence="a full disk would only show in the middle of a build",
            fix="look at it by hand: df -h on the machine that runs the engine",
        )
    elif disk.needed > disk.free >= 0:
        yield Finding(
            rule="disk",
            severity="error",
            message=f"up to {size(disk.needed)} are needed, {size(max(1, disk.free))} are free there",
            consequence="a build or pull ends with: no space left on device",
            fix="make room on the machine that runs the engine (`docker system df` shows what Docker keeps)",
        )


def host_driver_findings(catalog: Catalog, driver: str) -> Iterator[Finding]:
    """The driver of the GPU of this machine, where there is one (``driver`` is empty otherwise).

    NB: it says nothing about the targets; those have rules of their own (target-driver, target-toolkit).
    """
    for family in catalog.families.values():
        if driver and family.cuda and fit(driver, family.cuda) is Fit.TOO_OLD:
            yield Finding(
                rule="host-driver",
                severity="warning",
                subject=family.name,
                message=f"the driver of this machine, {driver}, is too old for CUDA {family.cuda}",
                consequence="smoke tests of services with gpu = true fail on this machine",
                fix=f"install a driver of at least {least_driver(family.cuda)}",
            )


def driver_in(text: str) -> str:
    """The version in /proc/driver/nvidia/version; empty where there is none.

    Its first line: ``NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 …``.
    """
    found = re.search(r"^NVRM version:.*?\s(\d+(?:\.\d+){1,2})\s", text, re.MULTILINE)
    return found[1] if found else ""


def _grouped(
    packages: Iterable[Package], key: Callable[[Package], str]
) -> Iterator[tuple[str, list[Package]]]:
    groups: defaultdict[str, list[Package]] = defaultdict(list)
    for package in packages:
        groups[key(package)].append(package)
    return ((text, group) for text, group in groups.items() if text)


def _names(packages: Sequence[Package]) -> str:
    names = [package.name for package in packages]
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _is(packages: Sequence[Package]) -> str:
    return "is" if len(packages) == 1 else "are"
