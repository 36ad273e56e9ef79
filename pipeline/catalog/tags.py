"""Release tags: ``<commit date UTC, YYYYMMDD>-<7 hex of the commit>[.N]``."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pipeline.errors import ReleaseError

SHORT_SHA = 7
_TAG = re.compile(r"(?P<date>\d{8})-(?P<commit>[0-9a-f]{7})(?:\.(?P<number>[1-9]\d{0,5}))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, kw_only=True)
class ReleaseTag:
    """A release tag in its parts; ``number`` is 0 for the first release of a commit."""

    date: date
    commit: str
    number: int = 0

    def __str__(self) -> str:
        suffix = f".{self.number}" if self.number else ""
        return f"{self.date:%Y%m%d}-{self.commit}{suffix}"


def parse_release_tag(text: str) -> ReleaseTag:
    """Parse a release tag. Raises ReleaseError for any other form, and for a date that does not exist."""
    match = _TAG.fullmatch(text)
    day = _day(match["date"]) if match else None
    if match is None or day is None:
        raise ReleaseError(
            f"{text!r} is not a release tag",
            consequence="nothing is released",
            next_step="use <YYYYMMDD>-<7 hex of the commit>[.N], as `pipeline tag` prints it",
        )
    return ReleaseTag(date=day, commit=match["commit"], number=int(match["number"] or 0))


def check_release_tag(text: str, *, commit: str, commit_date: str = "") -> ReleaseTag:
    """Parse a tag and refuse one that does not fit the commit (hex, at least 7 digits) and its date.

    ``commit_date`` is ISO 8601 with an offset ("2025-08-10T23:59:00+02:00"); without one, UTC; empty
    skips the comparison. Raises ReleaseError.
    """
    tag = parse_release_tag(text)
    if _COMMIT.fullmatch(commit) is None:
        raise _refused(text, f"{commit!r} is not a commit (hex digits, at least {SHORT_SHA})")
    if not commit.startswith(tag.commit):
        raise _refused(text, f"the commit is {commit[:SHORT_SHA]}, the tag says {tag.commit}")
    if commit_date and (day := _utc_day(text, commit_date)) != tag.date:
        raise _refused(text, f"the commit is of {day:%Y%m%d} (UTC), the tag says {tag.date:%Y%m%d}")
    return tag


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _utc_day(tag: str, text: str) -> date:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _refused(tag, f"{text!r} is not a date of the form 2025-08-10T12:00:00+00:00") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _refused(tag: str, why: str) -> ReleaseError:
    return ReleaseError(
        f"the tag {tag} does not fit: {why}",
        consequence="nothing is released",
        next_step="release with the tag, commit and date that `pipeline tag` prints for a clean tree",
    )
