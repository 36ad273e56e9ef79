"""Getting in: Basic, or Bearer tokens exchanged per scope and renewed before they expire.

Protocol: https://distribution.github.io/distribution/spec/auth/token/ (2.8: docs/spec/auth/token.md).
What is public is read without credentials: they are shown to push, and to read once a registry has answered
a stranger in a way that it might not answer somebody it knows.
"""

import base64
import json
import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

import anyio
import httpx

from pipeline.errors import RegistryError
from pipeline.registry.oci.headers import Challenge, parse_challenges

# A token without `expires_in` lives 60 s (the token specification's "For compatibility with older clients").
_DEFAULT_LIFE = 60.0
_LEEWAY = 10.0
_YOUTH = 10.0
# NB: 404 too: registries hide from strangers what is private; 429: their limits for strangers are lower.
_STRANGERS = frozenset({401, 403, 404, 429})


@dataclass(frozen=True)
class Credentials:
    """A user's name and secret; the secret never shows."""

    username: str
    secret: str = field(repr=False)

    @property
    def basic(self) -> str:
        """Value of an Authorization header (RFC 7617). GHCR takes any name, but not an empty one."""
        pair = f"{self.username or 'token'}:{self.secret}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def scrub(self, text: str) -> str:
        """The text without the secret, also in the form it has in the header."""
        encoded = self.basic.removeprefix("Basic ")
        return text.replace(encoded, "***").replace(self.secret, "***")


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)
    issued: float
    renew_at: float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How a request gets in: its Authorization header, and whether it is a token that is anybody's."""

    header: str | None = field(default=None, repr=False)
    anonymous: bool = False


class TokenRefusedError(Exception):
    """The token endpoint answered with something else than a token."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"the token service answers {response.status_code}")
        self.response = response


def is_loopback(host: str) -> bool:
    """Whether a registry host (with or without port) is this machine: those are spoken to over plain HTTP."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


class Gate:
    """Authorization headers for one registry, learnt from its challenges; one exchange at once per scope."""

    def __init__(self, client: httpx.AsyncClient, credentials: Credentials | None) -> None:
        self._client = client
        self._credentials = credentials
        self._challenge: Challenge | None = None
        self._introduced = False
        self._tokens: dict[tuple[str, bool], _Token] = {}
        self._locks: dict[tuple[str, bool], anyio.Lock] = {}

    def __repr__(self) -> str:
        return f"Gate(anonymous={self._credentials is None})"

    def is_young(self, scope: str) -> bool:
        """Whether the scope's token was issued so recently that a registry may not know it yet."""
        token = self._tokens.get((scope, self._shows(scope)))
        return token is not None and time.monotonic() - token.issued < _YOUTH

    async def entry(self, scope: str) -> Entry:
        """The way in for a scope, without a header before the registry asked for one.

        Raises TokenRefusedError, and what httpx raises for a broken connection.
        """
        if self._challenge is None:
            return Entry()
        if self._challenge.scheme == "basic":
            return Entry(header=self._credentials.basic if self._credentials else None)
        shown = self._shows(scope)
        try:
            token = await self._token(self._challenge, scope, shown=shown)
        except TokenRefusedError as refused:
            if not self.introduces(Entry(anonymous=not shown), refused.response.status_code):
                raise
            return await self.entry(scope)
        return Entry(header=f"Bearer {token.value}", anonymous=not shown)

    def introduces(self, entry: Entry, status: int) -> bool:
        """Whether to ask again as somebody, after an answer to a stranger. From now on nobody is one here."""
        if self._credentials is None or not entry.anonymous or status not in _STRANGERS:
            return False
        self._introduced = True
        return True

    def _shows(self, scope: str) -> bool:
        """Whether credentials are shown for a scope: there are some, and they are needed."""
        return self._credentials is not None and (self._introduced or ",push" in scope)

    async def _token(self, challenge: Challenge, scope: str, *, shown: bool) -> _Token:
        key = (scope, shown)
        async with self._locks.setdefault(key, anyio.Lock()):
            token = self._tokens.get(key)
            if token is None or token.renew_at <= time.monotonic():
                token = self._tokens[key] = await self._exchange(challenge, scope, shown=shown)
        return token

    def learn(self, response: httpx.Response, scope: str) -> bool:
        """Take in a 401: remember the way in, forget the scope's token. False if there is no way in."""
        self._tokens.pop((scope, self._shows(scope)), None)
        offered = {challenge.scheme: challenge for challenge in self._offers(response)}
        if "bearer" in offered and offered["bearer"].parameters.get("realm"):
            self._challenge = offered["bearer"]
        elif "basic" in offered and self._credentials is not None:
            self._challenge = offered["basic"]
        else:
            return False
        return True

    @staticmethod
    def _offers(response: httpx.Response) -> list[Challenge]:
        headers = response.headers.get_list("www-authenticate")
        return [challenge for header in headers for challenge in parse_challenges(header)]

    async def _exchange(self, challenge: Challenge, scope: str, *, shown: bool) -> _Token:
        realm = challenge.parameters["realm"]
        headers = {}
        if self._credentials is not None and shown:
            _insist_on_privacy(realm)
            headers["Authorization"] = self._credentials.basic
        # NB: the scope is ours, not the challenge's: GHCR's may say `repository:user/image:pull`, literally.
        query: dict[str, str | list[str]] = {"scope": scope.split()}
        if service := challenge.parameters.get("service"):
            query["service"] = service
        asked = time.monotonic()
        # NB: no redirects: credentials go to the realm that the registry named and nowhere else.
        response = await self._client.get(
            httpx.URL(realm).copy_merge_params(query), headers=headers, follow_redirects=False
        )
        if response.status_code != 200:
            raise TokenRefusedError(response)
        return _read_token(response, asked)


def _insist_on_privacy(realm: str) -> None:
    url = urlsplit(realm)
    if url.scheme != "https" and not is_loopback(url.netloc):
        raise RegistryError(
            "the registry wants the token sent to an address without encryption",
            where=f"{url.scheme}://{url.netloc}",
            consequence="nothing was sent there",
            next_step="give the registry's token service an https address",
        )


def _read_token(response: httpx.Response, asked: float) -> _Token:
    try:
        answer = json.loads(response.content)
        value = answer.get("token") or answer["access_token"]
        life = float(answer.get("expires_in") or _DEFAULT_LIFE)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TokenRefusedError(response) from None
    return _Token(str(value), asked, asked + max(life - _LEEWAY, life / 2))
