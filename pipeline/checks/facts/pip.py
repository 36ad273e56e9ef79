"""What a call of pip (or uv pip) installs, requirements files included where the context has them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.checks.facts.arrivals import arrival_text, find_arrival
from pipeline.checks.facts.requirements import Requirement, read_requirement, requirement_rows
from pipeline.checks.facts.shell import Command, program_of
from pipeline.checks.facts.steps import Step, resolve
from pipeline.planning.sources import Sources, join

_PIP = re.compile(r"pip[\d.]*|pipx|uv")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
_VERBS = ("install", "wheel", "download", "add")
_INDEXES = {"-i", "--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links"}
_FILES = {"-r", "--requirement", "--requirements"}
_EDITABLE = {"-e", "--editable"}
# Flags that take a value, so that it is not read as a package.
_VALUES = {
    *(
        "-c",
        "--constraint",
        "-t",
        "--target",
        "--prefix",
        "--root",
        "--platform",
        "--python-version",
        "--abi",
    ),
    *("--implementation", "--cache-dir", "--trusted-host", "--proxy", "--timeout", "--retries", "--log"),
    *("--no-binary", "--only-binary", "--python", "-p", "--upgrade-strategy", "--index-strategy", "--report"),
    *(
        "-w",
        "--wheel-dir",
        "-d",
        "--dest",
        "--src",
        "--config-settings",
        "--progress-bar",
        "--default-timeout",
    ),
    *("-C", "--global-option", "--extra", "--group", "--torch-backend", "--override", "--exclude-newer"),
}
_DEEPEST = 5
_PATH = re.compile(r"[./$`]|git\+")


@dataclass(frozen=True, kw_only=True)
class Package:
    """One package that pip installs; ``indexes`` are the addresses of package indexes given with it."""

    requirement: Requirement
    file: str
    line: int
    indexes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its normal name."""
        return self.requirement.name

    @property
    def version(self) -> str:
        """The version that it is pinned to, or empty."""
        return self.requirement.version


@dataclass(frozen=True, kw_only=True)
class Pip:
    """What one call installs; ``is_open`` where it also takes what cannot be seen from here."""

    packages: tuple[Package, ...] = ()
    indexes: tuple[str, ...] = ()
    is_open: bool = False

    def __add__(self, other: "Pip") -> "Pip":
        return Pip(
            packages=self.packages + other.packages,
            indexes=self.indexes + other.indexes,
            is_open=self.is_open or other.is_open,
        )

    def with_indexes(self) -> "Pip":
        """The indexes of a call, or a file, hold for every package of it."""
        packages = [replace(each, indexes=(*each.indexes, *self.indexes)) for each in self.packages]
        return replace(self, packages=tuple(packages))


def pip_arguments(command: Command) -> Command:
    """The words after ``install`` (or ``wheel``, ``download``) of a call of pip; empty where it is none."""
    words = command
    if _PYTHON.fullmatch(program_of(words)) and "-m" in words:
        words = words[words.index("-m") + 1 :]
    if not words or not _PIP.fullmatch(program_of(words)):
        return ()
    starts = [index for index, word in enumerate(words) if word in _VERBS]
    return words[starts[0] + 1 :] if starts else ()


def read_pip(arguments: Command, step: Step, before: Sequence[Step], workdir: str) -> Pip:
    """What pip gets with these arguments; ``before`` are the steps that brought its files."""
    found = Pip()
    words = list(arguments)
    while words:
        word = words.pop(0)
        flag, equals, value = word.partition("=") if word.startswith("-") else ("", "", "")
        if flag in _INDEXES | _FILES | _EDITABLE | _VALUES and not equals:
            value = words.pop(0) if words else ""
        if flag in _INDEXES:
            found += Pip(indexes=(value,))
        elif flag in _FILES:
            found += _requirements(value, step, before, workdir)
        elif flag in _EDITABLE:
            found += Pip(is_open=True)
        elif not flag:
            found += _word(word, step.file, step.line)
    return found.with_indexes()


def _word(text: str, file: str, line: int) -> Pip:
    requirement = read_requirement(text)
    if requirement is None or (_PATH.match(text) and not text.endswith(".whl")):
        return Pip(is_open=True)
    return Pip(packages=(Package(requirement=requirement, file=file, line=line),))


def _requirements(value: str, step: Step, before: Sequence[Step], workdir: str) -> Pip:
    path = resolve(workdir, value)
    arrival = find_arrival(before, path)
    text = arrival_text(arrival) if arrival else None
    if arrival is not None and text is not None and not arrival.source:
        return _document(text, step)
    place = arrival.source if arrival else _mounted(path, step)
    return _file(place, step.subject.context.sources)


def _document(text: str, step: Step) -> Pip:
    """A requirements file that a here-document holds: told at the line of the RUN."""
    rows = [row for _, row in requirement_rows(text) if not row.startswith("-")]
    return sum((_word(row, step.file, step.line) for row in rows), start=Pip())


def _mounted(path: str, step: Step) -> str:
    """Where a file of a bind mount stands under the fleet's root, or empty."""
    for name, value in step.instruction.flags:
        parts = [part.partition("=") for part in value.split(",")] if name == "mount" else []
        fields = {key: text for key, _, text in parts}
        target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
        if target and fields.get("type", "bind") == "bind" and "from" not in fields:
            place = resolve(step.workdir, target)
            source = fields.get("source", fields.get("src", "."))
            if path == place or path.startswith(f"{place.rstrip('/')}/"):
                inner = resolve("/", f"{source}/{path[len(place) :]}".rstrip("/")).strip("/")
                return join(step.subject.context.folder, inner)
    return ""


def _file(path: str, sources: Sources, depth: int = 0) -> Pip:
    text = sources.text(path) if path and depth < _DEEPEST else None
    if text is None:
        return Pip(is_open=True)
    found = Pip()
    for line, row in requirement_rows(text):
        flag, _, value = row.replace("=", " ", 1).partition(" ") if row.startswith("-") else ("", "", row)
        if flag in _INDEXES:
            found += Pip(indexes=(value.strip(),))
        elif flag in _FILES:
            inner = resolve(f"/{path.rpartition('/')[0]}", value.strip()).strip("/")
            found += replace(_file(inner, sources, depth + 1), indexes=())
        elif flag in _EDITABLE:
            found += Pip(is_open=True)
        elif not flag:
            found += _word(value, path, line)
    return found.with_indexes()
