"""Inputs that nobody writes: a seed makes a Dockerfile, a catalog, a .dockerignore or a reference."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

FLEET = Path(__file__).parents[2] / "fleet"


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input; ``text`` may hold surrogates, which stand for bytes that are not UTF-8."""

    seed: int
    kind: str
    text: str


INSTRUCTIONS = """\
ARG BASE_IMAGE
ARG BASE_IMAGE=x:latest
FROM ${BASE_IMAGE}
FROM ${BASE_IMAGE} AS one
FROM one
FROM $
FROM scratch
FROM python:3.11-slim AS two
COPY . /app
COPY --from=one /x /y
COPY --from=two /usr/local/lib/python3.11/site-packages /p
COPY *.py src/ /app/
COPY ["a b", "c"]
COPY --chown=1:1 --chmod=755 run.sh /run.sh
COPY <<-'E' /x
ADD a b
ADD https://x.org/a.tar.gz /
ADD --checksum=x http://a /
RUN pip install torch==2.1.0+cu121 -r requirements.txt
RUN apt-get install -y curl python3 libgl1
RUN --mount=type=bind,source=src,target=/s true
RUN --mount=from=one,src=/,dst=/x sh -c 'a | b'
RUN <<EOF
RUN chmod +x /run.sh && cd /app
ENV A=1 B=$A
ENV HEALTH_PORT=80
ENV X y z
LABEL a=b
USER root
USER 1000:0
USER $U
EXPOSE 80 90/udp
EXPOSE 1-65535
EXPOSE $P
WORKDIR /app
WORKDIR $W/x
VOLUME /data
HEALTHCHECK NONE
HEALTHCHECK CMD curl -f http://localhost:${HEALTH_PORT}/health || exit 1
HEALTHCHECK --interval=5s --start-period=1s CMD ["/app/health.sh"]
HEALTHCHECK CMD python3 -c 'import x'
CMD ["python3", "/app/main.py"]
CMD python3 main.py
ENTRYPOINT [ 'a' ]
ENTRYPOINT ["tini", "--"]
SHELL ["/bin/bash", "-c"]
ONBUILD COPY . /x
ONBUILD RUN <<E
STOPSIGNAL 9
MAINTAINER x
EOF
E
# syntax=docker/dockerfile:1
# escape=`
# pipeline: ignore=user-root why
# pipeline: ignore
""".splitlines()
PIECES = [
    *" \n\t\\`'\"${}[]=#*!/:@|-0()",
    *("\0", "\r\n", "\ufeff", "\u2028", "\udcff", "ä", "\U0001f600", "a" * 300, "[" * 200, "9" * 20),
    *("${a:-", "${a:?", "<<E", "--", "--from=", "**", "..", "&&", "$(", "`x`", "\\\n", "E\n"),
]
VALUES = [
    *(
        "1",
        "-1",
        "0",
        "1.5",
        "true",
        "[]",
        "{}",
        "[1]",
        "nan",
        "inf",
        "1e400",
        "1979-05-27",
        "[[[[]]]]",
        "[{}]",
    ),
    *('""', '"x"', '"../x"', '"/x"', '"20s"', '"1e9h"', '"ghcr.io/x"', '["a"]', "'''\n'''", '"\\u0000"'),
    *("9" * 5000, "0x" + "f" * 40, f'"{"a" * 300}"', f'"sha256:{"a" * 64}"', "{ a = 1 }"),
]
KEYS = [
    "name",
    "registry",
    "organisation",
    "platform",
    "epoch",
    "dockerfile",
    "context",
    "base",
    "tag",
    "digest",
    "cuda",
    "libraries",
    "programs",
    "build_args",
    "services",
    "health",
    "port",
    "ports",
    "host_port",
    "path",
    "script",
    "alive_for",
    "deadline",
    "start_period",
    "depends_on",
    "core",
    "gpu",
    "init",
    "family",
    "target",
    "listed_family",
    "command",
    "environment",
    "public_key",
    "context_limit_mb",
    "driver",
    "reserved_ports",
    "distribution",
    "python",
]
TABLES = [
    "[fleet]",
    "[root]",
    "[families.x]",
    "[families.torch]",
    "[images.x]",
    "[[images.x.services]]",
    "[[images.one.services]]",
    "[targets.x]",
    "[[acknowledge]]",
    "[images]",
    "[families]",
    "[x]",
    "[[fleet]]",
    "[images.x.health]",
    "[images.'a']",
    "[",
    "[]",
    "[[]]",
]
IGNORED = [*"*!/a?[]\\. #\r\ufeff", "**", "src", "[a-z]", "[^", "..", "*.py", "deep", "\n!"]
REFERENCES = [
    *(
        "ghcr.io",
        "localhost",
        ":5000",
        "/",
        "/",
        "/",
        "a",
        "A",
        "library",
        ":",
        "@",
        "sha256:",
        "latest",
        "..",
    ),
    *("_", "-", "[::1]", "127.0.0.1", "1.2.3", "+", "%", "//", "é", " ", "\0", "x" * 300, "a" * 64),
]
SOUND_REFERENCES = [
    "a",
    "a/b",
    "ghcr.io/a/b:1",
    f"localhost:5000/a@sha256:{'a' * 64}",
    f"a:b@sha256:{'0' * 64}",
]
CATALOG = """
[fleet]
name = "fuzzed"
organisation = "example"

[targets.pc]
driver = "535.183.01"

[families.torch]
dockerfile = "families/torch"
cuda = "12.1"

[images.one]
family = "torch"
dockerfile = "one/Dockerfile"
context = "one"

[[images.one.services]]
name = "One"
command = ["python3", "/app/main.py"]
ports = [5800]
health = { port = 6800, script = "/app/health.sh" }

[images.two]
family = "torch"
dockerfile = "one/Dockerfile"
health = { port = 8008 }
"""


def _dockerfile(dice: random.Random) -> str:
    lines = [dice.choice(INSTRUCTIONS) for _ in range(dice.randint(0, 12))]
    if dice.random() < 0.5:
        lines = ["ARG BASE_IMAGE", "FROM ${BASE_IMAGE}", *lines]
    if dice.random() < 0.2:
        lines = dice.choice(_corpus("*ockerfile*")).split("\n")
    return _mutated("\n".join(lines), dice, PIECES)


def _catalog(dice: random.Random) -> str:
    lines = dice.choice([CATALOG, *_corpus("fleet.toml")]).split("\n")
    for _ in range(dice.choice([0, 1, 1, 2, 4, 8])):
        at = dice.randrange(len(lines) + 1)
        action = dice.randrange(4)
        if action == 0:
            lines[at : at + dice.randint(1, 3)] = []
        elif action == 1:
            lines.insert(at, dice.choice(TABLES))
        elif action == 2:
            lines.insert(at, f"{dice.choice(KEYS)} = {dice.choice(VALUES)}")
        elif at < len(lines) and "=" in lines[at]:
            lines[at] = f"{lines[at].partition('=')[0]}= {dice.choice(VALUES)}"
    text = "\n".join(lines)
    return _mutated(text, dice, PIECES) if dice.random() < 0.3 else text


def _ignore(dice: random.Random) -> str:
    rows = ["".join(dice.choices(IGNORED, k=dice.randint(0, 8))) for _ in range(dice.randint(0, 12))]
    return _mutated("\n".join(rows), dice, PIECES) if dice.random() < 0.3 else "\n".join(rows)


def _reference(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return "".join(dice.choices(REFERENCES, k=dice.randint(0, 9)))
    return _mutated(dice.choice(SOUND_REFERENCES), dice, REFERENCES)


def _mutated(text: str, dice: random.Random, pieces: Sequence[str]) -> str:
    for _ in range(dice.choice([0, 0, 1, 2, 5, 12])):
        at = dice.randrange(len(text) + 1)
        action = dice.randrange(4)
        if action == 0:
            text = text[:at] + text[at + dice.randint(1, 20) :]
        elif action == 1:
            text = text[:at] + text[max(0, at - 40) :]
        else:
            text = text[:at] + dice.choice(pieces) + text[at:]
    return text


def _corpus(pattern: str) -> list[str]:
    if pattern not in _read:
        _read[pattern] = [path.read_text() for path in sorted(FLEET.rglob(pattern)) if path.is_file()]
    return _read[pattern]


_read: dict[str, list[str]] = {}
_KINDS: dict[str, Callable[[random.Random], str]] = {
    "dockerfile": _dockerfile,
    "catalog": _catalog,
    "dockerignore": _ignore,
    "reference": _reference,
}


def make_input(seed: int) -> Input:
    """The input of a seed: the same one on every machine and Python, as long as the reference fleet is."""
    dice = random.Random(seed)
    kind = tuple(_KINDS)[seed % len(_KINDS)]
    return Input(seed=seed, kind=kind, text=_KINDS[kind](dice))
