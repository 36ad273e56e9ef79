"""The figures of `make bench`: medians, ratios, the limits that they are held against, a table, a file."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commands import SIDES

RESULTS = Path(__file__).with_name("results.json")
MEMORY_LIMIT = 200
"""MiB that our own processes may have together."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One side in one phase of one fleet: what every round took (see measure.Taken)."""

    work: str
    images: int
    phase: str
    side: str
    seconds: tuple[float, ...]
    cpu: tuple[float, ...]
    memory: tuple[float, ...]
    pushed: tuple[int, ...]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def peak(self) -> float:
        """MiB, of the worst round."""
        return max(self.memory)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What ours may take at most, divided by what a rival takes; ``against`` is the rival's phase."""

    about: str
    work: str
    phase: str
    rival: str
    against: str
    most: float


LIMITS = (
    Limit(about="everything, cold", work="sleep", phase="cold", rival="loop", against="cold", most=0.35),
    Limit(about="everything, cold", work="cpu", phase="cold", rival="loop", against="cold", most=0.8),
    Limit(about="again", work="sleep", phase="again", rival="loop", against="again", most=0.4),
    Limit(about="again", work="cpu", phase="again", rival="loop", against="again", most=0.4),
    Limit(about="only the builds", work="sleep", phase="build", rival="bake", against="build", most=1.05),
    Limit(
        about="nothing to do, Docker empty / bake there, with its cache in the registry",
        work="sleep",
        phase="empty",
        rival="bake",
        against="empty",
        most=0.3,
    ),
    Limit(
        about="nothing to do, Docker empty / bake with all of it cached on its machine",
        work="sleep",
        phase="empty",
        rival="bake",
        against="again",
        most=0.3,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A limit with the ratio that was measured."""

    limit: Limit
    images: int
    ratio: float

    @property
    def within(self) -> bool:
        return self.ratio <= self.limit.most


@dataclass(frozen=True, kw_only=True)
class Shards:
    """Equal images on one Docker, and shared out over several, one after the other.

    ``warm``: each of them had the family, and nothing else; otherwise it had nothing. The limit is for what
    is shared out, the builds and tests: pulling the family is not.
    """

    work: str
    images: int
    warm: bool
    whole: float
    parts: tuple[float, ...]
    limit: float = 0.35

    @property
    def ratio(self) -> float:
        """The longest part by the whole."""
        return max(self.parts) / self.whole

    @property
    def within(self) -> bool:
        return not self.warm or self.ratio <= self.limit


def held(found: Sequence[Measured]) -> Iterator[Held]:
    """Every limit for every size of which both sides were measured."""
    known = {(each.work, each.images, each.phase, each.side): each.median for each in found}
    for images in sorted({each.images for each in found}):
        for limit in LIMITS:
            ours = known.get((limit.work, images, limit.phase, "ours"))
            rival = known.get((limit.work, images, limit.against, limit.rival))
            if ours and rival:
                yield Held(limit=limit, images=images, ratio=ours / rival)


def too_large(found: Sequence[Measured]) -> float:
    """MiB of ours where that is over its limit, 0 otherwise."""
    peak = max((each.peak for each in found if each.side == "ours"), default=0.0)
    return peak if peak > MEMORY_LIMIT else 0.0


HEAD = ("images", "fleet", "phase", *(f"{side} s" for side in SIDES), "ours MiB", "ours MB", "others MB")


def rows(found: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """Medians: one row for each size, fleet and phase."""
    for images, work, phase in dict.fromkeys((each.images, each.work, each.phase) for each in found):
        of = {
            each.side: each for each in found if (each.images, each.work, each.phase) == (images, work, phase)
        }
        others = [_megabytes(each) for side, each in of.items() if side != "ours"]
        yield (
            str(images),
            work,
            phase,
            *(f"{of[side].median:.2f}" if side in of else "-" for side in SIDES),
            f"{of['ours'].peak:.0f}" if "ours" in of else "-",
            _megabytes(of["ours"]) if "ours" in of else "-",
            ", ".join(dict.fromkeys(others)) or "-",
        )


def _megabytes(each: Measured) -> str:
    return f"{statistics.median(each.pushed) / 1e6:.2f}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns for a terminal."""
    widths = [max(len(line[at]) for line in (head, *lines)) for at in range(len(head))]
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in (head, *lines))


def keep(path: Path, **parts: Any) -> None:
    """Put figures into a results file under their names; what else is in it stays."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | parts, indent=1) + "\n")


def keep_measured(path: Path, found: Sequence[Measured], **about: Any) -> None:
    """Put these into a results file; of other sizes what was measured before stays."""
    known = json.loads(path.read_text()).get("measured", []) if path.exists() else []
    sizes = {each.images for each in found}
    measured = [each for each in known if each["images"] not in sizes] + as_plain(found)
    keep(path, **about, measured=sorted(measured, key=lambda each: each["images"]))


def as_plain(found: Sequence[Measured]) -> list[dict[str, Any]]:
    """For a results file; seconds to a hundredth, MiB to one."""
    return [
        {
            **asdict(each),
            "seconds": [round(one, 2) for one in each.seconds],
            "cpu": [round(one, 2) for one in each.cpu],
            "memory": [round(one) for one in each.memory],
        }
        for each in found
    ]


def read_measured(figures: Mapping[str, Any]) -> tuple[Measured, ...]:
    """Those of a results file."""
    lists = ("seconds", "cpu", "memory", "pushed")
    return tuple(
        Measured(**{**each, **{name: tuple(each[name]) for name in lists}}) for each in figures["measured"]
    )
