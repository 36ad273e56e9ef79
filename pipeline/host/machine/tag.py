"""`pipeline tag`: the commit's facts as a release needs them; refuses what is not committed."""

import argparse
import json
import subprocess
import sys
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

from pipeline.errors import PipelineError, ReleaseError, UsageError
from pipeline.host.fleet_here import SOURCE_HELP, meant_source

SHORT = 7
_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class CommitFacts:
    """A commit (40 hex), its date in UTC (ISO 8601), and the tag ``<YYYYMMDD>-<7 hex>`` made of both."""

    tag: str
    commit: str
    date: str


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="pipeline tag",
        description="Print the tag under which the checked-out commit is released; refuse a dirty one.",
    )
    parser.add_argument("--source", type=Path, metavar="DIR", help=SOURCE_HELP)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print tag, commit and date as JSON")
    form.add_argument("--flags", action="store_true", help="print them as flags of the function release")
    parser.add_argument(
        "--status",
        type=Path,
        metavar="FILE",
        help="what `status --format json` printed: the tag is the next one that is not released yet",
    )
    options = parser.parse_args(argv)
    try:
        facts = commit_facts(options.source or meant_source(Path.cwd()))
        if options.status:
            facts = replace(facts, tag=next_tag(facts.tag, _taken(options.status)))
    except PipelineError as error:
        print(f"pipeline tag: {error}", file=sys.stderr)
        return error.exit_code
    print(_json(facts) if options.json else _flags(facts) if options.flags else facts.tag)
    return 0


def next_tag(tag: str, taken: Container[str]) -> str:
    """The tag, or with the first suffix ``.N`` under which the same commit is not released yet."""
    numbered = (f"{tag}.{number}" for number in count(1))
    return tag if tag not in taken else next(one for one in numbered if one not in taken)


def _taken(status: Path) -> set[str]:
    """Tags of what is released; one that was only begun is to be finished. ReleaseError if it is not told."""
    try:
        return set(json.loads(status.read_text(encoding="utf-8"))["releases"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            f"this does not say what is released: {error}",
            where=str(status),
            next_step="write it with `status --format json`",
        ) from error


def _json(facts: CommitFacts) -> str:
    return json.dumps(asdict(facts))


def _flags(facts: CommitFacts) -> str:
    return f"--tag {facts.tag} --commit {facts.commit} --commit-date {facts.date}"


def commit_facts(source: Path) -> CommitFacts:
    """The facts of HEAD. ReleaseError for a dirty tree, untracked files under ``source``, or no commit."""
    if not source.is_dir():
        raise UsageError(
            "there is no such directory", where=str(source), next_step="name the fleet's: --source DIR"
        )
    _refuse_uncommitted(source)
    commit, date = _git(
        source, "log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%H %cd"
    ).split()
    return CommitFacts(tag=f"{date[:10].replace('-', '')}-{commit[:SHORT]}", commit=commit, date=date)


def _refuse_uncommitted(source: Path) -> None:
    changed = _lines(_git(source, "status", "--porcelain=v1", "-z", "--untracked-files=no", "--", ":/"))
    # NB: without -- ":/", paths are relative to source: a file elsewhere is read by no COPY.
    untracked = _lines(_git(source, "ls-files", "-z", "--others", "--exclude-standard", "--", "."))
    found = [line[3:] for line in changed if line[2:3] == " "] + [f"{path} (untracked)" for path in untracked]
    if not found:
        return
    more = f"\n    +{len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise ReleaseError(
        "the working tree is not what is committed:\n" + "\n".join(f"    {x}" for x in found[:_SHOWN]) + more,
        where=str(source),
        consequence="the tag would name a commit from which these images cannot be built again",
        next_step="commit, remove or ignore these files",
    )


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\0") if line]


def _git(source: Path, *arguments: str) -> str:
    # TZ: --date=format-local is local to it.
    command = ["env", "TZ=UTC", "LC_ALL=C.UTF-8", "git", "-C", str(source), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReleaseError(f"git cannot be asked: {error}", where=str(source)) from error
    if done.returncode != 0:
        raise ReleaseError(
            f"git {arguments[0]} failed: {done.stderr.strip()}",
            where=str(source),
            next_step="releases are made from a git repository with a commit",
        )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
