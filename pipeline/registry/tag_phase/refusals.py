"""How a tag phase that does not end well is told."""

import re
from collections.abc import Iterable

from pipeline.errors import PipelineError, RegistryError, ReleaseError
from pipeline.registry.oci.client import Registry
from pipeline.registry.tag_phase.journal import pending
from pipeline.registry.tag_phase.protocol import Claim, End, Outcome

UNTOUCHED = "no name was given"
UNRECORDED = "names may have been given, but the release is not recorded, so nothing deploys it"


def next_free(tag: str, existing: Iterable[str]) -> str:
    """The tag of the next release of the same commit: the first number above all that exist."""
    base = re.sub(r"\.\d+$", "", tag)
    numbered = re.compile(rf"(?:pending-)?{re.escape(base)}\.(\d+)")
    numbers = [int(found[1]) for name in existing if (found := numbered.fullmatch(name))]
    return f"{base}.{max(numbers, default=0) + 1}"


async def refusal_of(
    registry: Registry, repository: str, tag: str, claim: Claim, end: End, *, touched: bool
) -> PipelineError:
    """The error for an end that is not DONE; ``touched``: whether names may have been given before it."""
    consequence = UNRECORDED if touched else UNTOUCHED
    if end.outcome is Outcome.UNSETTLED:
        return _unsettled(registry.name(repository, tag))
    free = next_free(tag, await _tags(registry, (repository, *(name for name, _ in end.taken))))
    if end.outcome is Outcome.TAKEN:
        told = [
            f"{registry.name(name, tag)} is {found} already, and would become {claim.digests[name]}"
            for name, found in end.taken
        ]
        return ReleaseError("; ".join(told), consequence=consequence, next_step=_new_tag(free))
    rival = end.rival or claim
    if end.outcome is Outcome.LOST:
        return ReleaseError(
            f"run {rival.run} releases other digests under this tag: {_differences(claim, rival)}",
            where=registry.name(repository, pending(tag)),
            consequence=consequence,
            next_step="run the same command again: it finishes that release, with that run's digests. "
            f"For those of this run, release under {free} (workflows need `concurrency:`)",
        )
    return ReleaseError(
        f"this release is recorded with other digests: {_differences(claim, rival)}",
        where=registry.name(repository, tag),
        consequence=consequence,
        next_step=_new_tag(free),
    )


def _differences(claim: Claim, rival: Claim) -> str:
    ours, theirs = claim.digests, rival.digests
    changed = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    return "; ".join(
        f"{name} is {theirs.get(name, 'not in it')}, not {ours.get(name, 'left out')}" for name in changed
    )


def _new_tag(free: str) -> str:
    return (
        "a tag never moves: release under a new one. The same commit on newer bases takes the suffix .N: "
        f"{free} is free"
    )


async def _tags(registry: Registry, repositories: Iterable[str]) -> list[str]:
    """What exists there; nothing where the registry does not say, since the answer is only advice."""
    found: list[str] = []
    for repository in repositories:
        try:
            found += await registry.tags(repository) or ()
        except RegistryError:
            continue
    return found


def _unsettled(where: str) -> RegistryError:
    return RegistryError(
        "what was written is not what is read, again and again",
        where=where,
        consequence=UNRECORDED,
        next_step="the registry is slow or behind: run the same command again later; it goes on where this "
        "run ended",
    )
