"""The tag phase as pure transitions: (state, what was seen) -> (state, what to do next).

A registry has no compare-and-swap, and its reads may lag behind its writes. Why this is enough all the same,
and what it assumes: docs/decisions/0010-release-protocol.md. Production (`release.py`) and the exploration
of every interleaving (tests/registry/test_release_explored.py) drive these same functions.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


class Guard(enum.Enum):
    """The re-checks. Without any one of them the exploration finds a violation."""

    BEFORE_JOURNAL = "there is no journal, just before ours is written"
    AFTER_SETTLING = "the journal is ours, after the settle time"
    BEFORE_TAGS = "the journal is ours, before each batch of tags"
    FREE_TAGS = "a tag is free, just before it is written"
    COMPLETE_TAGS = "every tag has its digest, before closing"
    BEFORE_CLOSING = "the journal is ours, just before the record is written"
    NO_RECORD = "there is no record of something else, just before ours is written"


ALL_GUARDS = frozenset(Guard)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long to wait, in the unit of the driver's clock, how many tags at once, how often to start over."""

    wait: float
    pause: float
    at_once: int = 8
    tries: int = 10
    guards: frozenset[Guard] = ALL_GUARDS


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a run wants one tag to mean; the journal holds one.

    Parameters
    ----------
    run:
        Who wants it.
    promise:
        Repository and digest of everything that the record will list.
    named:
        The repositories among them that get the tag.
    document:
        The record, as the bytes that are stored.
    """

    run: str
    promise: tuple[tuple[str, str], ...]
    named: tuple[str, ...]
    document: bytes = b""

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Repository to digest."""
        return dict(self.promise)


class Step(enum.Enum):
    """What a run waits for; the action that it waits on is in brackets."""

    LOOKING = enum.auto()  # Ask
    PREPARING = enum.auto()  # Prepare
    JOINING = enum.auto()  # Prepare, for a claim that was found
    CLAIMING = enum.auto()  # Ask
    CLAIMED = enum.auto()  # WriteJournal
    SETTLING = enum.auto()  # Wait
    SETTLED = enum.auto()  # Ask
    NAMING = enum.auto()  # Ask
    NAMED = enum.auto()  # WriteTags, or a pause
    COMPLETING = enum.auto()  # Ask
    CLOSING = enum.auto()  # Ask
    CLOSED = enum.auto()  # WriteRecord
    CONFIRMING = enum.auto()  # Ask
    ENDED = enum.auto()


@dataclass(frozen=True, kw_only=True)
class State:
    """Where a run is. ``closed``: a record with our digests was seen, so the journal no longer matters."""

    claim: Claim
    step: Step = Step.LOOKING
    left: tuple[str, ...] = ()
    tries: int = 0
    closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Answers to an Ask: None and missing entries are *absent*; what is unknown never gets here."""

    journal: Claim | None = None
    record: Claim | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Read these, all at once."""

    journal: bool = False
    record: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepare:
    """Make sure of all that the claim's candidates, evidence and documents need. Gives no name."""

    claim: Claim


@dataclass(frozen=True)
class Wait:
    """Let so much time pass."""

    seconds: float


@dataclass(frozen=True)
class WriteJournal:
    """Put the claim into the journal. All writes: within the gap after the Ask before, or not at all."""

    claim: Claim


@dataclass(frozen=True)
class WriteTags:
    """Give the claim's tag in these repositories."""

    claim: Claim
    repositories: tuple[str, ...]


@dataclass(frozen=True)
class WriteRecord:
    """Write the claim's record."""

    claim: Claim


class Outcome(enum.Enum):
    """How a run ends."""

    DONE = "the record has our digests, and every tag too"
    LOST = "another run's claim is in the journal"
    RECORDED = "the record is of other digests"
    TAKEN = "a tag has another digest"
    UNSETTLED = "what is written does not come to stay"


@dataclass(frozen=True, kw_only=True)
class End:
    """Nothing more to do. ``rival``: whose claim or record stands; ``taken``: repository and digest found."""

    outcome: Outcome
    rival: Claim | None = None
    taken: tuple[tuple[str, str], ...] = ()


Action = Ask | Prepare | Wait | WriteJournal | WriteTags | WriteRecord | End
Next = tuple[State, Action]
