"""What a lint rule is: facts about it, and a function that finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pipeline.checks.inspection import Inspection

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One place where a rule is broken; ``fix`` and ``severity`` where they say more than the rule's."""

    file: str
    line: int
    subject: str
    message: str
    fix: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: ``id`` is what people acknowledge; ``about`` is what it wants, in one sentence."""

    id: str
    severity: Severity
    about: str
    consequence: str
    fix: str
    find: Callable[[Inspection], Iterable[Hit]]
