"""What BuildKit says, in the words of Docker 20.10 and of later ones, becomes one line with file and line."""

import base64

import pytest

from pipeline.docker_host.client import DockerError
from pipeline.local.docker import failures
from pipeline.local.docker.dockerfile import Script
from pipeline.local.docker.messages import buildkit
from pipeline.local.docker.model import ExecFailed, ignore
from pipeline.local.docker.trace import Trace

OLD, NEW = (20, 10, 24), (28, 1, 0)
TEXT = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS one
COPY nope.txt /
FROM reg:5000/no/such:1 AS two
COPY --from=one /a /b
"""


def told(message: str, text: str = TEXT, version: tuple[int, ...] = OLD) -> str:
    script = Script("main/Dockerfile.x", text)
    failure = failures.of_build(message, script=script, trace=Trace("x", ignore), version=version)
    assert isinstance(failure, DockerError)
    assert "\n" not in str(failure)
    return str(failure)


OLD_SOLVE = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: "
CHECKSUM = "failed to calculate checksum of ref a::b"
ABSENT = "reg:5000/no/such:1"
REQUEST = 'failed to do request: Head "http://reg:5000/v2/no/such/manifests/1": dial tcp: refused'
NOWHERE = "no such file or directory in the build context (or excluded by .dockerignore)"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "dockerfile parse error line 2: unknown instruction: FROBNICATE",
            "main/Dockerfile.x:2: unknown instruction: FROBNICATE",
        ),
        (
            f"{OLD_SOLVE}dockerfile parse error line 7: unknown instruction: FROBNICATE",
            "main/Dockerfile.x:7: unknown instruction: FROBNICATE",
        ),
        (
            "failed to solve: dockerfile parse error on line 7: unknown instruction: FROB",
            "main/Dockerfile.x:7: unknown instruction: FROB",
        ),
        (
            f"{OLD_SOLVE}base name (${{BASE_IMAGE}}) should not be blank",
            "main/Dockerfile.x:2: base name (${BASE_IMAGE}) should not be blank: a build argument is missing",
        ),
        (
            f'{OLD_SOLVE.partition(": ")[0]}: failed to compute cache key: "/nope.txt" not found: not found',
            f"main/Dockerfile.x:3: nope.txt: {NOWHERE}",
        ),
        (
            f'failed to solve: failed to compute cache key: {CHECKSUM}: "/nope.txt": not found',
            f"main/Dockerfile.x:3: nope.txt: {NOWHERE}",
        ),
        (
            f"{OLD_SOLVE}target stage three could not be found",
            'main/Dockerfile.x: target stage "three" could not be found; stages: one, two',
        ),
        (
            (
                f"failed to solve: {ABSENT}: failed to resolve source metadata for {ABSENT}: "
                f"{ABSENT}: not found"
            ),
            "main/Dockerfile.x:4: reg:5000/no/such:1: not found",
        ),
        (
            f"failed to solve: {ABSENT}: failed to resolve source metadata for {ABSENT}: {REQUEST}",
            f"main/Dockerfile.x:4: {REQUEST}",
        ),
        (
            f"{OLD_SOLVE}{REQUEST}",
            f"main/Dockerfile.x:4: {REQUEST}",
        ),
        (
            "failed to solve: pulling from host reg:5000 failed with status code 401",
            "main/Dockerfile.x:4: pulling from host reg:5000 failed with status code 401",
        ),
        ("something\nelse altogether", "main/Dockerfile.x: something else altogether"),
    ],
)
def test_messages_name_file_and_line(message: str, expected: str) -> None:
    assert told(message) == expected


HERE_DOCUMENT = "FROM a\nCOPY <<EOF /z\nhere\nEOF\n"


@pytest.mark.parametrize(
    ("text", "message", "what"),
    [
        (
            HERE_DOCUMENT,
            "dockerfile parse error line 3: unknown instruction: HERE",
            "here-documents (COPY <<…)",
        ),
        ("FROM a\nCOPY --link a b\n", "dockerfile parse error line 2: Unknown flag: link", "COPY --link"),
    ],
    ids=["here-document", "link"],
)
def test_what_needs_a_newer_docker_is_named(text: str, message: str, what: str) -> None:
    expected = f"main/Dockerfile.x:2: {what}: needs Docker Engine 23.0 or later, this is 20.10.24"
    assert told(message, text) == expected
    assert "23.0" not in told(message, text, NEW)
    assert "23.0" not in told(message, "FROM a\nRUN echo $((1<<3))\nHERE\n")


def trace_of(name: str, error: str, *, stdout: bytes = b"", stderr: bytes = b"") -> Trace:
    vertex = {"digest": "a", "name": name, "error": error, "started": {"seconds": 1}}
    canceled = {"digest": "b", "name": "[other]", "error": "context canceled"}
    logs = [{"vertex": "a", "stream": n, "msg": text} for n, text in ((1, stdout), (2, stderr))]
    trace = Trace("x", ignore)
    # two messages, as streams come in pieces
    for status in (
        buildkit.StatusResponse(vertexes=[canceled], logs=logs),
        buildkit.StatusResponse(vertexes=[{**vertex, "completed": {"seconds": 2}}]),
    ):
        trace.feed(base64.b64encode(status.SerializeToString()).decode())
    return trace


@pytest.mark.parametrize(
    ("name", "error", "command"),
    [
        (
            "[2/2] RUN echo o && exit 9",
            "executor failed running [/bin/sh -c echo o && exit 9]: exit code: 9",
            ("/bin/sh", "-c", "echo o && exit 9"),
        ),
        (
            "[2/2] RUN --mount=type=secret,id=npm echo o && exit 9",
            'process "/bin/sh -c echo o && exit 9" did not complete successfully: exit code: 9',
            ("/bin/sh", "-c", "echo o && exit 9"),
        ),
        (
            "[one 2/2] RUN echo  two   blanks",
            "executor failed running [/bin/bash -o pipefail -c echo  two   blanks]: exit code: 9",
            ("/bin/bash", "-o", "pipefail", "-c", "echo  two   blanks"),
        ),
        (
            '[2/2] RUN ["sh", "-c", "exit 9"]',
            "executor failed running [sh -c exit 9]: exit code: 9",
            ("sh", "-c", "exit 9"),
        ),
    ],
    ids=["old", "new-with-secret", "another-shell", "exec-form"],
)
def test_a_failing_run_has_command_code_and_streams(name: str, error: str, command: tuple[str, ...]) -> None:
    trace = trace_of(name, error, stdout=b"o\n", stderr=b"e\n")
    script = Script("Dockerfile", TEXT)
    failure = failures.of_build(f"failed to solve: {error}", script=script, trace=trace, version=OLD)
    assert isinstance(failure, ExecFailed)
    assert (failure.command, failure.exit_code) == (command, 9)
    assert (failure.stdout, failure.stderr) == (b"o", b"e")


@pytest.mark.parametrize("message", ["unexpected EOF", f"{ABSENT}: unexpected EOF"], ids=["20.10", "named"])
def test_of_a_base_whose_transfer_breaks_off_the_name_is_told(message: str) -> None:
    trace = trace_of(f"[two 1/2] FROM {ABSENT}", message)
    failure = failures.of_build(message, script=Script("Dockerfile", TEXT), trace=trace, version=OLD)
    assert str(failure) == f"Dockerfile:4: {ABSENT}: unexpected EOF"


def test_a_step_that_was_only_cancelled_has_not_failed() -> None:
    assert trace_of("[1/1] FROM x", "").failed() is None
