"""What a health check asks and runs: from the Dockerfiles of an image and its families, and the catalog."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.catalog.model import Image
from pipeline.checks.facts.shell import Command, read_argv, read_commands
from pipeline.checks.inspection import Inspection, Subject
from pipeline.dockerfile.words import expand
from pipeline.planning.dockerfile import Instruction

_HOST = r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])"
_PORT = r"\d{1,5}|\$\{[^}]*\}|\$\w+"
_URL = re.compile(rf"{_HOST}:(?P<port>{_PORT})(?P<path>/[^\s\"'\\|;)]*)?")
_HEALTH_PORT = "HEALTH_PORT"
_CMD = re.compile(r"CMD\s+", re.IGNORECASE)
_NO_TIME = re.compile(r"[0.]*(?:[a-zµ]+[0.]*)*")


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """One check: ``port`` 0 where it cannot be told or follows HEALTH_PORT; ``path`` empty likewise.

    ``text`` is the command: a JSON list, or words for a shell. ``starts`` whether it has a start period.
    """

    file: str
    line: int
    is_none: bool = False
    text: str = ""
    starts: bool = False
    port: int = 0
    path: str = ""

    @property
    def commands(self) -> list[Command]:
        """The commands that it runs; what a shell would expand stays as written."""
        strings = _strings(self.text)
        return read_commands(self.text) if strings is None else read_argv(strings)


def find_healthcheck(inspection: Inspection, subject: Subject) -> HealthCheck | None:
    """The HEALTHCHECK that an image has, be it inherited; None where no Dockerfile in the fleet has one."""
    return inspection.keep(f"healthcheck of {subject.unit.name}", lambda: _find(inspection, subject))


def _find(inspection: Inspection, subject: Subject) -> HealthCheck | None:
    for each in inspection.chain(subject):
        for instruction in each.last_first:
            if instruction.keyword == "HEALTHCHECK":
                return _read(each, instruction)
    return None


def find_checks(inspection: Inspection, image: Image, subject: Subject) -> Iterator[HealthCheck]:
    """Every command that asks after an image's health: its HEALTHCHECK, and the scripts of the catalog."""
    check = find_healthcheck(inspection, subject)
    if check is not None and not check.is_none:
        yield check
    for service in image.smoked:
        if service.health and service.health.script:
            line = inspection.service_line(image, service)
            yield HealthCheck(file=inspection.places.filename, line=line, text=service.health.script)


def _read(subject: Subject, instruction: Instruction) -> HealthCheck:
    file, line = subject.unit.dockerfile, instruction.line
    if instruction.text.strip().upper() == "NONE":
        return HealthCheck(file=file, line=line, is_none=True)
    text = _CMD.sub("", instruction.text, count=1)
    starts = not _NO_TIME.fullmatch(instruction.flag("start-period"))
    match = _URL.search(text)
    if match is None:
        return HealthCheck(file=file, line=line, text=text, starts=starts)
    final = subject.reads.final
    values = final.scope.environment if final else {}
    port = "" if _HEALTH_PORT in match["port"] else expand(match["port"], values).text
    path = (match["path"] or "/").split("?")[0]
    return HealthCheck(
        file=file,
        line=line,
        text=text,
        starts=starts,
        port=int(port) if port.isdecimal() else 0,
        path="" if "$" in path else path,
    )


def _strings(text: str) -> tuple[str, ...] | None:
    """The strings of the JSON form; None where it is the shell form."""
    try:
        value = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        return None
    return tuple(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else None
