"""Reading the structured headers of the protocol: WWW-Authenticate, Link and Date."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}[^\s,]*))\s*')
_SCHEME = re.compile(rf"\s*({_WORD})(?:\s+|\s*$|\s*,)")
_LINK = re.compile(r"\s*<([^>]*)>((?:\s*;\s*[^,;\"]+(?:\"[^\"]*\")?)*)\s*(?:,|$)")
_NEXT = re.compile(r';\s*rel\s*=\s*"?([^";]*)"?', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One way in that a server offers: the scheme in lower case, parameter names in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Challenges of a WWW-Authenticate header (RFC 9110, section 11.6.1), in their order.

    What cannot be read ends the reading; what was read before it is returned.
    """
    return tuple(_challenges(header))


def _challenges(header: str) -> Iterator[Challenge]:
    position = 0
    while position < len(header):
        scheme = _SCHEME.match(header, position)
        if scheme is None:
            return
        parameters: dict[str, str] = {}
        # NB: "Basic, Bearer realm=…": the pattern ate the comma, so the scheme has no parameters.
        position = scheme.end()
        if not scheme.group().rstrip().endswith(","):
            position = _parameters(header, position, parameters)
        yield Challenge(scheme=scheme.group(1).lower(), parameters=parameters)


def _parameters(header: str, position: int, into: dict[str, str]) -> int:
    """Read ``name=value`` pairs up to the next scheme; return where that begins."""
    while (found := _PARAMETER.match(header, position)) is not None:
        name, quoted, plain = found.groups()
        into.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if plain is None else plain)
        position = found.end()
        if header[position : position + 1] != ",":
            break
        position += 1
    return position


def parse_next_link(header: str) -> str | None:
    """Target of the link whose relation is ``next`` (RFC 8288), or None.

    The distribution spec pages its tag lists with it:
    https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#content-discovery
    """
    for target, parameters in _LINK.findall(header):
        relation = _NEXT.search(parameters)
        if relation is not None and "next" in relation.group(1).lower().split():
            return target
    return None


def clock_skew(heard: tuple[str, float]) -> float | None:
    """Seconds by which a clock is ahead of a Date header (RFC 9110, section 6.6.1), or None for no date.

    ``heard``: the header, and what the clock said when it came.
    """
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, rarely needed

    header, clock = heard
    try:
        return clock - parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
