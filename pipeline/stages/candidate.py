"""Pushes the very container that was tested, under its build key, and makes sure that it is there."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagger
from dagger import dag

from pipeline.planning.keys import BuildKey
from pipeline.registry.documents.candidates import candidate_tag, read_back, record_build
from pipeline.registry.oci.retry import Patience, Report, TransientError, retrying
from pipeline.stages.access import Access, Registries
from pipeline.stages.failures import last_clause, without_trace
from pipeline.stages.hints import may_pass
from pipeline.stages.questions import candidate_in

_PATIENCE = Patience(attempts=3, deadline=3600.0, first=1.0)


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
    address = f"{repository}:{candidate_tag(key.hex)}"
    pushed = await _publish(access, images, address, report=ask.report)
    digest = pushed.rpartition("@")[2]
    registry = await ask.of(repository)
    await read_back(registry, repository, key.hex, digest)
    await record_build(registry, repository, key.hex, key.inputs, seconds=seconds)
    return Candidate(repository=repository, digest=digest)


async def _publish(
    access: Access, images: Sequence[dagger.Container], address: str, *, report: Report
) -> str:
    """Push, again where the registry broke off or had too much to do: what arrived whole is not sent again.

    NB: Docker Engine tries layers again by itself (five times, within 50 s), a manifest never.
    """
    variants = list(images) if len(images) > 1 else None
    container = access.sign_in(dag.container() if variants else images[0])

    async def attempt() -> str:
        try:
            return await container.publish(address, platform_variants=variants)
        except dagger.QueryError as error:
            if may_pass(without_trace(str(error))):
                said = last_clause(str(error)).removeprefix(f"{address}: ")
                raise TransientError(said) from error
            raise

    return await retrying(attempt, what="push", where=address, patience=_PATIENCE, report=report)
