"""Small SVG plots with logarithmic axes, light and dark; no library is needed for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

STYLE = """\
<style>
text { font: 13px system-ui, sans-serif; fill: #57606a } .title { font-size: 15px; fill: #1f2328 }
.grid { stroke: #d0d7de } .plan { stroke: #8c959f; stroke-dasharray: 4 4 } path { fill: none; stroke-width: 2.5 }
.a { stroke: #0969da } .b { stroke: #bc4c00 } .c { stroke: #8250df }
circle.a, text.a { fill: #0969da } circle.b, text.b { fill: #bc4c00 } circle.c, text.c { fill: #8250df }
text.a, text.b, text.c { stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d } .plan { stroke: #656c76 }
.a { stroke: #4493f8 } .b { stroke: #f0883e } .c { stroke: #ab7df8 }
circle.a, text.a { fill: #4493f8 } circle.b, text.b { fill: #f0883e } circle.c, text.c { fill: #ab7df8 }
}
</style>"""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A rectangle in pixels, and the values at its edges: ``x`` left and right, ``y`` below and above."""

    left: float
    right: float
    top: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, value: float) -> float:
        """Pixels from the left."""
        low, high = map(log, self.x)
        return self.left + (self.right - self.left) * (log(value) - low) / (high - low)

    def down(self, value: float) -> float:
        """Pixels from the top."""
        low, high = map(log, self.y)
        return self.bottom - (self.bottom - self.top) * (log(value) - low) / (high - low)


def text(x: float, y: float, content: str, *, name: str = "", anchor: str = "") -> str:
    """Words; ``name`` is their class."""
    of = f'class="{name}" ' if name else ""
    to = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text {of}x="{x:.1f}" y="{y:.1f}"{to}>{content}</text>'


def levels(panel: Panel, marks: Iterable[tuple[float, str]]) -> list[str]:
    """A line across for each value, with its name on the left."""
    lines: list[str] = []
    for value, name in marks:
        y = panel.down(value)
        lines += [
            f'<line class="grid" x1="{panel.left}" x2="{panel.right}" y1="{y:.1f}" y2="{y:.1f}"/>',
            text(panel.left - 8, y + 4, name, anchor="end"),
        ]
    return lines


def feet(panel: Panel, values: Iterable[float]) -> list[str]:
    """The values along the x axis."""
    return [text(panel.across(each), panel.bottom + 20, f"{each:g}", anchor="middle") for each in values]


def series(panel: Panel, name: str, points: Sequence[tuple[float, float]], *, label: str = "") -> list[str]:
    """A line through points, of the class ``name``; the label stands behind the last of them."""
    places = [(panel.across(x), panel.down(y)) for x, y in points]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    lines = [f'<path class="{name}" d="M{path}"/>']
    lines += [f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places]
    x, y = places[-1]
    return [*lines, text(x + 10, y + 4, label, name=name)] if label else lines


def picture(width: float, height: float, title: str, lines: Iterable[str]) -> str:
    """The whole file."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">'
    return "\n".join([head, f"<title>{title}</title>", STYLE, *lines, "</svg>"]) + "\n"
