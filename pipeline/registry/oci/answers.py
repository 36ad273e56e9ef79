"""What a registry's refusal means, and how it is told."""

import json

import httpx

from pipeline.errors import RegistryError
from pipeline.registry.oci.calls import Call

_LONGEST = 300


class DeniedError(RegistryError):
    """The registry does not let this identity ask: what it was asked about may or may not exist.

    NB: never to be taken for absent. GHCR denies anonymous requests for packages that do not exist and for
    private ones alike.
    """


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


def refusal(status: int, said: str, call: Call, *, anonymous: bool) -> RegistryError:
    """The error for an answer that is neither success nor "not found"; ``said`` is the answer in one line."""
    what = f"cannot {call.action}: the registry answers {said} (scope {call.scope})"
    if status not in (401, 403):
        return RegistryError(what, where=call.where, next_step=_next_step(status))
    return DeniedError(
        what,
        where=call.where,
        consequence="whether it exists is unknown, so it is taken neither for present nor for absent",
        next_step=_access_step(status, call, anonymous=anonymous),
    )


def _access_step(status: int, call: Call, *, anonymous: bool) -> str:
    host = call.where.partition("/")[0]
    if anonymous:
        need = "write:packages" if call.push else "read:packages"
        return f"pass --username and --token for {host}" + (
            f" (token scope {need})" if host == "ghcr.io" else ""
        )
    if host != "ghcr.io":
        first = "check --username and --token; if they are right, " if status == 401 else ""
        return (
            f"{first}give this user the right to {'push to' if call.push else 'pull from'} {call.repository}"
        )
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
