"""Where a file of an image comes from: which COPY brings it, from which file of the context."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.checks.facts.steps import Step, resolve, stage_steps
from pipeline.checks.inspection import Subject
from pipeline.planning.reads import ContextRead, find_stage
from pipeline.planning.sources import join

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz", ".zip", ".whl")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A file that arrives in an image.

    ``source`` is its path under the fleet's root; empty where it comes from elsewhere (another image, an
    archive, a URL) and may or may not be there. ``text`` is what a here-document holds.
    """

    step: Step
    source: str = ""
    text: str | None = None
    chmod: str = ""


def find_arrival(steps: Sequence[Step], path: str) -> Arrival | None:
    """What brings the file at an absolute ``path`` of the image, the last step first; None: nothing known."""
    for step in reversed(steps):
        if step.instruction.keyword in ("COPY", "ADD"):
            for arrival in _of_step(step, path):
                return arrival
    return None


def arrival_text(arrival: Arrival) -> str | None:
    """The text of a file that arrives, where it is known."""
    if arrival.text is not None:
        return arrival.text
    return arrival.step.subject.context.sources.text(arrival.source) if arrival.source else None


def _of_step(step: Step, path: str) -> Iterator[Arrival]:
    instruction = step.instruction
    if len(instruction.words) < 2:
        return
    target = step.expand(instruction.words[-1])
    sources = [step.expand(word) for word in instruction.words[:-1]]
    place = resolve(step.workdir, target)
    is_directory = target.endswith(("/", ".")) or len(sources) > 1
    for source in sources:
        if instruction.flag("from"):
            yield from _from_stage(step, source, path, place)
        elif source.startswith("<<") and instruction.heredocs:
            named = [each for each in instruction.heredocs if each.name in source]
            document = (named or instruction.heredocs)[0]
            if path == (posixpath.join(place, document.name) if is_directory else place):
                yield _arrival(step, text=document.text)
        elif "://" in source or (instruction.keyword == "ADD" and source.endswith(_ARCHIVES)):
            if _is_below(path, place):
                yield _arrival(step)
        else:
            yield from _from_context(step, source, path, place, is_directory=is_directory)


def _arrival(step: Step, *, source: str = "", text: str | None = None) -> Arrival:
    return Arrival(step=step, source=source, text=text, chmod=step.instruction.flag("chmod"))


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _from_context(step: Step, source: str, path: str, place: str, *, is_directory: bool) -> Iterator[Arrival]:
    context = step.subject.context
    reading = context.read(ContextRead(source, step.line, step.instruction.keyword))
    tops = _tops(step.subject, source, is_pattern=reading.is_pattern, files=reading.files)
    files = set(reading.files)
    for top in tops:
        if top in files:
            named = posixpath.join(place, posixpath.basename(top))
            if path == named or (path == place and not is_directory):
                yield _arrival(step, source=top)
        elif _is_below(path, place):
            candidate = join(top, path[len(place.rstrip("/")) :].lstrip("/"))
            if candidate in files:
                yield _arrival(step, source=candidate)


def _tops(subject: Subject, source: str, *, is_pattern: bool, files: Sequence[str]) -> list[str]:
    """What a source names itself: one path, or each path that its pattern matches."""
    folder = subject.context.folder
    clean = posixpath.normpath(f"/{source.lstrip('/')}").strip("/")
    if not is_pattern:
        return [join(folder, clean)]
    depth = len(join(folder, clean).split("/"))
    return list(dict.fromkeys("/".join(file.split("/")[:depth]) for file in files))


def _from_stage(step: Step, source: str, path: str, place: str) -> Iterator[Arrival]:
    """What comes from another stage is looked for there; from another image it is not known."""
    origin = resolve("/", source)
    is_file = path == posixpath.join(place, posixpath.basename(origin))
    if not is_file and not _is_below(path, place):
        return
    inside = [origin] if is_file else []
    inside.append(resolve(origin, path[len(place.rstrip("/")) :].lstrip("/")))
    found = next((each for each in (_in_stage(step, place) for place in inside) if each), None)
    yield _arrival(step, source=found.source if found else "", text=found.text if found else None)


def _in_stage(step: Step, path: str) -> Arrival | None:
    index = find_stage(step.subject.dockerfile.stages, step.expand(step.instruction.flag("from")))
    if index is None or index >= step.stage.stage.index:
        return None
    below = step.subject.stages_below(step.subject.reads.stages[index])
    return find_arrival(stage_steps(step.subject, reversed(below)), path)
