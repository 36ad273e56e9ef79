"""On which line of fleet.toml a table is: tomllib does not say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?")
_NAME = re.compile(r"""\s*name\s*=\s*["']([^"']+)["']""")


@dataclass(frozen=True)
class Places:
    """Lines by table (``images.speech``) and by array element (``images.speech.services.STTService``)."""

    filename: str
    lines: Mapping[str, int]

    def image(self, name: str) -> int:
        """The line of ``[images.NAME]``, or 1 where it is written in another form."""
        return self.lines.get(f"images.{name}", 1)

    def family(self, name: str) -> int:
        """The line of ``[families.NAME]``."""
        return self.lines.get(f"families.{name}", 1)

    def target(self, name: str) -> int:
        """The line of ``[targets.NAME]``."""
        return self.lines.get(f"targets.{name}", 1)

    def service(self, image: str, name: str) -> int:
        """The line of the service's ``[[images.IMAGE.services]]``, or its image's."""
        return self.lines.get(f"images.{image}.services.{name}", self.image(image))

    def acknowledgement(self, index: int) -> int:
        """The line of the n-th ``[[acknowledge]]``, counted from 0."""
        return self.lines.get(f"acknowledge.{index}", 1)


def find_places(text: str, filename: str) -> Places:
    """The lines of all tables in a catalog's text."""
    lines: dict[str, int] = {}
    header, header_line, acknowledgements = "", 0, 0
    for number, row in enumerate(text.splitlines(), start=1):
        if match := _HEADER.fullmatch(row):
            header, header_line = _plain(match[1]), number
            lines.setdefault(header, number)
            if header == "acknowledge":
                lines[f"acknowledge.{acknowledgements}"] = number
                acknowledgements += 1
        elif header.endswith(".services") and (match := _NAME.match(row)):
            lines.setdefault(f"{header}.{match[1]}", header_line)
    return Places(filename, lines)


def _plain(header: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in header.split("."))
