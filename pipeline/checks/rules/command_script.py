"""A script that ENTRYPOINT, CMD or a service's command runs is in the image, and can be executed."""

import re
from collections.abc import Iterator, Sequence

from pipeline.catalog.model import Image
from pipeline.checks.facts.arrivals import Arrival, arrival_text
from pipeline.checks.facts.commands import Start, find_start
from pipeline.checks.facts.inits import is_init
from pipeline.checks.facts.scripts import Script, brings, is_executable, make_executable, scripts_in
from pipeline.checks.facts.shell import Command, read_argv, read_commands
from pipeline.checks.facts.steps import Step, find_steps, resolve
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.context import SourceReading

# What may put files anywhere: then a script that no COPY brings is not known to be missing.
_FETCHES = re.compile(r"\b(?:git|curl|wget|tar|unzip|cp|mv|rsync|ln|install|pip3?|uv|npm|make|tee)\b|>")

_MENDS_CR = re.compile(r"dos2unix|\\r|\\015|\\x0d")


def _find(inspection: Inspection) -> Iterator[Hit]:
    seen: set[tuple[str, str]] = set()
    for image, subject in inspection.images:
        for hit in _of_image(inspection, image, subject):
            if (hit.subject, hit.message) not in seen:
                seen.add((hit.subject, hit.message))
                yield hit


def _of_image(inspection: Inspection, image: Image, subject: Subject) -> Iterator[Hit]:
    steps = find_steps(inspection, subject)
    for service in image.services:
        line = inspection.service_line(image, service)
        for problem, fix in _problems(inspection, subject, steps, _behind_init(service.command)):
            file = inspection.places.filename
            yield Hit(file=file, line=line, subject=service.name, message=problem, fix=fix)
    for keyword in ("ENTRYPOINT", "CMD"):
        start = find_start(inspection, subject, keyword)
        is_run = keyword == "ENTRYPOINT" or any(not service.command for service in image.smoked)
        if start and is_run:
            for problem, fix in _problems(inspection, subject, steps, _commands(start)):
                file, line = start.subject.unit.dockerfile, start.instruction.line
                yield Hit(file=file, line=line, subject=image.name, message=problem, fix=fix)


def _commands(start: Start) -> list[Command]:
    if start.instruction.is_json:
        return _behind_init(start.instruction.words)
    return read_commands(start.instruction.text)


def _behind_init(words: Sequence[str]) -> list[Command]:
    """The commands of an argument vector, without an init and its flags before them."""
    rest = list(words)
    if is_init(rest):
        rest = rest[1:]
        while rest and rest[0].startswith("-"):
            rest = rest[1:]
    return read_argv(tuple(rest)) if rest else []


def _problems(
    inspection: Inspection, subject: Subject, steps: tuple[Step, ...], commands: Sequence[Command]
) -> Iterator[tuple[str, str]]:
    for script in scripts_in(commands, steps):
        origin = brings(script, steps)
        is_whole = origin is None and not inspection.stands_on_unknown(subject)
        if is_whole and _is_missing(inspection, subject, script, steps):
            yield f"no COPY brings {script.path}", f"COPY it to {script.path}, or correct the path"
        elif isinstance(origin, Arrival) and script.is_direct and not is_executable(origin, script, steps):
            what = origin.source or "its here-document"
            yield f"{script.path} is not executable: {what} has no x bit", make_executable(origin)
        elif isinstance(origin, Arrival) and script.is_direct and (program := _asks_for_cr(origin, steps)):
            problem = f"{script.path} cannot be started: {origin.source} ends its lines with CR LF"
            fix = f"save it with LF alone; {origin.source} text eol=lf in .gitattributes keeps it so"
            yield f"{problem}, so the first one asks for the program '{program}\\r'", fix


def _asks_for_cr(origin: Arrival, steps: Sequence[Step]) -> str:
    """The interpreter of a script's first line where a CR belongs to its name; empty for a sound one.

    NB: a RUN may mend it.
    """
    first = (arrival_text(origin) or "").partition("\n")[0]
    if not origin.source or not first.startswith("#!") or not first.endswith("\r"):
        return ""
    is_mended = any(
        each.instruction.keyword == "RUN" and _MENDS_CR.search(each.instruction.text) for each in steps
    )
    return "" if is_mended else first[2:].strip()


def _is_missing(inspection: Inspection, subject: Subject, script: Script, steps: Sequence[Step]) -> bool:
    """Whether only COPY lines fill the directory of a script, and all that they bring is known."""
    folder = script.path.rpartition("/")[0] or "/"
    places: list[str] = []
    for step in steps:
        text = step.instruction.text
        if step.instruction.keyword == "RUN" and (folder in text or _fetches_into(step, folder)):
            return False
        if step.instruction.keyword in ("COPY", "ADD") and step.instruction.words:
            if any(step.stage.scope.expand(word).unknown for word in step.instruction.words):
                return False
            places.append(resolve(step.workdir, step.expand(step.instruction.words[-1])))
    # NB: what a COPY does not find is a finding already.
    is_filled = any(folder == place or folder.startswith(f"{place.rstrip('/')}/") for place in places)
    return is_filled and all(each.files for each in _copied(inspection, subject))


def _fetches_into(step: Step, folder: str) -> bool:
    # NB: in "/" only apt and its like run, as a rule, and they write elsewhere.
    return step.workdir == folder != "/" and _FETCHES.search(step.instruction.text) is not None


def _copied(inspection: Inspection, subject: Subject) -> Iterator[SourceReading]:
    for each in inspection.chain(subject):
        yield from each.copied


RULE = Rule(
    id="command-script",
    severity="error",
    about="A script that ENTRYPOINT, CMD or a service's command runs is in the image and can be started.",
    consequence="the container ends as soon as it starts",
    fix="COPY the script, with its x bit in git",
    find=_find,
)
