"""What git says about a directory: its top, its remote, and where this module itself is published."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:]([\w.-]+)/([\w.-]+?)(?:\.git)?/?")
_OWN = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class Repository:
    """``top`` is None outside git; owner and name are of its GitHub remote ``origin``, or empty."""

    top: Path | None
    owner: str = ""
    name: str = ""

    @property
    def url(self) -> str:
        """Its page on GitHub, or empty."""
        return f"https://github.com/{self.owner}/{self.name}" if self.owner else ""


def repository(folder: Path) -> Repository:
    """The git repository around a folder."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if not top:
        return Repository(top=None)
    match = _GITHUB.fullmatch(_git(folder, "config", "--get", "remote.origin.url"))
    return Repository(top=Path(top), owner=match[1] if match else "", name=match[2] if match else "")


def own_action() -> str:
    """``OWNER/NAME@COMMIT`` of the project that this command belongs to, or empty."""
    here = repository(_OWN)
    commit = _git(_OWN, "rev-parse", "HEAD") if here.owner and here.top == _OWN else ""
    return f"{here.owner}/{here.name}@{commit}" if commit else ""


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
