"""One request to one registry: authorised, redirected with care, judged, and tried again where that helps."""

import importlib.util
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

import anyio
import httpx

from pipeline.errors import RegistryError
from pipeline.registry.oci.answers import error_codes, refusal
from pipeline.registry.oci.auth import Credentials, Entry, Gate, TokenRefusedError, is_loopback
from pipeline.registry.oci.calls import Answer, Call, Excuses
from pipeline.registry.oci.retry import (
    Patience,
    Report,
    TransientError,
    is_transient,
    retry_after,
    retrying,
    worth_again,
)
from pipeline.tls import client_context

Result = TypeVar("Result")

# NB: httpcore tries to import it eight times for each request, and where it is absent Python looks for it on
# disk each time: a fifth of what a request costs.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  (import system: "import of sniffio halted")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NEAR = 4  # connections at most to a registry on this machine
_HEADERS = {"User-Agent": "pipeline", "Accept-Encoding": "identity"}
_PATIENT = httpx.Timeout(30.0, connect=10.0, pool=None)
_HOPS = 5
_SETTLE = 1.0
_SMALL = 8 * 1024 * 1024


class Transport:
    """Connections to one registry. Enter it before use; it closes them when left."""

    def __init__(
        self,
        host: str,
        *,
        credentials: Credentials | None,
        patience: Patience,
        report: Report,
        connections: int,
        trust: ssl.SSLContext | None,
    ) -> None:
        self._local = is_loopback(host)
        self.base = f"{'http' if self._local else 'https'}://{host}"
        self._origin = _origin(httpx.URL(self.base))
        connections = min(connections, _NEAR) if self._local else connections
        self._patience = patience
        self._report = report
        self._credentials = credentials
        verify = trust if trust is not None else _trust(local=self._local)
        self._client = httpx.AsyncClient(
            verify=verify,
            limits=_at_most(connections),
            timeout=_PATIENT,
            headers=_HEADERS,
            follow_redirects=False,
            trust_env=not self._local,
        )
        # NB: for each request httpx looks for proxies, for cookies and at all its connections, a third of the
        # work. A registry on this machine needs nothing of it: each request has one of these to itself.
        self._direct = [
            httpx.AsyncHTTPTransport(verify=verify, limits=_at_most(1))
            for _ in range(connections if self._local else 0)
        ]
        self._gate = Gate(self._client, credentials)
        # NB: httpx's own queue for connections is slow when many wait: with 200, twice the time per request.
        self._places = anyio.CapacityLimiter(connections)
        # The first Date header of the registry's own, and when it was heard.
        self.heard: tuple[str, float] | None = None

    async def __aenter__(self) -> "Transport":
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._client.aclose()
        for each in self._direct:
            await each.aclose()

    def __repr__(self) -> str:
        return f"Transport({self.base})"

    async def send(self, call: Call) -> Answer:
        """Make the call and read the whole answer, at most 8 MiB. Raises RegistryError."""

        async def read(response: httpx.Response) -> Answer:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _SMALL:
                    raise RegistryError("the registry's answer is larger than 8 MiB", where=call.where)
            return Answer(status=response.status_code, headers=response.headers, body=bytes(body))

        return await self.receive(call, read)

    async def receive(self, call: Call, take: Callable[[httpx.Response], Awaitable[Result]]) -> Result:
        """Make the call and hand the open response to ``take``, again from the start when it breaks.

        ``take`` may raise TransientError to ask for another attempt.
        """

        async def attempt(excuses: Excuses) -> Result:
            return await self.once(call, take, excuses)

        return await self.persist(attempt, action=call.action, where=call.where)

    async def once(
        self, call: Call, take: Callable[[httpx.Response], Awaitable[Result]], excuses: Excuses
    ) -> Result:
        """One attempt at a call: for steps that can only be repeated together, through :meth:`persist`."""
        try:
            async with self._places:
                with anyio.fail_after(call.seconds):
                    async with self._open(call, excuses) as response:
                        await self._insist(response, call, excuses)
                        result = await take(response)
                        await _read_to_its_end(response)
                        return result
        except httpx.HTTPError as error:
            if is_transient(error):
                raise
            raise self._unreachable(error, call) from None

    async def persist(
        self, attempt: Callable[[Excuses], Awaitable[Result]], *, action: str, where: str
    ) -> Result:
        """Run an attempt until it succeeds, fails for good, or patience ends."""
        excuses = Excuses()

        async def again() -> Result:
            return await attempt(excuses)

        return await retrying(again, what=action, where=where, patience=self._patience, report=self._tell)

    def _tell(self, line: str) -> None:
        self._report(self._scrub(line))

    def _scrub(self, text: str) -> str:
        return self._credentials.scrub(text) if self._credentials else text

    @asynccontextmanager
    async def _open(self, call: Call, excuses: Excuses) -> AsyncIterator[httpx.Response]:
        """The response after the way in: at most one 401 is answered with (new) authorisation.

        Apart from that, what a stranger is denied is asked for again with credentials.
        """
        learnt = False
        while True:
            entry = await self._authorisation(call, excuses)
            async with self._follow(call, entry.header) as response:
                status = response.status_code
                if not self._gate.introduces(entry, status):
                    if status != 401 or learnt or not self._gate.learn(response, call.scope):
                        yield response
                        return
                    learnt = True
                await response.aread()  # so that the connection can be used again

    async def _authorisation(self, call: Call, excuses: Excuses) -> Entry:
        try:
            return await self._gate.entry(call.scope)
        except TokenRefusedError as refused:
            asking = replace(call, action=f"get a token to {call.action}")
            # NB: an anonymous reader is denied what is private or absent: that does not pass.
            young = self._credentials is not None and excuses.take()
            raise self._verdict(refused.response, asking, young=young) from None

    @asynccontextmanager
    async def _follow(self, call: Call, authorisation: str | None) -> AsyncIterator[httpx.Response]:
        """The response after redirects, which get the authorisation only on the registry's own origin."""
        url = self._url(call.url)
        for _ in range(_HOPS):
            headers = {**_HEADERS, **call.headers}
            if authorisation is not None and _origin(url) == self._origin:
                headers["Authorization"] = authorisation
            content = call.body() if callable(call.body) else call.body
            request = httpx.Request(
                call.method, url, headers=headers, content=content, extensions={"timeout": _PATIENT.as_dict()}
            )
            async with self._answer(request) as response:
                self.heard = self.heard or (response.headers.get("date", ""), time.time())
                target = response.headers.get("location", "")
                if response.status_code not in _REDIRECTS or call.method not in ("GET", "HEAD") or not target:
                    yield response
                    return
                await _read_to_its_end(response)
                url = url.join(target)
        raise RegistryError(f"cannot {call.action}: more than {_HOPS} redirects", where=call.where)

    @asynccontextmanager
    async def _answer(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        direct = self._direct.pop() if self._local else None
        send = direct.handle_async_request if direct else partial(self._client.send, stream=True)
        try:
            async with aclosing(await send(request)) as response:
                yield response
        finally:
            if direct:
                self._direct.append(direct)

    def _url(self, text: str) -> httpx.URL:
        """NB: reading an address is a tenth of a request's work, and joining two reads three."""
        is_path = text.startswith("/") and not text.startswith("//")
        return httpx.URL(self.base + text) if is_path else httpx.URL(self.base).join(text)

    async def _insist(self, response: httpx.Response, call: Call, excuses: Excuses) -> None:
        """Raise what an answer means that the call does not accept."""
        if response.status_code not in call.accepted:
            await response.aread()
            young = self._gate.is_young(call.scope)
            raise self._verdict(response, call, young=young and excuses.take())

    def _verdict(self, response: httpx.Response, call: Call, *, young: bool) -> Exception:
        """What an answer that is not accepted means: TransientError or RegistryError."""
        status = response.status_code
        codes, text = error_codes(response)
        said = self._scrub(f"{status} {text or response.reason_phrase}".strip())
        error = refusal(status, said, call, anonymous=self._credentials is None)
        if not worth_again(status, codes, written=call.written, fresh_token=young):
            return error
        asked = retry_after(response.headers.get("retry-after", ""), now=time.time())
        return TransientError(said, wait=_SETTLE if status in (401, 403) else asked, refusal=error)

    def _unreachable(self, error: httpx.HTTPError, call: Call) -> RegistryError:
        place = _place_of(error)
        if place is None or _origin(place) == self._origin:
            here = f"from this machine{self._whose_machine()}"
            step = f"check that a registry answers at {self.base}/v2/ {here}"
        else:
            asked = f"{place.scheme}://{place.netloc.decode()}"
            step = f"check that {asked} answers from this machine: the registry at {self.base} sends there"
        return RegistryError(
            f"cannot {call.action}: {str(error) or f'no answer ({type(error).__name__})'}",
            where=call.where,
            consequence="whether it is there is unknown, so nothing that depends on it is done",
            next_step=step,
        )

    def _whose_machine(self) -> str:
        hint = "; on a Dagger engine that is the module's container: give an address that it can reach"
        return hint if self._local else ""


def _place_of(error: httpx.HTTPError) -> httpx.URL | None:
    """What was asked when it failed: the registry, its token service, or what an answer redirected to."""
    try:
        return error.request.url
    except RuntimeError:  # nobody noted it
        return None


async def _read_to_its_end(response: httpx.Response) -> None:
    """So that the connection can be used again: one that has bytes left is closed."""
    if not response.is_stream_consumed:
        async for _ in response.aiter_raw():
            pass


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme, 0)


def _at_most(connections: int) -> httpx.Limits:
    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)


def _trust(*, local: bool) -> ssl.SSLContext:
    """The system's certificates, where a company's proxy has its own; httpx's where there are none.

    NB: reading them takes 0.1 s, so a registry on this machine, spoken to over HTTP, gets none: what it
    might redirect to over HTTPS is refused.
    """
    context = client_context() if not local else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if local or context.get_ca_certs() or ssl.get_default_verify_paths().capath:
        return context
    return httpx.create_ssl_context()
