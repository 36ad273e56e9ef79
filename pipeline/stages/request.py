"""A request to do something with a fleet, and the fleet opened for it: files, catalog, registries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import dagger

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import Catalog
from pipeline.catalog.references import Names, is_registry
from pipeline.catalog.sizes import parse_size
from pipeline.errors import UsageError
from pipeline.planning.sources import Sources
from pipeline.registry.documents.signing import Signer, check_pair, load_signer, load_trust
from pipeline.registry.oci.client import Registry
from pipeline.stages.access import Access, Registries, registries
from pipeline.stages.failures import last_clause
from pipeline.stages.room import Room, available_memory
from pipeline.stages.source import materialise

DEFAULT_CATALOG = "fleet.toml"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the constructor of the module was given; empty text stands for what the catalog says."""

    source: dagger.Directory
    catalog: str = DEFAULT_CATALOG
    registry: str = ""
    organisation: str = ""
    scratch_registry: str = ""
    username: str = ""
    token: dagger.Secret | None = None
    signing_key: dagger.Secret | None = None
    jobs: int = 16
    memory: str = ""

    @property
    def room(self) -> Room:
        """What smoke tests may take at once. Raises UsageError for a `memory` that is no amount.

        They are half as many as builds: a build mostly waits (for a mirror, for a disk), and has no deadline.
        """
        return Room(places=(self.jobs + 1) // 2, memory=_memory(self.memory))

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that a line which repeats a part of the run needs; never a secret."""
        given = (
            ("--catalog", "" if self.catalog == DEFAULT_CATALOG else self.catalog),
            ("--registry", self.registry),
            ("--organisation", self.organisation),
            ("--username", self.username),
        )
        return tuple(word for flag, value in given if value for word in (flag, value))


def request_of(module: object) -> Request:
    """What an object of the module was given: its fields that are a request's too."""
    names = {each.name for each in fields(Request)}
    return Request(**{name: value for name, value in vars(module).items() if name in names})


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A fleet that can be worked on. ``remarks`` collects what is worth a line in the end."""

    request: Request
    sources: Sources
    catalog: Catalog
    access: Access
    ask: Registries
    remarks: list[str] = field(default_factory=list[str])

    @property
    def root(self) -> Path:
        """Where the fleet's files are."""
        return self.sources.root

    async def records(self) -> tuple[Registry, str]:
        """The registry that holds the fleet's records, and their repository."""
        repository = self.access.names.release
        return await self.ask.of(repository), repository


@asynccontextmanager
async def opened(request: Request) -> AsyncIterator[Opened]:
    """Export the source, read the catalog, and get the registries ready (none is asked yet).

    Raises CatalogError for a wrong fleet.toml, UsageError for flags that do not go together.
    """
    _check(request)
    remarks: list[str] = []
    async with materialise(request.source) as root:
        catalog = load_catalog(root, request.catalog)
        access = await _access(request, catalog)
        async with registries(access, report=remarks.append) as ask:
            yield Opened(
                request=request,
                sources=Sources(root),
                catalog=catalog,
                access=access,
                ask=ask,
                remarks=remarks,
            )


def _check(request: Request) -> None:
    _check_address("--registry", request.registry)
    _check_address("--scratch-registry", request.scratch_registry.partition("/")[0])
    if request.jobs < 1:
        raise UsageError(f"{request.jobs} jobs do nothing", where="--jobs", next_step="give at least 1")
    _memory(request.memory)
    if request.token is not None and not request.username:
        raise UsageError(
            "a token without a user name",
            where="--username",
            consequence="no registry would accept it",
            next_step="add --username (for GHCR: your GitHub login, any name for GITHUB_TOKEN)",
        )


def _check_address(flag: str, address: str) -> None:
    if address and not is_registry(address):
        raise UsageError(
            f"{address!r} is not a registry's address such as ghcr.io or localhost:5000",
            where=flag,
            consequence="nothing was looked up",
            next_step="give HOST[:PORT], without https://",
        )


def _memory(text: str) -> int:
    try:
        return parse_size(text) if text else available_memory()
    except ValueError as error:
        raise UsageError(str(error), where="--memory", consequence="nothing was started") from None


async def _access(request: Request, catalog: Catalog) -> Access:
    fleet = catalog.fleet
    return Access(
        names=Names(
            registry=request.registry or fleet.registry,
            organisation=request.organisation or fleet.organisation,
            namespace=fleet.namespace,
        ),
        scratch=request.scratch_registry.rstrip("/"),
        username=request.username,
        token=(await text_of(request.token, "--token")).strip() if request.token else "",
        secret=request.token,
        signer=await _signer(request, catalog),
    )


async def _signer(request: Request, catalog: Catalog) -> Signer | None:
    if request.signing_key is None:
        return None
    signer = load_signer((await text_of(request.signing_key, "--signing-key")).encode())
    check_pair(signer, load_trust(catalog.fleet.public_key))
    return signer


async def text_of(secret: dagger.Secret, flag: str) -> str:
    """What is in a secret that a flag named. Raises UsageError where the engine cannot read it."""
    try:
        return await secret.plaintext()
    except dagger.QueryError as error:
        raise UsageError(
            f"cannot be read: {last_clause(str(error))}",
            where=flag,
            consequence="nothing was looked up",
            next_step="give env:NAME, file:PATH or cmd:COMMAND of the machine that calls",
        ) from None
