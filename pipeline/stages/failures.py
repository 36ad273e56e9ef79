"""Makes failure blocks: what went wrong, the last lines, a hint, and the line that repeats just this."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

import dagger

from pipeline.errors import PipelineError
from pipeline.reporting.model import Failure
from pipeline.stages.blame import NOWHERE, Spot
from pipeline.stages.hints import hint_for
from pipeline.stages.smoke.verdict import last_lines

SHOWN_LINES = 40
_FEW = 3
_LONGEST, _KEPT = 600, 250  # characters of a line, and at either end of a longer one
_FIGURES = re.compile(r"\d+")
# What a Dagger engine puts behind its messages, for programs.
_TRACE = re.compile(r"\s*\[traceparent:[\w-]*\]\s*$")
# What BuildKit and gRPC put before a message; nothing of it is for people.
_ENGINES_OWN = re.compile(r"\b(?:rpc error: code = \w+ desc = |failed to convert Dockerfile to LLB: )")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a failure is about, whatever it will be.

    ``reproduce`` is the argument vector without its first words; ``secrets`` are taken out of everything;
    ``spot`` is the line of a file that it is about; ``platform`` the one of several.
    """

    subject: str
    stage: str
    reproduce: tuple[str, ...]
    service: str = ""
    secrets: tuple[str, ...] = ()
    spot: Spot = NOWHERE
    platform: str = ""


def secret_forms(*, username: str, token: str) -> tuple[str, ...]:
    """Every form in which a token turns up in logs: plain, URL-quoted, base64 of itself and of user:token."""
    if not token:
        return ()
    pair = f"{username}:{token}"
    encoded = [base64.b64encode(text.encode()).decode() for text in (pair, token)]
    return tuple(
        dict.fromkeys([*encoded, *(text.rstrip("=") for text in encoded), token, quote(token, safe="")])
    )


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text without secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def block(
    scene: Scene,
    what: str,
    *,
    command: Sequence[str] = (),
    exit_code: int | None = None,
    seconds: float = 0.0,
    log: Sequence[str] = (),
    hint: str = "",
    consequence: str = "",
) -> Failure:
    """A failure block, scrubbed, with a hint where the cause is known."""
    lines = [scrub(line, scene.secrets) for line in log]
    what = scrub(what, scene.secrets)
    return Failure(
        subject=scene.subject,
        service=scene.service,
        platform=scene.platform,
        stage=scene.stage,
        what=what,
        consequence=scrub(consequence, scene.secrets),
        file=scene.spot.file,
        line=scene.spot.line,
        command=tuple(scrub(word, scene.secrets) for word in command),
        exit_code=exit_code,
        seconds=round(seconds, 2),
        log=tuple(map(shortened, without_repetition(lines)[-SHOWN_LINES:])),
        hint=hint or hint_for("\n".join([what, *lines])),
        reproduce=scene.reproduce,
    )


def without_repetition(lines: Sequence[str]) -> list[str]:
    """Lines that differ from the one before by figures only are counted: a probe's requests, a progress."""
    shown: list[str] = []
    for _, group in groupby(lines, key=lambda line: _FIGURES.sub("0", line)):
        alike = list(group)
        few = len(alike) <= _FEW
        shown += alike if few else [alike[0], f"… {len(alike) - 2} more lines like this", alike[-1]]
    return shown


def shortened(line: str) -> str:
    """Both ends of a line that would fill the screen; all of it stands in the log of its smoke test."""
    if len(line) <= _LONGEST:
        return line
    return f"{line[:_KEPT]} … {len(line) - 2 * _KEPT} more characters … {line[-_KEPT:]}"


def from_error(scene: Scene, error: Exception, *, seconds: float = 0.0) -> Failure:
    """The block of an error that the engine or a registry raised."""
    if isinstance(error, dagger.ExecError):
        base = scene.spot.onbuild
        whose = f": it is an ONBUILD of {base}, run by this FROM" if base else ""
        return block(
            scene,
            f"{_command_ended(error.exit_code)}{whose}",
            command=error.command,
            exit_code=error.exit_code,
            seconds=seconds,
            log=last_lines("\n".join(filter(None, [error.stdout, error.stderr]))),
        )
    if isinstance(error, PipelineError):
        what = ": ".join(filter(None, [error.where, error.what]))
        return block(scene, what, seconds=seconds, hint=error.next_step, consequence=error.consequence)
    if isinstance(error, TimeoutError):
        return block(scene, str(error) or "took too long and was given up", seconds=seconds)
    said = without_trace(str(error))
    return block(scene, last_clause(said), seconds=seconds, hint=hint_for(said))


def _command_ended(code: int) -> str:
    if code:
        return f"a command ended with {code}"
    # A Dagger engine that has certificates of its own takes them out of the container by a command in it.
    return "a command ended with 0, but the engine could not clean up behind it"


def without_trace(message: str) -> str:
    """An engine's message without the trace that it is of."""
    return _TRACE.sub("", message)


def last_clause(message: str) -> str:
    """What is for people in an engine's error: it wraps some in long chains of ``load xxh3:…: inputs: ``."""
    first = _ENGINES_OWN.sub("", without_trace(message.strip()).split("\n", 1)[0])
    clauses = [clause for clause, _ in groupby(first.split(": "))]
    chained = [number for number, clause in enumerate(clauses) if clause.startswith(("load ", "inputs"))]
    rest = clauses[chained[-1] + 1 :] if chained else clauses
    return ": ".join(rest) or first
