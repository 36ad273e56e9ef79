"""No secret is copied into an image: whoever can pull it has it, also out of a layer that deletes it."""

from collections.abc import Iterator

from pipeline.checks.facts.secrets import find_secret
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.context import SourceReading


def _find(inspection: Inspection) -> Iterator[Hit]:
    known: dict[str, str] = {}
    for subject in inspection.subjects.values():
        for copied in subject.copied:
            for path in copied.files if copied.read.keyword != "RUN" else ():
                if path not in known:
                    known[path] = find_secret(inspection.sources, path)
            found = [path for path in copied.files if known.get(path)]
            if found and copied.read.keyword != "RUN":
                yield _hit(subject, copied, found, known[found[0]])


def _hit(subject: Subject, copied: SourceReading, found: list[str], what: str) -> Hit:
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    inner = subject.context.inner(found[0])
    inner = ".git" if inner.startswith(".git/") else inner
    return Hit(
        file=subject.unit.dockerfile,
        line=copied.read.line,
        subject=subject.unit.name,
        message=f"{copied.read.keyword} {copied.read.path} brings {found[0]}{more}: {what}",
        fix=f"add a line {inner} to .dockerignore; what a RUN needs, give it with --mount=type=secret",
    )


RULE = Rule(
    id="secret-copied",
    severity="error",
    about="COPY and ADD bring no .env file, login, private key or .git directory.",
    consequence="everybody who can pull the image can read it, even where a later line deletes it",
    fix="add it to .dockerignore",
    find=_find,
)
