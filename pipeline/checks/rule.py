"""What a lint rule is: facts about it, and a function that finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pipeline.checks.inspection import Inspection

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One place where a rule is broken; ``fix`` where it is more exact than the rule's own."""

    file: str
    line: int
    subject: str
    message: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: ``id`` is what people acknowledge; ``about`` is what it wants, in one sentence."""

    id: str
    severity: Severity
    about: str
    consequence: str
    fix: str
    find: Callable[[Inspection], Iterable[Hit]]
