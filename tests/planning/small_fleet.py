"""Fleets of a few lines for the tests of planning."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.keys import BuildKey
from pipeline.planning.sources import Sources
from pipeline.planning.units import Inherited, Survey

NAMES = Names(registry="ghcr.io", organisation="org", namespace="ai_system")
DIGEST = "sha256:" + "a" * 64

FILES = {
    "fleet.toml": """
[fleet]
name = "mainpc"
organisation = "example"
source_url = "https://example.org/fleet"

[families.base]
dockerfile = "families/base"
libraries = ["libx.so.1"]

[families.torch]
dockerfile = "families/torch"
base = "base"

[families.vision]
dockerfile = "families/vision"
base = "torch"

[images.speech]
family = "torch"
dockerfile = "speech/Dockerfile"
context = "speech"
build_args = { FLAVOUR = "plain" }

[[images.speech.services]]
name = "STT"
ports = [5800]
health = { port = 6800 }

[[images.speech.services]]
name = "TTS"
alive_for = 5

[images.seeing]
family = "vision"
dockerfile = "seeing/Dockerfile"
""",
    "families/base": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN true\n",
    "families/torch": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nONBUILD COPY onbuild.txt /\n",
    "families/vision": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n",
    "speech/Dockerfile": """ARG BASE_IMAGE
FROM docker.io/library/python:3.11 AS builder
COPY wheels/*.whl /wheels/
FROM ${BASE_IMAGE}
COPY --from=builder /wheels /wheels
COPY --from=ghcr.io/tools/uv:1 /uv /bin/
ADD https://example.org/model.bin /model.bin
COPY src /app
RUN --mount=type=bind,source=extra,target=/mnt cp /mnt/* /app
""",
    "speech/.dockerignore": "**/*.pyc\n!src/keep.pyc\n",
    "speech/onbuild.txt": "one",
    "speech/wheels/a.whl": "wheel",
    "speech/wheels/notes.txt": "not copied",
    "speech/src/main.py": "print(1)",
    "speech/src/main.pyc": "ignored",
    "speech/src/keep.pyc": "kept",
    "speech/extra/data.txt": "data",
    "speech/unrelated.txt": "nothing reads this",
    "seeing/Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY seeing/app.py /app/\n",
    "seeing/app.py": "print(2)",
}

EXTERNAL = {
    "docker.io/library/python:3.11": "sha256:" + "1" * 64,
    "ghcr.io/tools/uv:1": "sha256:" + "2" * 64,
    "ghcr.io/org/root-cu121:12.1.1": "sha256:" + "3" * 64,
    "https://example.org/model.bin": "sha256:" + "4" * 64,
}


def write_fleet(root: Path, files: Mapping[str, str] = FILES) -> Path:
    """Write files under ``root`` with mode 644 and give it back."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o644)
    return root


def survey_of(
    root: Path, only: Sequence[str] = (), *, inherited: Mapping[str, Inherited] | None = None
) -> Survey:
    """The survey of the fleet under ``root``."""
    return survey(load_catalog(root), Sources(root), NAMES, only, inherited=inherited)


def keys_of(
    root: Path,
    digests: Mapping[str, str] = EXTERNAL,
    *,
    inherited: Mapping[str, Inherited] | None = None,
) -> Mapping[str, BuildKey]:
    """The build keys of the fleet under ``root``."""
    sources = Sources(root)
    found = survey(load_catalog(root), sources, NAMES, inherited=inherited)
    return build_keys(found, sources, digests)
