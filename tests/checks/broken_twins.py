"""For every rule the sound fleet broken in just one way. docs/reference/rules.md shows these."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sound_fleet import SoundFleet


@dataclass(frozen=True, kw_only=True)
class Change:
    """One edit: ``old`` becomes ``new``; without ``old`` a file is written; ``mode`` and ``size`` are set."""

    path: str
    old: str = ""
    new: str = ""
    mode: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Twin:
    """The sound fleet after ``changes`` gives one finding of ``rule`` about ``subject``, and no other.

    It stands in ``file`` on the line that has the text ``at``.
    """

    rule: str
    changes: Sequence[Change]
    file: str
    at: str
    subject: str


def break_fleet(fleet: SoundFleet, twin: Twin) -> None:
    """Make the changes of a twin."""
    for change in twin.changes:
        if change.old:
            fleet.edit(change.path, change.old, change.new)
        elif change.new or change.size:
            fleet.write(change.path, change.new)
        if change.size:
            os.truncate(fleet.root / change.path, change.size)
        if change.mode:
            (fleet.root / change.path).chmod(change.mode)


def _twin(rule: str, path: str, old: str, new: str, *, at: str, subject: str, file: str = "") -> Twin:
    change = Change(path=path, old=old, new=new)
    return Twin(rule=rule, changes=(change,), file=file or path, at=at, subject=subject)


_LONE = "lone/Dockerfile"
_SPEECH = "speech/Dockerfile"
_TORCH = "families/torch"
_CATALOG = "fleet.toml"
_CURL = 'CMD ["curl", "-f", "http://localhost:8008/health"]'

TWINS = (
    _twin("dockerfile-syntax", _LONE, "EXPOSE 8008", "EXPOSE 8008\nRUNN x", at="RUNN", subject="lone"),
    Twin(
        rule="base-argument",
        changes=(
            Change(path=_LONE, old="ARG BASE_IMAGE\nFROM ${BASE_IMAGE}", new="ARG BASE\nFROM ${BASE_IMAGE}"),
        ),
        file=_LONE,
        at="FROM",
        subject="lone",
    ),
    _twin(
        "base-injected",
        _LONE,
        "FROM ${BASE_IMAGE}",
        "FROM docker.io/library/python:3.11",
        at="FROM",
        subject="lone",
    ),
    _twin("base-version", _SPEECH, "python:3.11", "python:latest", at="python:latest", subject="speech"),
    Twin(
        rule="builder-fit",
        changes=(
            Change(path=_SPEECH, old="library/python:3.11", new="library/alpine:3.20"),
            Change(
                path=_SPEECH,
                old="COPY requirements.txt /\n",
                new="RUN apk add gcc && pip wheel -w /wheels x\n",
            ),
            Change(path=_CATALOG, old='cuda = "12.1"', new='cuda = "12.1"\ndistribution = "debian12"'),
        ),
        file=_SPEECH,
        at="alpine",
        subject="speech",
    ),
    _twin("exec-form", _LONE, "EXPOSE 8008", "RUN ['true']\nEXPOSE 8008", at="RUN", subject="lone"),
    _twin("copy-source", _SPEECH, "COPY src /app/", "COPY scr /app/", at="COPY scr", subject="speech"),
    _twin("copy-pattern", _LONE, "lone/*.py", "lone/*.pyx", at="COPY", subject="lone"),
    Twin(
        rule="dockerignore-pattern",
        changes=(Change(path="speech/.dockerignore", new="*.md\n[\n"),),
        file="speech/.dockerignore",
        at="[",
        subject="speech",
    ),
    Twin(
        rule="private-file",
        changes=(Change(path="speech/src/main.py", mode=0o640),),
        file=_SPEECH,
        at="COPY src",
        subject="speech",
    ),
    _twin(
        "file-unreadable",
        _SPEECH,
        "COPY src",
        "COPY --chmod=600 src",
        at="COPY --chmod",
        subject="speech",
    ),
    _twin(
        "directory-writable",
        _SPEECH,
        "EXPOSE 5800",
        "ENV HF_HOME=/models\nEXPOSE 5800",
        at="ENV HF_HOME",
        subject="speech",
    ),
    Twin(
        rule="secret-copied",
        changes=(Change(path="speech/src/.env", new="TOKEN=x\n"),),
        file=_SPEECH,
        at="COPY src",
        subject="speech",
    ),
    Twin(
        rule="results-copied",
        changes=(
            Change(
                path="speech/src/out/run.json",
                new='{"version": 4, "fleet": "mainpc", "function": "run", "verdict": "passed"}\n',
            ),
        ),
        file=_SPEECH,
        at="COPY src",
        subject="speech",
    ),
    Twin(
        rule="context-size",
        changes=(Change(path="speech/src/model.bin", size=100_000_001),),
        file=_SPEECH,
        at="COPY src",
        subject="speech",
    ),
    _twin(
        "command-script",
        _SPEECH,
        'CMD ["python3", "/app/main.py"]',
        'CMD ["python3", "/app/mian.py"]',
        at="CMD [",
        subject="speech",
    ),
    _twin(
        "entrypoint-shell",
        _SPEECH,
        "CMD [",
        "ENTRYPOINT exec start\nCMD [",
        at="ENTRYPOINT",
        subject="speech",
    ),
    _twin(
        "signal-lost", _LONE, "EXPOSE 8008", "CMD python3 /app/main.py\nEXPOSE 8008", at="CMD", subject="lone"
    ),
    Twin(
        rule="init-missing",
        changes=(
            Change(path=_CATALOG, old="port = 8008 }", new="port = 8008 }\ninit = false"),
            Change(path=_LONE, old="EXPOSE 8008", new='ENTRYPOINT ["python3", "/app/main.py"]\nEXPOSE 8008'),
        ),
        file=_CATALOG,
        at="[images.lone]",
        subject="lone",
    ),
    Twin(
        rule="health-missing",
        changes=(
            Change(
                path=_CATALOG, old='health = { start_period = "9s", port = 8008 }\n', new="ports = [8008]\n"
            ),
            Change(path=_LONE, old=f"HEALTHCHECK --start-period=9s {_CURL}\n", new=""),
        ),
        file=_CATALOG,
        at="[images.lone]",
        subject="lone",
    ),
    _twin(
        "health-port", _CATALOG, "port = 8008", "port = 8009", at="HEALTHCHECK", subject="lone", file=_LONE
    ),
    _twin("health-path", _LONE, "8008/health", "8008/healthz", at="HEALTHCHECK", subject="lone"),
    _twin(
        "health-none",
        _LONE,
        f"HEALTHCHECK --start-period=9s {_CURL}",
        "HEALTHCHECK NONE",
        at="HEALTHCHECK",
        subject="lone",
    ),
    Twin(
        rule="health-start",
        changes=(
            Change(path=_LONE, old="HEALTHCHECK --start-period=9s CMD", new="HEALTHCHECK CMD"),
            Change(path=_CATALOG, old='start_period = "9s", port = 8008', new="port = 8008"),
        ),
        file=_LONE,
        at="HEALTHCHECK",
        subject="lone",
    ),
    _twin("health-script", _LONE, _CURL, 'CMD ["/app/check.sh"]', at="HEALTHCHECK", subject="lone"),
    _twin(
        "health-program", _LONE, _CURL, "CMD wget -q localhost:8008/health", at="HEALTHCHECK", subject="lone"
    ),
    _twin(
        "health-module",
        _LONE,
        _CURL,
        """CMD python3 -c "import requests; requests.get('http://localhost:8008/health').raise_for_status()\"""",
        at="HEALTHCHECK",
        subject="lone",
    ),
    Twin(
        rule="port-collision",
        changes=(
            Change(path=_CATALOG, old="port = 8008 }", new="port = 8008 }\nports = [5800]"),
            Change(path=_LONE, old="EXPOSE 8008", new="EXPOSE 8008 5800"),
        ),
        file=_CATALOG,
        at="[images.lone]",
        subject="lone",
    ),
    _twin(
        "suite-port",
        _CATALOG,
        "ports = [5801]",
        "ports = [5800]\nhost_port = { 5800 = 15800 }",
        at='name = "TTS"',
        subject="TTS",
    ),
    _twin(
        "port-reserved",
        _CATALOG,
        "reserved_ports = [22]",
        "reserved_ports = [22, 8008]",
        at="[images.lone]",
        subject="lone",
    ),
    _twin("port-exposed", _SPEECH, "EXPOSE 5800 5801", "EXPOSE 5800", at="FROM ${BASE_IMAGE}", subject="TTS"),
    Twin(
        rule="port-privileged",
        changes=(
            Change(path=_CATALOG, old="port = 8008 }", new="port = 8008 }\nports = [80]"),
            Change(path=_LONE, old="EXPOSE 8008", new="EXPOSE 8008 80"),
        ),
        file=_CATALOG,
        at="[images.lone]",
        subject="lone",
    ),
    _twin(
        "service-family",
        _CATALOG,
        'name = "TTS"',
        'name = "TTS"\nlisted_family = "llm"',
        at='name = "TTS"',
        subject="TTS",
    ),
    Twin(
        rule="family-unused",
        changes=(Change(path=_CATALOG, old='family = "llm"', new='family = "torch"'),),
        file=_CATALOG,
        at="[families.llm]",
        subject="llm",
    ),
    Twin(
        rule="dockerfile-unused",
        changes=(Change(path="old/Dockerfile", new="FROM docker.io/library/debian:12\n"),),
        file="old/Dockerfile",
        at="FROM",
        subject="old/Dockerfile",
    ),
    _twin("user-root", _LONE, "EXPOSE 8008", "USER root\nEXPOSE 8008", at="USER root", subject="lone"),
    _twin(
        "nvidia-environment",
        _TORCH,
        "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\n",
        "",
        at="FROM",
        subject="torch",
    ),
    _twin(
        "library-missing",
        _LONE,
        "EXPOSE 8008",
        "RUN pip install opencv-python==4.10.0.84\nEXPOSE 8008",
        at="opencv",
        subject="lone",
    ),
    _twin(
        "cuda-version",
        _LONE,
        "EXPOSE 8008",
        "RUN pip install torch==2.1.0 --index-url https://download.pytorch.org/whl/cu118\nEXPOSE 8008",
        at="cu118",
        subject="lone",
    ),
    _twin(
        "torch-releases",
        _LONE,
        "EXPOSE 8008",
        "RUN pip install torch==2.1.0 torchvision==0.15.2\nEXPOSE 8008",
        at="torchvision",
        subject="lone",
    ),
    _twin("target-driver", _CATALOG, "535.183.01", "470.223.02", at="[targets.pc]", subject="pc"),
    _twin("target-toolkit", _CATALOG, "535.183.01", "530.30.01", at="[targets.pc]", subject="pc"),
)
