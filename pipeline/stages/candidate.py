"""Pushes the very container that was tested, under its build key, and makes sure that it is there."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagger
from dagger import dag

from pipeline.planning.keys import BuildKey
from pipeline.registry.candidates import candidate_tag, read_back, record_build
from pipeline.stages.access import Access, Registries
from pipeline.stages.lookup import candidate_in


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What is in the registry under a build key; ``adopted`` when somebody else had pushed it meanwhile."""

    repository: str
    digest: str
    adopted: bool = False

    @property
    def reference(self) -> str:
        """``REPOSITORY@sha256:…``."""
        return f"{self.repository}@{self.digest}"


async def push_candidate(
    images: Sequence[dagger.Container],
    repository: str,
    key: BuildKey,
    *,
    access: Access,
    ask: Registries,
    seconds: float,
    replace: bool = False,
) -> Candidate:
    """Push a tested container, unless the key is taken: then the caller gets what is there, untested.

    ``images`` is one for each platform: several become an index, of which one was tested. ``seconds`` are
    what building and testing took; ``replace`` pushes in any case. Raises dagger.QueryError when the push
    fails, RegistryError when the registry then has another digest.
    """
    there = None if replace else await candidate_in(repository, key.hex, ask)
    if there:
        return Candidate(repository=repository, digest=there, adopted=True)
    pushed = await _publish(access, images, f"{repository}:{candidate_tag(key.hex)}")
    digest = pushed.rpartition("@")[2]
    registry = await ask.of(repository)
    await read_back(registry, repository, key.hex, digest)
    await record_build(registry, repository, key.hex, key.inputs, seconds=seconds)
    return Candidate(repository=repository, digest=digest)


async def _publish(access: Access, images: Sequence[dagger.Container], address: str) -> str:
    if len(images) == 1:
        return await access.sign_in(images[0]).publish(address)
    return await access.sign_in(dag.container()).publish(address, platform_variants=list(images))
