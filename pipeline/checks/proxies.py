"""Which proxy requests to a registry go through, and what is wrong with the variables that name it."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pipeline.reporting.model import Finding

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def proxy_of(environment: Mapping[str, str], host: str) -> str:
    """The proxy that requests to a registry go through, without its password; empty for none.

    As httpx and curl have it: lower-case variables win, loopback hosts are asked directly.
    """
    chosen = _chosen(environment)
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.startswith("127.") or _is_excepted(host, chosen.get("no_proxy", "")):
        return ""
    proxy = chosen.get("https_proxy") or chosen.get("all_proxy") or ""
    return re.sub(r"^(\w+://)?.*@", r"\1***@", proxy)


def proxy_findings(environment: Mapping[str, str], host: str) -> Iterator[Finding]:
    """Proxy variables that contradict each other, or that no program understands."""
    for name in _VARIABLES:
        lower, upper = environment.get(name, ""), environment.get(name.upper(), "")
        if lower and upper and lower != upper:
            yield _proxy(
                f"{name} and {name.upper()} differ",
                "some programs heed one, some the other: one part of a run goes another way than the next",
                "set both to the same",
            )
    proxy = proxy_of(environment, host)
    if proxy and (
        urlsplit(proxy).scheme not in ("http", "https", "socks5", "socks5h") or not urlsplit(proxy).netloc
    ):
        yield _proxy(
            f"{proxy!r} is not the address of a proxy",
            f"no request to {host} succeeds",
            "write it as http://HOST:PORT, or name the registry in NO_PROXY",
        )


def _proxy(message: str, consequence: str, fix: str) -> Finding:
    return Finding(
        rule="proxy",
        severity="warning",
        subject="environment",
        message=message,
        consequence=consequence,
        fix=fix,
    )


def _chosen(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment.get(name) or environment.get(name.upper(), "") for name in _VARIABLES}


def _is_excepted(host: str, exceptions: str) -> bool:
    """Whether NO_PROXY names the host: itself, a domain that it is in, or everything."""
    name = urlsplit(f"//{host}").hostname or ""
    words = [word.strip().lower() for word in exceptions.split(",") if word.strip()]
    return any(
        word in ("*", host, name) or name.endswith(f".{word.removeprefix('*').removeprefix('.')}")
        for word in words
    )
