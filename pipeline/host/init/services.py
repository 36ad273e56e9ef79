"""What an image runs: ports and health of its CMD, and commands that could be further services."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.catalog.durations import parse_duration
from pipeline.catalog.model import Image
from pipeline.catalog.service import Health
from pipeline.checks.facts.health import HealthCheck, find_healthcheck
from pipeline.checks.inspection import Inspection, Subject
from pipeline.host.init.find import Found
from pipeline.planning.scope import exposed_ports

_HEALTH_PORT = "HEALTH_PORT"
_USUAL_START = 20.0  # what the lint rule health-start proposes
_USUAL_DEADLINE = 60.0


@dataclass(frozen=True, kw_only=True)
class Further:
    """A file beside the one that CMD runs which names ports that are exposed and not the CMD's."""

    name: str
    command: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Default:
    """The service of an image's CMD; ``unclaimed`` are exposed ports that nothing in sight names.

    ``name`` is the image's, but in a suite, whose services have names of their own, that of the file it runs.
    ``health`` is None where there is nothing to ask: the image has neither HEALTHCHECK nor HEALTH_PORT.
    """

    ports: tuple[int, ...]
    name: str
    health: Health | None
    has_healthcheck: bool
    further: tuple[Further, ...]
    unclaimed: tuple[int, ...]


def default_service(inspection: Inspection, image: Image, found: Found) -> Default:
    """What the CMD of an image is, as far as its Dockerfile and the files that it copies tell."""
    subject = inspection.subjects[image.name]
    check = find_healthcheck(inspection, subject)
    health = _health(inspection, subject, check)
    exposed = _exposed(found)
    others = tuple(port for port in exposed if health is None or port != health.port)
    command = _command(found)
    script = _script(subject, command)
    text = inspection.sources.text(script) or "" if script else ""
    named = tuple(port for port in others if _names(text, port))
    # NB: one port, or none that a file names: they can only be the CMD's.
    ports = named or others
    left = tuple(port for port in others if port not in ports)
    further = _further(inspection, subject, command=command, script=script, left=left)
    claimed = {port for each in further for port in each.ports}
    return Default(
        name=posixpath.splitext(posixpath.basename(script))[0] if further else image.name,
        ports=ports,
        health=health,
        has_healthcheck=check is not None and not check.is_none,
        further=further,
        unclaimed=tuple(port for port in left if port not in claimed),
    )


def _health(inspection: Inspection, subject: Subject, check: HealthCheck | None) -> Health | None:
    """The HEALTHCHECK's URL or script; else the fleet's rule, /health on HEALTH_PORT."""
    told = _environment(inspection, subject).get(_HEALTH_PORT, "")
    usual = _port(told)
    if check is None or check.is_none:
        return Health(port=usual, start_period=_USUAL_START) if usual else None
    words, start = _instruction(inspection, subject, check)
    start = start or _USUAL_START
    port = _port(str(check.port)) or usual
    script = words[0] if len(words) == 1 and words[0].startswith("/") else ""
    if port is None and not script:
        return None
    path, deadline = check.path or "/health", max(_USUAL_DEADLINE, 2 * start)
    return Health(port=port, path=path, script=script, start_period=start, deadline=deadline)


def _port(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536 else None


def _environment(inspection: Inspection, subject: Subject) -> dict[str, str]:
    values: dict[str, str] = {}
    for each in inspection.chain(subject):
        for stage in each.final_stages:
            values = {**stage.scope.environment, **values}
    return values


def _instruction(
    inspection: Inspection, subject: Subject, check: HealthCheck
) -> tuple[tuple[str, ...], float]:
    """The words of the HEALTHCHECK's command where it is in JSON form, and its start period in seconds."""
    found = next(
        instruction
        for each in inspection.chain(subject)
        for instruction in each.last_first
        if instruction.keyword == "HEALTHCHECK" and instruction.line == check.line
    )
    try:
        start = parse_duration(found.flag("start-period"))
    except ValueError:
        start = 0.0
    words = re.fullmatch(r"(?i)CMD\s*\[(.*)\]\s*", found.text)
    return (tuple(re.findall(r'"([^"]*)"', words[1])) if words else (), start)


def _exposed(found: Found) -> tuple[int, ...]:
    ports = [
        port
        for stage in reversed(found.stages)
        for each in stage.stage.instructions
        if each.keyword == "EXPOSE"
        for port in exposed_ports(_tcp(each.words), stage.scope)
    ]
    return tuple(dict.fromkeys(port for port in ports if _port(str(port))))


def _tcp(words: Sequence[str]) -> tuple[str, ...]:
    """NB: `ports` of a catalog are TCP's, and a smoke test asks for no others."""
    return tuple(word for word in words if not word.lower().endswith(("/udp", "/sctp")))


def _command(found: Found) -> tuple[str, ...]:
    last = found.last("CMD") or found.last("ENTRYPOINT")
    return last[0].words if last else ()


def _script(subject: Subject, command: Sequence[str]) -> str:
    """The copied file that a command runs, as a path below the fleet's root, or empty."""
    copied = [path for each in subject.copied for path in each.files]
    for word in reversed(command):
        name = posixpath.basename(word)
        near = [path for path in copied if posixpath.basename(path) == name and "." in name]
        if near:
            return near[0]
    return ""


def _further(
    inspection: Inspection, subject: Subject, *, command: Sequence[str], script: str, left: Sequence[int]
) -> tuple[Further, ...]:
    found: list[Further] = []
    folder, own = posixpath.split(script)
    ending = posixpath.splitext(own)[1]
    for path in dict.fromkeys(path for each in subject.copied for path in each.files) if script else ():
        name = posixpath.basename(path)
        is_beside = posixpath.dirname(path) == folder and path != script
        text = inspection.sources.text(path) or "" if is_beside and name.endswith(ending) else ""
        ports = tuple(port for port in left if _names(text, port))
        if ports:
            words = tuple(re.sub(rf"{re.escape(own)}$", name, word) for word in command)
            found.append(Further(name=posixpath.splitext(name)[0], command=words, ports=ports))
    return tuple(found)


def _names(text: str, port: int) -> bool:
    return re.search(rf"(?<![\w.]){port}(?![\w.])", text) is not None
