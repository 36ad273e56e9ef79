"""What a HEALTHCHECK asks: parsed from the Dockerfiles of an image and of the families below it."""

import re
from dataclasses import dataclass

from pipeline.checks.inspection import Inspection, Subject
from pipeline.planning.dockerfile import Instruction
from pipeline.planning.words import expand

_HOST = r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])"
_PORT = r"\d{1,5}|\$\{[^}]*\}|\$\w+"
_URL = re.compile(rf"{_HOST}:(?P<port>{_PORT})(?P<path>/[^\s\"'\\|;)]*)?")
_HEALTH_PORT = "HEALTH_PORT"


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """One HEALTHCHECK: ``port`` 0 where it cannot be told or follows HEALTH_PORT; ``path`` empty likewise."""

    file: str
    line: int
    is_none: bool
    port: int = 0
    path: str = ""
    follows_health_port: bool = False


def find_healthcheck(inspection: Inspection, subject: Subject) -> HealthCheck | None:
    """The HEALTHCHECK that an image has, be it inherited; None where no Dockerfile in the fleet has one."""
    for each in inspection.chain(subject):
        for instruction in each.last_first:
            if instruction.keyword == "HEALTHCHECK":
                return _read(each, instruction)
    return None


def _read(subject: Subject, instruction: Instruction) -> HealthCheck:
    file, line = subject.unit.dockerfile, instruction.line
    if instruction.text.strip().upper() == "NONE":
        return HealthCheck(file=file, line=line, is_none=True)
    match = _URL.search(instruction.text)
    if match is None:
        return HealthCheck(file=file, line=line, is_none=False)
    final = subject.reads.final
    values = final.scope.environment if final else {}
    follows = _HEALTH_PORT in match["port"]
    port = "" if follows else expand(match["port"], values).text
    path = (match["path"] or "/").split("?")[0]
    return HealthCheck(
        file=file,
        line=line,
        is_none=False,
        port=int(port) if port.isdecimal() else 0,
        path="" if "$" in path else path,
        follows_health_port=follows,
    )
