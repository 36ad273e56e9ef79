"""What git says of a fleet's directory: its commit, and what is not as committed there."""

import hashlib
import subprocess
from pathlib import Path


def commit_of(source: Path) -> str:
    """The commit that is checked out; empty where there is none."""
    return _git(source, "rev-parse", "HEAD").strip()


def changed_files(source: Path) -> list[str]:
    """What is not as committed below a directory, untracked files too: a line as of `git status` for each.

    What a run has left there is no change of the fleet; an image that copies it has another build key.
    """
    changed = _git(source, "status", "--porcelain", "--untracked-files=no", "--", ".").splitlines()
    untracked = _git(source, "ls-files", "-z", "--others", "--exclude-standard", "--", ".").split("\0")
    return changed + [f"?? {path}" for path in untracked if path and not _is_left_by_a_run(source / path)]


def _is_left_by_a_run(path: Path) -> bool:
    """Whether it is a view of the run whose ``run.json`` lies beside it, or that file itself."""
    from pipeline.reporting.read import is_run
    from pipeline.reporting.views import FILES

    if path.name not in FILES:
        return False
    try:
        return is_run(path.with_name("run.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return False


def changes_of(source: Path) -> str:
    """A digest of what is not as committed below a directory (untracked files by name); empty for nothing."""
    changed = changed_files(source)
    text = "\n".join([*changed, _git(source, "diff", "HEAD", "--", ".")])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest() if changed else ""


def _git(source: Path, *words: str) -> str:
    """What git prints; empty where it fails, takes long, or is not there."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(source), *words],
            capture_output=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="surrogateescape") if done.returncode == 0 else ""
