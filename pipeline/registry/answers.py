"""What a registry's refusal means, and how it is told."""

import json
from dataclasses import dataclass

import httpx

from pipeline.errors import RegistryError

_LONGEST = 300


class DeniedError(RegistryError):
    """The registry does not let this identity ask: what it was asked about may or may not exist.

    NB: never to be taken for absent. GHCR denies anonymous requests for packages that do not exist and for
    private ones alike.
    """


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked, in words for people: ``push``, ``ghcr.io/org/x:tag``, and the token scope it needs."""

    action: str
    where: str
    scope: str
    anonymous: bool


def error_codes(response: httpx.Response) -> tuple[tuple[str, ...], str]:
    """Upper-case error codes of a read response's body, and its messages as one line.

    The form is distribution spec 1.1, "Error Codes"; GHCR's token endpoint uses it too. Bodies that do not
    have it give no code and no text.
    """
    try:
        errors = json.loads(response.content)["errors"]
        pairs = [(str(error["code"]).upper(), str(error.get("message", ""))) for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError, httpx.StreamError):
        return (), ""
    text = "; ".join(f"{code}: {message}" if message else code for code, message in pairs)
    return tuple(code for code, _ in pairs), " ".join(text.split())[:_LONGEST]


def refusal(response: httpx.Response, request: Request) -> RegistryError:
    """The error for an answer that is neither success nor "not found"."""
    _, text = error_codes(response)
    said = f"{response.status_code} {text or response.reason_phrase}".strip()
    what = f"cannot {request.action}: the registry answers {said} (scope {request.scope})"
    if response.status_code in (401, 403):
        return denied(what, request)
    return RegistryError(what, where=request.where, next_step=_next_step(response.status_code))


def denied(what: str, request: Request) -> DeniedError:
    """The error for a refusal of identity or permission."""
    return DeniedError(
        what,
        where=request.where,
        consequence="whether it exists is unknown, so it is taken neither for present nor for absent",
        next_step=_access_step(request),
    )


def _access_step(request: Request) -> str:
    host, _, path = request.where.partition("/")
    if request.anonymous:
        need = "write:packages" if "push" in request.scope else "read:packages"
        return f"pass --username and --token for {host}" + (
            f" (token scope {need})" if host == "ghcr.io" else ""
        )
    if host != "ghcr.io":
        return f"give this user the right to {request.scope.rpartition(':')[2]} on {path.partition('@')[0]}"
    return (
        "check that the token has write:packages (a classic token or GITHUB_TOKEN with `packages: write`); "
        "if a personal token pushed this package first, link it to the repository: "
        "package settings, Manage Actions access, role Write"
    )


def _next_step(status: int) -> str:
    if status == 429:
        return "the registry limits requests: wait, or pass --username and --token for a higher limit"
    if status == 413:
        return "the registry or a proxy before it limits the size of uploads: raise that limit"
    if status >= 500:
        return "the registry fails: run the same command again later; nothing that was written needs undoing"
    return "the registry does not understand this request: check the name and that it speaks the OCI protocol"
