"""Failure blocks: hints where the cause is known, the last clause of long errors, and never a secret."""

import base64

import dagger
import gql
import pytest
from dagger import QueryError
from dagger._exceptions import QueryErrorValue

from pipeline.errors import RegistryError
from pipeline.stages.failures import (
    Scene,
    block,
    from_error,
    last_clause,
    secret_forms,
    shortened,
    without_repetition,
)
from pipeline.stages.hints import hint_for, may_pass

SCENE = Scene(subject="speech_pipeline", stage="build", reproduce=("image", "--name", "speech_pipeline"))
TOKEN = "ghp_s3cr3t/t+oken"


@pytest.mark.parametrize(
    ("printed", "hint"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file: No such file", "libgl1"),
        (
            "object 'libpulse.so.0' from LD_PRELOAD cannot be preloaded (cannot open shared object file)",
            "libpulse0",
        ),
        ("libfoo.so.3: cannot open shared object file", "libfoo.so.3: install it"),
        ("libcuda.so.1: cannot open shared object file", "driver"),
        ("ModuleNotFoundError: No module named 'cv2'", "brings cv2"),
        ("sh: 1: ffmpeg: not found", "install it"),
        ("/bin/sh: 1: pip: not found", "the program pip: install it"),
        ("bash: line 1: uv: command not found", "the program uv: install it"),
        ("ghcr.io/org/fam:1: not found", "the base is not in the registry"),
        ("port 7001 is bound to 127.0.0.1:7001 only: nothing outside", "0.0.0.0"),
        ("nothing listens on port 8005; the container listens on 0.0.0.0:9005", "says 8005"),
        ("nothing listens on port 8005; the container listens on no port", "still loading"),
        ("write /x: no space left on device", "disk"),
        ("unexpected status: 401 Unauthorized", "--token"),
        ("denied: requested access to the resource is denied", "write:packages"),
        ("rm: cannot remove '/usr/bin/sh': Permission denied", "USER"),
        ("base name (${BASE_IMAGE}) should not be blank", "ARG BASE_IMAGE"),
        ("failed to copy source directory: lstat /nope.txt: no such file or directory", "build context"),
        ("dial tcp 127.0.0.1:1: connect: connection refused", "network"),
        ('Put "http://reg:5000/v2/o/x/manifests/1": EOF', "broke off"),
        (f"Dockerfile:2: reg:5000/o/base@sha256:{'0' * 64}: unexpected EOF", "broke off"),
        ("write tcp 10.0.0.1:36246->10.0.0.2:5000: use of closed network connection", "broke off"),
        ("write tcp 10.0.0.1:36246->10.0.0.2:5000: write: connection reset by peer", "broke off"),
        ("accept tcp [::]:8080: use of closed network connection", ""),
        ("sh: 1: Syntax error: unexpected EOF", ""),
        ('error parsing HTTP 429 response body: invalid character: "<html>"', "limits requests"),
        ("toomanyrequests: retry later", "limits requests"),
        ("received unexpected HTTP status: 503 Service Unavailable", "again later"),
        ("was ended by signal 9 after 2.00 s", "memory"),
        ("the probe gave no verdict within 100 s and was given up", "the engine stood still"),
        ("exited with 0 after 0.1 s", "foreground"),
        ("exited with 127 after 0.1 s", "not in the image"),
        ("'utf-8' codec can't encode characters in position 5-6: surrogates not allowed", "rename it"),
        ("unable to find user ghost: no matching entries in passwd file", "useradd"),
        ("a command ended with 0, but the engine could not clean up behind it", "certificates"),
        ('exec: "/bin/sh": stat /bin/sh: no such file or directory', "has no sh"),
        ("no matching manifest for linux/arm64 in the manifest list entries", "no image for this platform"),
        ("no manifest matches requested platform for sha256:00", "no image for this platform"),
        ("all is well", ""),
        ("exited with 3", ""),
    ],
)
def test_hints(printed: str, hint: str) -> None:
    found = hint_for(printed)
    assert (hint in found) if hint else not found


@pytest.mark.parametrize(
    "said",
    [
        'Put "http://reg:5000/v2/o/x/manifests/1": EOF',
        'Post "https://reg/v2/o/x/blobs/uploads/": unexpected EOF\n\nand more',
        "write tcp 10.0.0.1:36246->10.0.0.2:5000: write: connection reset by peer",
        "write tcp 10.0.0.1:36246->10.0.0.2:5000: write: broken pipe",
        "read tcp 10.0.0.1:36246->10.0.0.2:5000: i/o timeout",
        "received unexpected HTTP status: 503 Service Unavailable",
        "unexpected status from PUT request to https://reg/v2/x/manifests/1: 429 Too Many Requests",
        "unexpected status code https://reg/v2/x/manifests/1: 500 Internal Server Error",
        "toomanyrequests: retry later",
        'error parsing HTTP 429 response body: invalid character: "<html>"',
    ],
)
def test_a_transfer_that_may_end_otherwise_the_next_time(said: str) -> None:
    assert may_pass(said)


@pytest.mark.parametrize(
    "said",
    [
        "denied: requested access to the resource is denied",
        "unexpected status from PUT request to http://reg:500/v2/x/manifests/503: 403 Forbidden",
        "received unexpected HTTP status: 507 Insufficient Storage",
        "dial tcp 127.0.0.1:1: connect: connection refused",
        "dial tcp 10.0.0.1:443: i/o timeout",
        "manifest unknown: of EOF.py",
        'error parsing HTTP 404 response body: invalid character: "<html>"',
        "",
    ],
)
def test_a_transfer_that_ends_the_same_the_next_time(said: str) -> None:
    assert not may_pass(said)


@pytest.mark.parametrize(
    ("message", "clause"),
    [
        ("exit code: 3", "exit code: 3"),
        (
            "failed: load xxh3:ab: inputs: failed to content hash copy: lstat /nope.txt: no such file",
            "failed to content hash copy: lstat /nope.txt: no such file",
        ),
        ("stat /no/such: no such file [traceparent:4fca-0e0d]", "stat /no/such: no such file"),
        ("", ""),
        (
            "failed to convert Dockerfile to LLB: r:1/x@sha256:0: r:1/x@sha256:0: not found",
            "r:1/x@sha256:0: not found",
        ),
        ('rpc error: code = Unknown desc = secret env var not found: "X"', 'secret env var not found: "X"'),
    ],
)
def test_the_last_clause_is_for_people(message: str, clause: str) -> None:
    assert last_clause(message) == clause


def _query_error(message: str, **extensions: object) -> QueryError:
    value = QueryErrorValue(message=message, extensions=dict(extensions))
    return QueryError([value], gql.GraphQLRequest("{ x }"))


def test_a_failing_command_gives_its_code_and_both_streams() -> None:
    error = _query_error(
        "exit code: 9", _type="EXEC_ERROR", cmd=["/bin/sh", "-c", "x"], exitCode=9, stdout="o", stderr="e"
    )
    assert isinstance(error, dagger.ExecError)
    found = from_error(SCENE, error, seconds=1.234)
    assert (found.exit_code, found.command, found.log) == (9, ("/bin/sh", "-c", "x"), ("o", "e"))
    assert (found.stage, found.seconds, found.reproduce) == ("build", 1.23, SCENE.reproduce)


def test_a_command_that_ended_well_and_was_not_cleaned_up_behind_is_explained() -> None:
    error = _query_error(
        "exit code: 0", _type="EXEC_ERROR", cmd=["rm", "/bin/sh"], exitCode=0, stdout="", stderr=""
    )
    assert isinstance(error, dagger.ExecError)
    failure = from_error(SCENE, error)
    assert failure.what == "a command ended with 0, but the engine could not clean up behind it"
    assert "keep it there" in failure.hint


def test_an_engine_s_message_is_cut_to_its_last_clause_but_hinted_as_a_whole() -> None:
    found = from_error(
        SCENE, _query_error("load xxh3:1: inputs: COPY failed: lstat /x: no such file or directory")
    )
    assert found.what == "COPY failed: lstat /x: no such file or directory"
    assert "build context" in found.hint


def test_our_own_errors_bring_their_next_step() -> None:
    error = RegistryError("refuses", where="ghcr.io/example/x", next_step="ask for write:packages")
    found = from_error(SCENE, error)
    assert (found.what, found.hint) == ("ghcr.io/example/x: refuses", "ask for write:packages")


@pytest.mark.parametrize(
    "spelled",
    [
        TOKEN,
        base64.b64encode(TOKEN.encode()).decode(),
        base64.b64encode(f"robot:{TOKEN}".encode()).decode(),
        base64.b64encode(f"robot:{TOKEN}".encode()).decode().rstrip("="),
        "ghp_s3cr3t%2Ft%2Boken",
    ],
    ids=["plain", "base64", "user and token", "without padding", "in a URL"],
)
def test_a_secret_is_in_no_part_of_a_block(spelled: str) -> None:
    scene = Scene(
        subject="x", stage="smoke", reproduce=(), secrets=secret_forms(username="robot", token=TOKEN)
    )
    found = block(scene, f"got {spelled}", command=["curl", f"-H{spelled}"], log=[f"a {spelled} b"])
    assert spelled not in found.model_dump_json()
    assert found.log == ("a *** b",)


def test_without_a_token_nothing_is_taken_out() -> None:
    assert secret_forms(username="robot", token="") == ()


def test_only_the_last_lines_are_shown() -> None:
    found = block(SCENE, "x", log=[chr(0x4E00 + number) for number in range(100)])
    assert found.log[-1] == chr(0x4E00 + 99)
    assert len(found.log) == 40


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["a 1", "a 2", "a 3"], ["a 1", "a 2", "a 3"]),
        (["a 1", "a 2", "a 3", "a 4"], ["a 1", "… 2 more lines like this", "a 4"]),
        (["a 1", "b 1", "a 1", "b 1"], ["a 1", "b 1", "a 1", "b 1"]),
        (
            ["x", *["GET 5:01 - 500"] * 9, "y"],
            ["x", "GET 5:01 - 500", "… 7 more lines like this", "GET 5:01 - 500", "y"],
        ),
        ([], []),
    ],
    ids=["few", "many", "alternating", "in the middle", "none"],
)
def test_what_is_said_again_and_again_is_counted(lines: list[str], shown: list[str]) -> None:
    assert without_repetition(lines) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("x" * 600, "x" * 600),
        ("a" * 250 + "x" * 101 + "b" * 250, "a" * 250 + " … 101 more characters … " + "b" * 250),
    ],
    ids=["as long as may be", "longer"],
)
def test_a_line_that_would_fill_the_screen_is_shown_by_its_ends(line: str, shown: str) -> None:
    assert shortened(line) == shown
    assert block(Scene(subject="s", stage="smoke", reproduce=()), "failed", log=[line]).log == (shown,)
