"""The run as a badge: an SVG that stands by itself, 20 pixels high, for a README or a dashboard."""

from html import escape

from pipeline.reporting.model import Run, Verdict

_COLOURS = {
    Verdict.PASSED: "#0e6537",
    Verdict.FAILED: "#ad1f18",
    Verdict.SKIPPED: "#744c00",
    Verdict.REUSED: "#0e6537",
    Verdict.CANCELLED: "#565d69",
}
_LETTER, _PADDING = 6.6, 8
"""Width of a letter of Verdana at 11 pixels, on average; ``textLength`` makes the text fit in any font."""


def show_badge(run: Run) -> str:
    """The fleet's name, its verdict, and how many units and tests that is of."""
    left, right = _clean(run.fleet), _clean(_told(run))
    first, second = _width(left), _width(right)
    title = escape(f"{left}: {right}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="round"><rect width="{first + second}" height="20" rx="4"/></clipPath>
<g clip-path="url(#round)">
<rect width="{first}" height="20" fill="#33383f"/>
<rect x="{first}" width="{second}" height="20" fill="{_COLOURS[run.verdict]}"/>
</g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
{_text(left, first / 2, first)}
{_text(right, first + second / 2, second)}
</g>
</svg>
"""


def _told(run: Run) -> str:
    """``passed, 12 units, 24 tests`` or ``failed, 2 of 12 units``."""
    total = len(run.units)
    red = sum(unit.verdict in (Verdict.FAILED, Verdict.CANCELLED) for unit in run.units)
    tests = sum(len(unit.services) for unit in run.units)
    if red:
        return f"{run.verdict}, {red} of {_number(total, 'unit')}"
    return f"{run.verdict}, {_number(total, 'unit')}, {_number(tests, 'test')}" if total else str(run.verdict)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _text(text: str, middle: float, width: int) -> str:
    fitted = f'textLength="{width - 2 * _PADDING}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{middle:g}" y="14" {fitted}>{escape(text)}</text>'


def _width(text: str) -> int:
    return round(max(len(text), 1) * _LETTER) + 2 * _PADDING


def _clean(text: str) -> str:
    """NB: XML has no control characters, not even escaped."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
