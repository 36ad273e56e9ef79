"""A client of the OCI distribution API, version 1.1, as far as releases need it.

Protocol: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import httpx

from pipeline.catalog.references import is_digest
from pipeline.errors import RegistryError
from pipeline.registry.oci import blobs
from pipeline.registry.oci.auth import Credentials
from pipeline.registry.oci.calls import Call, Excuses, Place
from pipeline.registry.oci.headers import clock_skew
from pipeline.registry.oci.listing import list_tags
from pipeline.registry.oci.media import MANIFEST_TYPES, Descriptor, Manifest
from pipeline.registry.oci.retry import Patience, Report, TransientError
from pipeline.registry.oci.transport import Transport

_DOCKER_HUB = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}

_WEB_PAGE = "text/html"

Result = TypeVar("Result")


def _no_registry(call: Call, base: str) -> RegistryError:
    return RegistryError(
        f"cannot {call.action}: the answer is a web page ({_WEB_PAGE})",
        where=call.where,
        consequence="it is taken neither for present nor for absent",
        next_step=f"see what answers at {base}/v2/: a login page of a network or proxy, or no registry",
    )


def _ignore(_line: str) -> None:
    """Report to nobody."""


class Registry:
    """One registry, by its host (``ghcr.io``, ``localhost:5000``); an async context manager.

    Parameters
    ----------
    host:
        Host and port. Loopback hosts are spoken to over HTTP, all others over HTTPS.
    username, token:
        Credentials; none for anonymous. They are shown only when the registry asks, and only to it and to
        the token service that it names.
    patience:
        Bounds of retries.
    report:
        Gets one line for each retry.
    connections:
        At most so many at once.
    trust:
        Certificates to trust; the system's and httpx's by default.

    Repositories are given with or without the host. Everything raises RegistryError; its subclass
    DeniedError when it is unknown whether something exists because the registry does not let us ask.
    """

    def __init__(
        self,
        host: str,
        username: str = "",
        token: str = "",
        *,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        report: Report = _ignore,
        connections: int = 8,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self._written: set[tuple[str, str]] = set()
        self._found: dict[tuple[str, str], Manifest] = {}  # by repository and digest
        self._stored: set[tuple[str, str]] = set()  # blobs, likewise
        self._transport = Transport(
            _DOCKER_HUB.get(host, host),
            credentials=Credentials(username, token) if token else None,
            patience=patience,
            report=report,
            connections=connections,
            trust=trust,
        )

    async def __aenter__(self) -> "Registry":
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._transport.__aexit__(*failure)

    def __repr__(self) -> str:
        return f"Registry({self.host!r})"

    def path(self, repository: str) -> str:
        """The repository's name on this registry, without the host."""
        name = repository.removeprefix(f"{self.host}/")
        return f"library/{name}" if self.host in _DOCKER_HUB and "/" not in name else name

    def name(self, repository: str, reference: str = "") -> str:
        """``HOST/REPOSITORY[:TAG|@DIGEST]`` for people and for Docker."""
        joint = "" if not reference else "@" if is_digest(reference) else ":"
        return f"{self.host}/{self.path(repository)}{joint}{reference}"

    async def resolve(self, repository: str, reference: str) -> str | None:
        """Digest of a tag or digest, or None if it is absent; no body is read where the registry names it."""
        call = self._manifest_call("HEAD", "look up", repository, reference)
        response = await self._transport.send(call)
        if response.status == 404:
            return None
        claimed = response.headers.get("docker-content-digest", "")
        if is_digest(claimed) and not is_digest(reference):
            return claimed
        if claimed and claimed == reference:
            return reference
        manifest = await self.manifest(repository, reference)
        return manifest.digest if manifest else None

    async def find(self, repository: str, tag: str) -> str | None:
        """Digest of an image's tag, or None if it is absent; `layers` of this digest need not ask again."""
        manifest = await self.manifest(repository, tag)
        if manifest is None:
            return None
        self._found[self.path(repository), manifest.digest] = manifest
        return manifest.digest

    async def persist(
        self, attempt: Callable[[Excuses], Awaitable[Result]], *, action: str, where: str
    ) -> Result:
        """Repeat an attempt that raises TransientError, within this registry's patience."""
        return await self._transport.persist(attempt, action=action, where=where)

    async def manifest(self, repository: str, reference: str) -> Manifest | None:
        """Manifest or index behind a tag or digest, its bytes checked; None if it is absent."""
        call = self._manifest_call("GET", "read", repository, reference)

        async def take(response: httpx.Response) -> Manifest | None:
            if response.status_code == 404:
                return None
            media_type = response.headers.get("content-type", "").partition(";")[0].strip()
            if media_type == _WEB_PAGE:
                raise _no_registry(call, self._transport.base)
            manifest = Manifest(media_type=media_type, body=await response.aread())
            expected = (
                reference if is_digest(reference) else response.headers.get("docker-content-digest", "")
            )
            if is_digest(expected) and manifest.digest != expected:
                raise TransientError(f"the body has digest {manifest.digest}, not {expected}")
            return manifest

        return await self._transport.receive(call, take)

    def _manifest_call(self, method: str, action: str, repository: str, reference: str) -> Call:
        path = self.path(repository)
        written = (path, reference) in self._written
        return Call(
            method=method,
            url=f"/v2/{path}/manifests/{reference}",
            repository=path,
            action=action,
            where=self.name(repository, reference),
            headers={"Accept": ", ".join(MANIFEST_TYPES)},
            accepted=(200,) if written else (200, 404),
            written=written,
        )

    async def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> str:
        """Store a manifest under a tag (or its digest); return its digest."""
        path = self.path(repository)
        call = Call(
            method="PUT",
            url=f"/v2/{path}/manifests/{reference}",
            repository=path,
            action="push",
            where=self.name(repository, reference),
            push=True,
            headers={"Content-Type": manifest.media_type},
            body=manifest.body,
            accepted=(200, 201, 202),
        )
        response = await self._transport.send(call)
        self._written |= {(path, reference), (path, manifest.digest)}
        claimed = response.headers.get("docker-content-digest", manifest.digest)
        if claimed != manifest.digest:
            raise RegistryError(
                f"the registry stored {claimed} where {manifest.digest} was sent", where=call.where
            )
        return manifest.digest

    async def delete(self, repository: str, digest: str) -> bool:
        """Delete a manifest, and with it every tag that names it; False where this registry cannot.

        NB: GHCR and a docker-registry without ``delete: enabled`` answer 405 (distribution spec 1.1, "Content
        Management"); what is absent already counts as deleted.
        """
        call = replace(
            self._manifest_call("DELETE", "delete", repository, digest),
            delete=True,
            accepted=(200, 202, 404, 405),
        )
        if not is_digest(digest):
            raise ValueError(f"manifests are deleted by digest, not by {digest!r}")
        self._written = {each for each in self._written if each[0] != self.path(repository)}
        self._stored = {each for each in self._stored if each[0] != self.path(repository)}
        return (await self._transport.send(call)).status != 405

    async def tags(self, repository: str) -> tuple[str, ...] | None:
        """All tags of a repository, page after page, in the registry's order; None if it is absent."""
        return await list_tags(self._transport, self._place(repository))

    async def blob(self, repository: str, digest: str, target: Path) -> bool:
        """Stream a blob into a file and check its digest; False if it is absent."""
        return await blobs.download(self._transport, self._place(repository), digest, target)

    async def read_blob(self, repository: str, digest: str) -> bytes | None:
        """A small blob (at most 8 MiB) as bytes, its digest checked; None if it is absent."""
        return await blobs.read(self._transport, self._place(repository), digest)

    async def put_blob(
        self,
        repository: str,
        content: bytes | Path,
        *,
        media_type: str,
        mount_from: str = "",
        new: bool = False,
    ) -> Descriptor:
        """Store a blob unless it is there: mounted from another repository, or streamed from a file.

        Whether it is there is not asked for one that is ``new``, nor again for one that was stored before.
        """
        source = self.path(mount_from) if mount_from else ""
        place = self._place(repository)
        descriptor = await blobs.describe(content, media_type)
        blob = (place.path, descriptor.digest)
        if blob not in self._stored and (new or not await blobs.is_there(self._transport, place, descriptor)):
            await blobs.upload(self._transport, place, content, descriptor, mount_from=source)
        self._stored.add(blob)
        return descriptor

    async def try_push(self, repository: str) -> None:
        """Find out whether these credentials may push there, without leaving anything behind.

        Raises DeniedError where they may not, RegistryError where it cannot be found out.
        """
        await blobs.try_upload(self._transport, self._place(repository))

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which this machine's clock is ahead of the registry's; None before its first answer.

        NB: a Date header has whole seconds, so up to one second means nothing.
        """
        return clock_skew(self._transport.heard) if self._transport.heard else None

    def _place(self, repository: str) -> Place:
        return Place(path=self.path(repository), name=self.name(repository))

    async def layers(
        self, repository: str, digest: str, *, platform: str = "linux/amd64"
    ) -> tuple[Descriptor, ...]:
        """An image's compressed layers, lowest first; none if it is absent or not for the platform."""
        found = self._found.get((self.path(repository), digest))
        manifest = found or await self.manifest(repository, digest)
        if manifest is not None and manifest.is_index:
            one = manifest.for_platform(platform)
            manifest = await self.manifest(repository, one) if one else None
        return manifest.layers if manifest is not None else ()
