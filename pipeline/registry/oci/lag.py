"""Reads lag behind writes: asking until what was written is what is read."""

from contextlib import suppress

from pipeline.errors import RegistryError
from pipeline.registry.oci.calls import Excuses
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.retry import TransientError


class _StillBehindError(RegistryError):
    """Patience ended before the read caught up."""


async def settled(registry: Registry, repository: str, reference: str, digest: str) -> str | None:
    """What a reference resolves to once reads have caught up with the write of ``digest``.

    Asks again while it is absent or another digest, within the registry's patience; then returns what is
    there, for the caller to judge.
    """
    where = registry.name(repository, reference)
    found: str | None = None

    async def look(_excuses: Excuses) -> None:
        nonlocal found
        found = await registry.resolve(repository, reference)
        if found != digest:
            reason = f"reads {found or 'nothing'}, not yet {digest}"
            raise TransientError(reason, refusal=_StillBehindError(reason, where=where))

    with suppress(_StillBehindError):
        await registry.persist(look, action="read back", where=where)
    return found
