"""Directories that a service writes belong to the user that the image runs as."""

import re
from collections.abc import Iterator, Sequence

from pipeline.checks.facts.steps import Step, find_steps, resolve
from pipeline.checks.facts.users import ROOT, last_user
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule

# Where libraries keep what they download or compile; each says so in its documentation.
_CACHES = {
    *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "SENTENCE_TRANSFORMERS_HOME"),
    *("TORCH_HOME", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH", "NUMBA_CACHE_DIR", "MPLCONFIGDIR", "TMPDIR"),
    *("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "PYTHONPYCACHEPREFIX", "PROMETHEUS_MULTIPROC_DIR"),
}
_ALWAYS = re.compile(r"/(?:tmp|var/tmp|dev/shm|home)(?:/|$)")
_GIVES = re.compile(r"\b(?:chown|chmod|install|useradd|adduser)\b")


def _find(inspection: Inspection) -> Iterator[Hit]:
    told: set[tuple[str, int, str]] = set()
    for _, subject in inspection.images:
        user = last_user(inspection, subject)
        if not user.name or user.name in ROOT or inspection.stands_on_unknown(subject):
            continue
        steps = find_steps(inspection, subject)
        for step, name, path in _written(steps):
            place = (step.file, step.line, path)
            if place not in told and not _ALWAYS.match(path) and not _is_given(steps, path):
                told.add(place)
                yield _hit(subject, step, f"{name} is {path}, which {user.text} cannot write", path)


def _hit(subject: Subject, step: Step, message: str, path: str) -> Hit:
    fix = f"before USER: RUN install -d -o USER {path}, or chown it"
    return Hit(file=step.file, line=step.line, subject=subject.unit.name, message=message, fix=fix)


def _written(steps: Sequence[Step]) -> Iterator[tuple[Step, str, str]]:
    """The directories that are meant to be written: volumes, and caches that a variable names."""
    for step in steps:
        if step.instruction.keyword == "VOLUME":
            for word in step.instruction.words:
                yield from _absolute(step, "a VOLUME", word)
        elif step.instruction.keyword == "ENV":
            for name, value, _ in step.instruction.pairs:
                if name in _CACHES:
                    yield from _absolute(step, name, value)


def _absolute(step: Step, name: str, word: str) -> Iterator[tuple[Step, str, str]]:
    path = step.expand(word)
    if path.startswith("/") and "$" not in path:
        yield step, name, resolve("/", path)


def _is_given(steps: Sequence[Step], path: str) -> bool:
    """Whether a line may make the directory, or one above it, writable for the user."""
    user = ""
    for step in steps:
        instruction = step.instruction
        if instruction.keyword == "USER":
            user = step.expand(instruction.text.strip()).partition(":")[0]
        is_own = bool(user) and user not in ROOT
        if instruction.keyword == "RUN" and (is_own or _GIVES.search(instruction.text)):
            if any(each in instruction.text for each in _upwards(path)) or "$" in instruction.text:
                return True
        elif instruction.keyword == "WORKDIR" and is_own and path in (step.workdir, *_upwards(step.workdir)):
            return True
        elif instruction.keyword in ("COPY", "ADD") and instruction.flag("chown") and instruction.words:
            place = resolve(step.workdir, step.expand(instruction.words[-1]))
            if place in _upwards(path) or place.startswith(f"{path}/"):
                return True
    return False


def _upwards(path: str) -> list[str]:
    """A path and the directories above it, "/" left out."""
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[:depth]) for depth in range(len(parts), 0, -1)]


RULE = Rule(
    id="directory-writable",
    severity="warning",
    about="Volumes, and caches that a variable names, can be written by the user that the image runs as.",
    consequence="the service fails when it first writes there: the directory belongs to root",
    fix="make the directory and give it to the user before USER",
    find=_find,
)
