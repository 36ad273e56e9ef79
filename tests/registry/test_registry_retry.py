"""What is tried again, how often, for how long."""

import anyio
import httpx
import pytest

from pipeline.errors import RegistryError
from pipeline.registry.oci.calls import Call
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.retry import (
    Patience,
    TransientError,
    is_transient,
    retry_after,
    retrying,
    worth_again,
)

QUICK = Patience(attempts=3, deadline=5.0, first=0.01, longest=0.02)


@pytest.mark.parametrize(
    ("status", "codes", "written", "fresh_token", "again"),
    [
        pytest.param(429, ("TOOMANYREQUESTS",), False, False, True, id="429"),
        pytest.param(403, ("TOOMANYREQUESTS",), False, False, True, id="rate limit told as 403"),
        pytest.param(408, (), False, False, True, id="408"),
        pytest.param(500, ("UNKNOWN",), False, False, True, id="500"),
        pytest.param(502, (), False, False, True, id="502"),
        pytest.param(503, (), False, False, True, id="503"),
        pytest.param(504, (), False, False, True, id="504"),
        pytest.param(501, (), False, False, False, id="501 not implemented"),
        pytest.param(404, ("MANIFEST_UNKNOWN",), True, False, True, id="404 just written"),
        pytest.param(404, ("MANIFEST_UNKNOWN",), False, False, False, id="404"),
        pytest.param(404, ("NAME_UNKNOWN",), False, False, False, id="404 name"),
        pytest.param(400, ("MANIFEST_BLOB_UNKNOWN",), False, False, True, id="unknown blob on a manifest"),
        pytest.param(404, ("BLOB_UPLOAD_UNKNOWN",), False, False, True, id="unknown upload"),
        pytest.param(400, ("MANIFEST_INVALID",), True, True, False, id="400"),
        pytest.param(403, ("DENIED",), False, True, True, id="403 on a fresh token"),
        pytest.param(401, ("UNAUTHORIZED",), False, True, True, id="401 on a fresh token"),
        pytest.param(403, ("DENIED",), True, False, False, id="403"),
        pytest.param(401, ("UNAUTHORIZED",), True, False, False, id="401"),
        pytest.param(405, ("UNSUPPORTED",), True, True, False, id="405"),
        pytest.param(413, (), True, True, False, id="413"),
    ],
)
def test_classification(
    status: int, codes: tuple[str, ...], written: bool, fresh_token: bool, again: bool
) -> None:
    assert worth_again(status, codes, written=written, fresh_token=fresh_token) is again


def refused(errno: int) -> httpx.ConnectError:
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = OSError(errno, "…")
    return error


@pytest.mark.parametrize(
    ("failure", "again"),
    [
        pytest.param(TransientError("because"), True, id="marked"),
        pytest.param(httpx.ReadError(""), True, id="reset while reading"),
        pytest.param(httpx.WriteError(""), True, id="reset while writing"),
        pytest.param(httpx.RemoteProtocolError("peer closed"), True, id="EOF"),
        pytest.param(httpx.ReadTimeout(""), True, id="no answer"),
        pytest.param(TimeoutError(), True, id="attempt took too long"),
        pytest.param(refused(104), True, id="reset while connecting"),
        pytest.param(refused(-3), True, id="resolver is busy"),
        pytest.param(refused(111), False, id="refused"),
        pytest.param(refused(-2), False, id="no such host"),
        pytest.param(httpx.ConnectTimeout(""), False, id="nobody there"),
        pytest.param(httpx.ConnectError("CERTIFICATE_VERIFY_FAILED"), False, id="wrong certificate"),
        pytest.param(httpx.UnsupportedProtocol(""), False, id="not HTTP"),
        pytest.param(RegistryError("refused"), False, id="refused by the registry"),
        pytest.param(ValueError(), False, id="a mistake of ours"),
    ],
)
def test_exceptions(failure: Exception, again: bool) -> None:
    assert is_transient(failure) is again


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="zero"),
        pytest.param("Thu, 01 Jan 1970 00:01:40 GMT", 40.0, id="date"),
        pytest.param("Thu, 01 Jan 1970 00:00:01 GMT", 0.0, id="date that is past"),
        pytest.param("", None, id="empty"),
        pytest.param("-3", None, id="negative"),
        pytest.param("²", None, id="no ASCII digit"),
        pytest.param("soon", None, id="words"),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after(value, now=60.0) == seconds


class Failing:
    """Fails so often with the given error, then returns "done"."""

    def __init__(self, failure: Exception, times: int) -> None:
        self.failure, self.times, self.calls = failure, times, 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.failure
        return "done"


async def test_it_succeeds_after_failures_and_tells_each_in_one_line() -> None:
    lines: list[str] = []
    call = Failing(TransientError("503 busy"), times=2)
    assert await retrying(call, what="push", where="r/x:1", patience=QUICK, report=lines.append) == "done"
    assert call.calls == 3
    assert [line.partition(" in ")[0] for line in lines] == [
        "r/x:1: push: 503 busy; attempt 2",
        "r/x:1: push: 503 busy; attempt 3",
    ]


async def test_attempts_are_bounded_and_the_error_says_how_many() -> None:
    call = Failing(TransientError("503 busy"), times=99)
    with pytest.raises(RegistryError, match=r"r/x:1: cannot push: 503 busy \(3 attempts in "):
        await retrying(call, what="push", where="r/x:1", patience=QUICK, report=lambda _line: None)
    assert call.calls == 3


async def test_the_refusal_itself_is_raised_in_the_end() -> None:
    refusal = RegistryError("denied for good")
    call = Failing(TransientError("403", refusal=refusal), times=99)
    with pytest.raises(RegistryError) as raised:
        await retrying(call, what="push", where="x", patience=QUICK, report=lambda _line: None)
    assert raised.value is refusal


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    call = Failing(TransientError("429", wait=3600.0), times=99)
    with anyio.fail_after(120), pytest.raises(RegistryError):
        await retrying(call, what="push", where="x", patience=QUICK, report=lambda _line: None)
    assert call.calls == 1


async def test_what_is_not_transient_is_raised_at_once_as_it_is() -> None:
    call = Failing(KeyError("bug"), times=1)
    with pytest.raises(KeyError):
        await retrying(call, what="push", where="x", patience=QUICK, report=lambda _line: None)
    assert call.calls == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(httpx.ConnectTimeout(""), "cannot pull: no answer (ConnectTimeout)", id="no words"),
        pytest.param(httpx.ConnectError("no route"), "cannot pull: no route", id="words"),
    ],
)
async def test_what_cannot_be_reached_says_why(error: httpx.HTTPError, told: str) -> None:
    call = Call(method="GET", url="/v2/", repository="org/x", action="pull", where="ghcr.io/org/x")
    async with Registry("ghcr.io") as registry:
        assert told in str(registry._transport._unreachable(error, call))
