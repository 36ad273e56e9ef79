"""The one place where a request to a registry is tried again: what for, how often, how long."""

import errno
import random
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from pipeline.errors import RegistryError

Result = TypeVar("Result")
Report = Callable[[str], None]

_AGAIN_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNKNOWN_BLOB = frozenset({"BLOB_UNKNOWN", "BLOB_UPLOAD_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"})
_RESETS = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, socket.EAI_AGAIN})


class TransientError(Exception):
    """An answer that a later attempt may not get: why, and how many seconds the server asks to wait."""

    def __init__(
        self, reason: str, *, wait: float | None = None, refusal: RegistryError | None = None
    ) -> None:
        super().__init__(reason)
        self.wait = wait
        self.refusal = refusal


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Bounds of all attempts at one request: their number, and seconds from the first to the last."""

    attempts: int = 8
    deadline: float = 60.0
    first: float = 0.2
    longest: float = 8.0


def worth_again(status: int, codes: tuple[str, ...], *, written: bool, fresh_token: bool) -> bool:
    """Whether an HTTP answer may be different the next time.

    Parameters
    ----------
    status, codes:
        HTTP status, and the error codes of the body in upper case
        (distribution spec 1.1, "Error Codes").
    written:
        The content asked for was just written: registries' reads lag behind their writes.
    fresh_token:
        The token was issued for this very request: token service and registry may disagree for a moment.
        NB: the caller must pass it once only, or a lasting refusal is retried to the deadline.
    """
    if status in _AGAIN_STATUSES or "TOOMANYREQUESTS" in codes:
        return True
    if _UNKNOWN_BLOB.intersection(codes) or (status == 404 and written):
        return True
    return status in (401, 403) and fresh_token


def is_transient(failure: BaseException) -> bool:
    """Whether an exception is one that a later attempt may not meet: a marked answer, reset, EOF, time-out.

    A host that refuses or ignores connections, has no address or shows a wrong certificate is not.
    """
    if isinstance(failure, httpx.ConnectError):
        return _errno(failure) in _RESETS
    if isinstance(failure, httpx.ConnectTimeout):
        return False
    lost = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException, TimeoutError)
    return isinstance(failure, (TransientError, *lost))


def _errno(failure: BaseException | None) -> int | None:
    """The operating system's number behind an exception: httpx keeps it in the chain of causes."""
    while failure is not None:
        if isinstance(failure, OSError) and failure.errno is not None:
            return failure.errno
        failure = failure.__cause__ or failure.__context__
    return None


async def retrying(
    call: Callable[[], Awaitable[Result]], *, what: str, where: str, patience: Patience, report: Report
) -> Result:
    """Await ``call()`` until it returns, raises something that is not transient, or patience ends.

    Each further attempt is told to ``report`` as one line. Raises RegistryError when patience ends: the
    server's refusal where there was one.
    """
    began = time.monotonic()
    # NB: tenacity costs 0.1 ms a call, a tenth of what a request does: it is for those that failed.
    try:
        return await call()
    except Exception as failure:
        if not is_transient(failure):
            raise
        failed, lasted = [failure], time.monotonic() - began

    async def again() -> Result:
        if failed:
            raise failed.pop()
        return await call()

    def tell(state: RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0.0
        report(
            f"{where}: {what}: {_reason(_failure(state))}; attempt {state.attempt_number + 1} in {wait:.1f} s"
        )

    def give_up(state: RetryCallState) -> Result:
        raise _given_up(state, lasted, what=what, where=where) from None

    attempts = AsyncRetrying(
        retry=retry_if_exception(is_transient),
        wait=lambda state: _pause(state, patience),
        stop=lambda state: _is_enough(state, lasted, patience),
        before_sleep=tell,
        retry_error_callback=give_up,
        sleep=anyio.sleep,
    )
    return await attempts(again)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _pause(state: RetryCallState, patience: Patience) -> float:
    """Seconds to the next attempt: what the server asked for, else doubling; both with jitter."""
    failure = _failure(state)
    asked = failure.wait if isinstance(failure, TransientError) else None
    if asked is not None:
        return asked + random.uniform(0.0, 0.1 * asked + 0.05)  # noqa: S311 - spreads load, keeps no secret
    ceiling = min(patience.longest, patience.first * 2 ** (state.attempt_number - 1))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311


def _is_enough(state: RetryCallState, lasted: float, patience: Patience) -> bool:
    """``lasted`` is how long the first attempt took, in seconds."""
    if state.attempt_number >= patience.attempts:
        return True
    return lasted + (state.seconds_since_start or 0.0) + state.upcoming_sleep > patience.deadline


def _given_up(state: RetryCallState, lasted: float, *, what: str, where: str) -> RegistryError:
    failure = _failure(state)
    if isinstance(failure, TransientError) and failure.refusal is not None:
        return failure.refusal
    elapsed = lasted + (state.seconds_since_start or 0.0)
    return RegistryError(
        f"cannot {what}: {_reason(failure)} ({state.attempt_number} attempts in {elapsed:.1f} s)",
        where=where,
        consequence="whether it is there is unknown, so nothing that depends on it is done",
        next_step="check that the registry answers from this machine, then run the same command again",
    )


def _reason(failure: BaseException | None) -> str:
    text = str(failure).strip() if failure is not None else ""
    return text or type(failure).__name__


def retry_after(value: str, *, now: float) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, section 10.2.3), or None if it is unusable.

    ``now`` is the current time in seconds since the epoch, for the form with a date.
    """
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, rarely needed

    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
