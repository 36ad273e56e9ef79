"""Which registries a run may use, and as whom."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import anyio
import dagger
from dagger import dag

from pipeline.catalog.references import Names, parse_reference
from pipeline.planning.units import Unit
from pipeline.registry.documents.signing import Signer, Trust
from pipeline.registry.oci.client import Registry
from pipeline.stages.failures import secret_forms


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where things go.

    Parameters
    ----------
    names:
        The registry of the fleet, and what its repositories are called.
    scratch:
        ``HOST[/PREFIX]`` for families that children need in a run that may not push; empty for none.
    username, token, secret:
        Credentials for the hosts of both; the token as text for our own client, as a Secret for the engine.
    signer:
        What signs evidence and records; None where no signing key was given.
    """

    names: Names
    scratch: str = ""
    username: str = ""
    token: str = field(default="", repr=False)
    secret: dagger.Secret | None = field(default=None, repr=False)
    signer: Signer | None = field(default=None, repr=False)

    @property
    def trust(self) -> Trust | None:
        """Whose evidence is reused: who signs must not build on what is not signed. None for anybody's."""
        return Trust(public=self.signer.public) if self.signer else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be printed."""
        return secret_forms(username=self.username, token=self.token)

    def scratch_repository(self, unit: Unit) -> str:
        """Where a family goes that may not go to its own repository; empty for nowhere."""
        return f"{self.scratch}/{unit.name}" if self.scratch else ""

    def sign_in(self, container: dagger.Container) -> dagger.Container:
        """The container with the right to pull and push, if there is a token."""
        if self.secret is None:
            return container
        for host in self.hosts:
            container = container.with_registry_auth(host, self.username, self.secret)
        return container

    async def announce(self) -> None:
        """Tell the engine the credentials once, since builds pull their bases with them too."""
        if self.secret is not None:
            await self.sign_in(dag.container()).sync()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts to which the credentials belong."""
        hosts = [self.names.registry, self.scratch.partition("/")[0]]
        return tuple(dict.fromkeys(host for host in hosts if host))


@dataclass(frozen=True, kw_only=True)
class Registries:
    """Clients of the registries that a run talks to, one for each host; ``report`` hears of retries."""

    report: Callable[[str], None]
    _access: Access
    _open: AsyncExitStack
    _clients: dict[str, Registry] = field(default_factory=dict[str, Registry])
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    async def of(self, repository: str) -> Registry:
        """The client for ``HOST/REPOSITORY``. Credentials are shown to the fleet's own hosts only."""
        host = parse_reference(repository).registry
        async with self._lock:
            if host not in self._clients:
                client = self._client(host)
                self._clients[host] = await self._open.enter_async_context(client)
        return self._clients[host]

    def _client(self, host: str) -> Registry:
        if host not in self._access.hosts:
            return Registry(host, report=self.report)
        return Registry(host, self._access.username, self._access.token, report=self.report)


@asynccontextmanager
async def registries(access: Access, *, report: Callable[[str], None]) -> AsyncIterator[Registries]:
    """Clients that are opened when first needed; ``report`` gets one line for each retry."""
    async with AsyncExitStack() as stack:
        yield Registries(_access=access, _open=stack, report=report)
