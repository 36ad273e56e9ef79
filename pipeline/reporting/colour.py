"""Colours of the terminal view: ANSI codes, which are put around words after these were aligned."""

from collections.abc import Callable

from pipeline.reporting.model import Verdict

Paint = Callable[[str, str], str]

_RED, _GREEN, _YELLOW, _CYAN, _BOLD = "31", "32", "33", "36", "1"
STYLES = {
    Verdict.PASSED: _GREEN,
    Verdict.REUSED: _GREEN,
    Verdict.SKIPPED: _YELLOW,
    Verdict.CANCELLED: _YELLOW,
    Verdict.FAILED: _RED,
    "failed": f"{_BOLD};{_RED}",
    "head": _BOLD,
    "hint": _YELLOW,
    "reproduce": _CYAN,
}


def plain(text: str, _style: str) -> str:
    """No colours."""
    return text


def coloured(text: str, style: str) -> str:
    """A text in one of `STYLES`; the default colour afterwards."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if text else text
