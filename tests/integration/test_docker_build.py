"""Builds with real Docker: what arrives in the image, and how failures are told."""

import asyncio
import os
import uuid
from dataclasses import replace

import pytest
from docker_trees import docker_says, link, output, pull, push, tree

from pipeline.docker_host.client import DockerError
from pipeline.local.blobs import Blobs
from pipeline.local.docker.build import Request, build
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.load import derive
from pipeline.local.docker.model import DockerImage, Event, ExecFailed
from pipeline.local.tree import Entry, Kind, Tree

pytestmark = pytest.mark.integration


async def test_what_the_context_holds_arrives(docker: Docker, blobs: Blobs, base: str) -> None:
    big = os.urandom(3_000_000)
    context = tree(
        blobs,
        {
            "Dockerfile": f"# syntax=docker/dockerfile:1.7\nFROM {base}\nCOPY . /c/\n",
            "d/empty": "",
            "x.sh": ("#!/bin/sh\n", 0o755),
            "d/private": ("p", 0o600),
            "d/ümlaut file": "u",
            "link": link("d/private"),
            "big": big,
        },
    )
    image = await build(docker, Request(context=context))
    listed = await output(
        docker, image, "cd /c && find . -mindepth 1 | sort | xargs -d '\\n' stat -c '%n %a %s %F %N'"
    )
    assert [
        line.split(" -> ")[-1] if "link" in line else line.split(" '")[0] for line in listed.splitlines()
    ] == [
        "./Dockerfile 644 "
        + str(len(f"# syntax=docker/dockerfile:1.7\nFROM {base}\nCOPY . /c/\n"))
        + " regular file",
        f"./big 644 {len(big)} regular file",
        "./d 755 4096 directory",
        "./d/empty 644 0 regular empty file",
        "./d/private 600 1 regular file",
        "./d/ümlaut file 644 1 regular file",
        "'d/private'",
        "./x.sh 755 10 regular file",
    ]
    assert (await output(docker, image, "sha256sum < /c/big")).split()[0] == context.entries["big"].content
    assert (await output(docker, image, "head -1 /c/Dockerfile")) == "# syntax=docker/dockerfile:1.7\n"


@pytest.mark.parametrize("edit", ["content", "mode", "link", "case", "removed"])
async def test_nothing_stale_arrives(docker: Docker, blobs: Blobs, base: str, edit: str) -> None:
    """Same size, same time: BuildKit alone would not look again."""
    marker = uuid.uuid4().hex
    files = {"Dockerfile": f"FROM {base}\nCOPY . /{marker}\n", "f": "one", "l": link("f"), "gone": "x"}
    edited = {
        "content": {**files, "f": "two"},
        "mode": {**files, "f": ("one", 0o755)},
        "link": {**files, "l": link("F")},
        "case": {**{name: files[name] for name in files if name != "f"}, "F": "one"},
        "removed": {name: files[name] for name in files if name != "gone"},
    }
    look = f"cd /{marker} && ls -l --time-style=+ | tail -n +2; cat f F 2>/dev/null; true"
    seen = []
    for state in (files, edited[edit], files):
        image = await build(docker, Request(context=tree(blobs, state)))
        seen.append(await output(docker, image, look))
    assert seen[0] == seen[2] != seen[1]


async def test_configuration_is_what_the_dockerfile_says(docker: Docker, blobs: Blobs, base: str) -> None:
    text = f"""\
    ARG BASE_IMAGE
    FROM ${{BASE_IMAGE}} AS one
    ARG GREETING=default
    ENV GREETING=${{GREETING}}
    LABEL org.example.one="1"
    WORKDIR /app
    USER 10001
    EXPOSE 8080 9090/udp
    STOPSIGNAL SIGINT
    SHELL ["/bin/bash", "-c"]
    VOLUME /data
    HEALTHCHECK --interval=7s --retries=4 CMD curl -f http://localhost:8080 || exit 1
    ENTRYPOINT ["/usr/bin/tini", "--"]
    CMD run me
    FROM {base}
    """
    context = tree(blobs, {"sub/Dockerfile.x": text})
    arguments = [("BASE_IMAGE", base), ("GREETING", ""), ("UNUSED", "x")]
    image = await build(
        docker, Request(context=context, dockerfile="sub/Dockerfile.x", build_args=arguments, target="one")
    )
    config = dict(image.config)
    environment = dict(pair.split("=", 1) for pair in config.pop("Env"))
    assert environment["GREETING"] == ""
    assert config.pop("Labels")["org.example.one"] == "1"
    assert config == {
        "WorkingDir": "/app",
        "User": "10001",
        "ExposedPorts": {"8080/tcp": {}, "9090/udp": {}},
        "StopSignal": "SIGINT",
        "Shell": ["/bin/bash", "-c"],
        "Volumes": {"/data": {}},
        "Healthcheck": {
            "Test": ["CMD-SHELL", "curl -f http://localhost:8080 || exit 1"],
            "Interval": 7_000_000_000,
            "Retries": 4,
        },
        "Entrypoint": ["/usr/bin/tini", "--"],
        "Cmd": ["/bin/bash", "-c", "run me"],
    }


async def test_a_failing_run_is_told_with_its_streams(
    docker: Docker, blobs: Blobs, base: str, events: list[Event]
) -> None:
    marker = uuid.uuid4().hex
    context = tree(blobs, {"Dockerfile": f"FROM {base}\nRUN echo {marker} && echo e >&2 && exit 9\n"})
    with pytest.raises(ExecFailed) as failed:
        await build(docker, Request(context=context, name="one"))
    assert failed.value.command == ("/bin/sh", "-c", f"echo {marker} && echo e >&2 && exit 9")
    assert (failed.value.exit_code, failed.value.stdout, failed.value.stderr) == (
        9,
        marker.encode(),
        b"e",
    )
    assert Event(kind="log", name="one", text="e", stream="stderr") in events
    assert any(event.kind == "step" and event.text.endswith("failed") and event.seconds for event in events)


CASES = {
    "syntax": ("FROM scratch\nFROBNICATE x\n", "Dockerfile:2: unknown instruction: FROBNICATE"),
    "syntax-line": (
        "# syntax=a/b\nFROM scratch\nFROBNICATE x\n",
        "Dockerfile:3: unknown instruction: FROBNICATE",
    ),
    "blank-base": ("ARG B\nFROM ${B}\n", "Dockerfile:2: base name (${B}) should not be blank"),
    "copy-source": (
        "FROM {base}\nRUN true\nCOPY nope.txt /\n",
        "Dockerfile:3: nope.txt: no such file or directory",
    ),
    "ignored-source": ("FROM {base}\nCOPY skip /\n", "Dockerfile:2: skip: no such file or directory"),
    "unknown-base": (
        "FROM {registry}/no/such:1\nRUN true\n",
        "Dockerfile:1: {registry}/no/such:1: not found",
    ),
    "dead-registry": ("FROM localhost:1/x:1\n", "Dockerfile:1: failed to do request: Head"),
    "empty": ("", "Dockerfile: the Dockerfile cannot be empty"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
async def test_a_mistake_names_file_and_line(
    docker: Docker, blobs: Blobs, base: str, registry: str, text: str, expected: str
) -> None:
    filled, told = (one.replace("{base}", base).replace("{registry}", registry) for one in (text, expected))
    context = tree(blobs, {"Dockerfile": filled, "skip": "1", ".dockerignore": "skip\n"})
    with pytest.raises(DockerError) as failed:
        await build(docker, Request(context=context))
    assert str(failed.value).startswith(told)
    assert "\n" not in str(failed.value)


async def test_a_missing_dockerfile_and_target(docker: Docker, blobs: Blobs, base: str) -> None:
    context = tree(blobs, {"d/Dockerfile": f"FROM {base} AS one\n"})
    with pytest.raises(DockerError, match='failed to read Dockerfile "nope/Dockerfile": no such file'):
        await build(docker, Request(context=context, dockerfile="nope/Dockerfile"))
    with pytest.raises(DockerError, match='failed to read Dockerfile "d": is a directory'):
        await build(docker, Request(context=context, dockerfile="d"))
    with pytest.raises(DockerError, match='target stage "three" could not be found; stages: one'):
        await build(docker, Request(context=context, dockerfile="d/Dockerfile", target="three"))


async def test_here_documents_work_or_name_the_version(docker: Docker, blobs: Blobs, base: str) -> None:
    context = tree(blobs, {"Dockerfile": f"# syntax=x/y\nFROM {base}\nCOPY <<EOF /z\nhere\nEOF\n"})
    if docker.client.version >= (23,):
        assert await output(docker, await build(docker, Request(context=context)), "cat /z") == "here\n"
    else:
        with pytest.raises(
            DockerError, match=r"Dockerfile:3: here-documents .* Docker Engine 23.0 or later, this is"
        ):
            await build(docker, Request(context=context))


async def test_ignore_files(docker: Docker, blobs: Blobs, base: str) -> None:
    files = {"skip": "1", "keep": "2", "own": "3", ".dockerignore": "skip\n"}
    text = f"FROM {base}\nCOPY . /c\n"
    own = tree(blobs, {**files, "Dockerfile": text, "Dockerfile.dockerignore": "own\n"})
    common = tree(blobs, {**files, "Dockerfile": text})
    seen = [await output(docker, await build(docker, Request(context=one)), "ls /c") for one in (own, common)]
    assert [text.split() for text in seen] == [
        ["Dockerfile", "Dockerfile.dockerignore", "keep", "skip"],
        ["Dockerfile", "keep", "own"],
    ]


async def test_secrets_are_seen_by_the_run_and_nowhere_else(
    docker: Docker, docker_host: str, blobs: Blobs, base: str
) -> None:
    # NB: BuildKit keeps a RUN whatever its secrets hold, so each run of this test needs a RUN of its own
    run = f"RUN --mount=type=secret,id=npm : {uuid.uuid4().hex}; sha256sum < /run/secrets/npm > /n"
    text = f"FROM {base}\n{run}\n"
    secret = uuid.uuid4().hex.encode()
    image = await build(docker, Request(context=tree(blobs, {"Dockerfile": text}), secrets={"npm": secret}))
    assert (await output(docker, image, "cat /n")).split()[0] == blobs.add_bytes(secret)
    history = docker_says(docker_host, "history", "--no-trunc", image.id)
    assert secret.decode() not in history + docker_says(docker_host, "inspect", image.id)
    assert (
        await output(docker, image, f"grep -rl {secret.decode()} /etc /run /n /tmp 2>/dev/null; true") == ""
    )


async def test_a_local_tag_does_not_shadow_the_registry(
    docker: Docker, docker_host: str, blobs: Blobs, base: str, registry: str
) -> None:
    name = f"{registry}/pipeline-test/shadow-{uuid.uuid4().hex[:8]}:1"
    root = await pull(docker, base)
    right = await derive(docker.client, root, config={"Env": ["WHICH=registry"]})
    wrong = await derive(docker.client, root, config={"Env": ["WHICH=local"]})
    await push(docker, right, name)
    docker_says(docker_host, "tag", wrong.id, name)
    try:
        built = await build(
            docker, Request(context=tree(blobs, {"Dockerfile": f"FROM {name}\nLABEL x={name}\n"}))
        )
        assert "WHICH=registry" in built.config["Env"]
        assert "WHICH=registry" in (await pull(docker, name)).config["Env"]
    finally:
        docker_says(docker_host, "rmi", name)


async def test_eight_builds_at_once_are_not_one_after_the_other(
    docker: Docker, blobs: Blobs, base: str
) -> None:
    """Each ends only when all have begun."""
    place = uuid.uuid4().hex
    meet = "for i in $(seq 600); do [ $(ls /meet | wc -l) = 8 ] && exit; sleep 0.2; done; exit 1"

    def context(number: int) -> Tree:
        run = f"RUN --mount=type=cache,id={place},target=/meet echo {number} | tee /n /meet/{number}; {meet}"
        return tree(blobs, {"Dockerfile": f"FROM {base}\n{run}\n"})

    images = await asyncio.gather(*(build(docker, Request(context=context(number))) for number in range(8)))
    assert len({image.id for image in images}) == 8


async def test_a_cancelled_build_stops(docker: Docker, blobs: Blobs, base: str, events: list[Event]) -> None:
    marker = uuid.uuid4().hex
    context = tree(blobs, {"Dockerfile": f"FROM {base}\nRUN echo {marker}; sleep 600\n"})
    building = asyncio.create_task(build(docker, Request(context=context)))
    async with asyncio.timeout(120):
        while not any(event.text == marker for event in events):
            await asyncio.sleep(0.05)
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building


async def test_a_file_that_is_not_in_the_store_fails_the_build_and_does_not_hang(
    docker: Docker, blobs: Blobs, base: str
) -> None:
    context = tree(blobs, {"Dockerfile": f"FROM {base}\nCOPY x /\n", "x": "1"})
    absent = replace(context.entries["x"], content="0" * 64)
    async with asyncio.timeout(120):
        with pytest.raises(DockerError):
            await build(docker, Request(context=Tree({**context.entries, "x": absent})))


async def test_an_image_of_no_layers(docker: Docker) -> None:
    image: DockerImage = await derive(docker.client, None, config={"Cmd": ["x"]})
    assert image.config == {"Cmd": ["x"]}
    assert Entry(Kind.FILE, 0o644).kind is Kind.FILE
