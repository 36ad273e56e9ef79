"""A small fleet in which lint finds nothing; tests break it in one way at a time."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.catalog.load import load_catalog
from pipeline.checks.lint import lint
from pipeline.planning.sources import Sources
from pipeline.reporting.model import Finding

FILES = {
    "fleet.toml": """
[fleet]
name = "mainpc"
organisation = "example"

[targets.pc]
driver = "535.183.01"
reserved_ports = [22]

[families.torch]
dockerfile = "families/torch"
cuda = "12.1"

[families.llm]
dockerfile = "families/llm"
base = "torch"

[images.speech]
family = "torch"
dockerfile = "speech/Dockerfile"
context = "speech"

[[images.speech.services]]
name = "STT"
ports = [5800]
health = { start_period = "9s", port = 6800 }

[[images.speech.services]]
name = "TTS"
ports = [5801]
health = { start_period = "9s", port = 6801 }

[images.lone]
family = "llm"
dockerfile = "lone/Dockerfile"
health = { start_period = "9s", port = 8008 }
""",
    "families/torch": """ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN apt-get update && apt-get install -y --no-install-recommends curl python3
USER 10001
""",
    "families/llm": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n",
    "speech/Dockerfile": """ARG BASE_IMAGE
FROM docker.io/library/python:3.11 AS builder
COPY requirements.txt /
FROM ${BASE_IMAGE}
ENV HEALTH_PORT=8080
COPY --from=builder /wheels /wheels
COPY src /app/
EXPOSE 5800 5801
HEALTHCHECK --start-period=9s CMD curl -f http://localhost:${HEALTH_PORT}/health || exit 1
CMD ["python3", "/app/main.py"]
""",
    "speech/requirements.txt": "",
    "speech/src/main.py": "",
    "lone/Dockerfile": """ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY lone/*.py /app/
EXPOSE 8008
HEALTHCHECK --start-period=9s CMD ["curl", "-f", "http://localhost:8008/health"]
""",
    "lone/main.py": "",
}


@dataclass(frozen=True)
class SoundFleet:
    """The fleet under ``root``."""

    root: Path

    def write(self, path: str, text: str) -> None:
        """Write one file with mode 644."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o644)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that must be there, once."""
        text = (self.root / path).read_text()
        assert text.count(old) >= 1, f"{old!r} is not in {path}"
        self.write(path, text.replace(old, new, 1))

    def publish(self) -> None:
        """Make torch a family that is already pushed; what health checks need it promises."""
        self.edit("fleet.toml", 'dockerfile = "families/torch"', 'tag = "1"\nprograms = ["curl", "python3"]')

    def lint(self) -> tuple[Finding, ...]:
        """All findings."""
        return lint(load_catalog(self.root), Sources(self.root))

    def found(self) -> list[tuple[str, str, int, str]]:
        """Rule, file, line and subject of all findings."""
        return [(each.rule, each.file, each.line, each.subject) for each in self.lint()]

    def line(self, path: str, text: str) -> int:
        """The line on which a text stands, counted from 1."""
        rows = (self.root / path).read_text().splitlines()
        return next(number for number, row in enumerate(rows, start=1) if text in row)


def make_sound_fleet(root: Path) -> SoundFleet:
    """Write the sound fleet into an empty directory."""
    sound = SoundFleet(root)
    for path, text in FILES.items():
        sound.write(path, text)
    for folder in root.rglob("*"):
        if folder.is_dir():
            folder.chmod(0o755)
    return sound
