"""Where the fleet's graph has its boxes: root, families, images and services from left to right.

Lengths are CSS pixels of an SVG.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.reporting.model import Run, ServiceRun, UnitRun

BOX_HEIGHT, LINE, GAP_X, GAP_Y = 40, 20, 30, 12
MARK, MARKS_IN_ROW = 22, 10
LETTER, BOX_TRIM, SERVICE_TRIM = 6.9, 44, 26  # width of a letter at 12 px; icon and padding
LONGEST = 30  # letters of a name that are shown
MANY_SERVICES = 60  # beyond it services are marks without a name


@dataclass(frozen=True, kw_only=True)
class ServiceMark:
    """A service: ``anchor`` is the id of its part of the page."""

    name: str
    shown: str
    verdict: str
    anchor: str
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Box:
    """A base, family or image; ``verdict`` is empty for a base that is only stood upon."""

    name: str
    shown: str
    kind: str
    verdict: str
    told: str
    anchor: str
    x: float
    y: float
    width: float
    services: tuple[ServiceMark, ...] = ()
    children: tuple["Box", ...] = ()
    depth: int = 0

    @property
    def middle(self) -> float:
        """Its centre line."""
        return self.y + BOX_HEIGHT / 2


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A line from a box to one that stands on it, as an SVG path."""

    path: str
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All of it; ``roots`` are the same boxes as a tree."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    roots: tuple[Box, ...]
    dense: bool


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Where columns begin, how wide the boxes of a name are, and where the last column ends."""

    families: Sequence[float]
    image: float
    service: float
    widths: Mapping[str, float]
    end: float


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    units: Mapping[str, UnitRun]
    children: Mapping[str, Sequence[UnitRun]]
    anchors: Mapping[str, str]
    columns: _Columns
    dense: bool


def lay_out(run: Run, anchors: Mapping[str, str]) -> Graph:
    """The graph of a run's units; ``anchors`` are the ids of units by name."""
    children = _children(run)
    dense = sum(len(unit.services) for unit in run.units if unit.kind == "image") > MANY_SERVICES
    drawing = _Drawing(
        units={unit.name: unit for unit in run.units},
        children=children,
        anchors=anchors,
        columns=_columns(run, dense=dense),
        dense=dense,
    )
    roots: list[Box] = []
    top = 0.0
    for name in _roots(run):
        root, top = _place(drawing, name, 0, top)
        roots.append(root)
    boxes = tuple(box for root in roots for box in _walk(root))
    edges = [_edge(box, child) for box in boxes for child in box.children]
    return Graph(
        width=drawing.columns.end,
        height=top,
        boxes=boxes,
        edges=tuple(sorted(edges, key=lambda edge: edge.verdict == "failed")),  # drawn last, on top
        roots=tuple(roots),
        dense=dense,
    )


def _children(run: Run) -> dict[str, list[UnitRun]]:
    children: dict[str, list[UnitRun]] = {}
    for unit in run.units:
        children.setdefault(unit.family, []).append(unit)
    return children


def _roots(run: Run) -> list[str]:
    """Names on which something stands and that are no units, in the order of their first child."""
    units = {unit.name for unit in run.units}
    return list(dict.fromkeys(unit.family for unit in run.units if unit.family not in units))


def _columns(run: Run, *, dense: bool) -> _Columns:
    """Families have a column for each depth, all images have one, and so have all services."""
    depths = dict.fromkeys(_roots(run), 0)
    for unit in run.units:
        if unit.kind == "family":
            depths[unit.name] = depths.get(unit.family, 0) + 1
    count = max(depths.values(), default=0) + 1
    widths = [_width([name for name, depth in depths.items() if depth == column]) for column in range(count)]
    starts = [0.0]
    for width in widths:
        starts.append(starts[-1] + width + GAP_X)
    images = _width([unit.name for unit in run.units if unit.kind == "image"])
    service = starts[count] + images + GAP_X
    longest = max((len(_shown(s.name)) for unit in run.units for s in _shown_services(unit)), default=0)
    end = service + (MARKS_IN_ROW * MARK if dense else longest * LETTER + SERVICE_TRIM)
    by_name = {name: widths[depth] for name, depth in depths.items()}
    return _Columns(
        families=starts[:count],
        image=starts[count],
        service=service,
        widths=by_name | {unit.name: images for unit in run.units if unit.kind == "image"},
        end=end if any(unit.services for unit in run.units) else service,
    )


def _width(names: Sequence[str]) -> float:
    return round(max((len(_shown(name)) for name in names), default=8) * LETTER + BOX_TRIM)


def _shown(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _shown_services(unit: UnitRun) -> Sequence[ServiceRun]:
    """NB: a family's library test has the family's own name and verdict: it is no box of its own."""
    return unit.services if unit.kind == "image" else ()


def _place(drawing: _Drawing, name: str, depth: int, top: float) -> tuple[Box, float]:
    """The box of a base or family with all that stands on it, and where the next one may begin."""
    below: list[Box] = []
    start = top
    for unit in drawing.children.get(name, ()):
        if unit.kind == "image":
            box, top = _image(drawing, unit, depth + 1, top)
        else:
            box, top = _place(drawing, unit.name, depth + 1, top)
        below.append(box)
    if not below:
        top += BOX_HEIGHT + GAP_Y
    y = _beside(below, dense=drawing.dense) if below else start
    unit = drawing.units.get(name)
    return Box(
        name=name,
        shown=_shown(name),
        kind="family" if unit else "base",
        verdict=str(unit.verdict) if unit else "",
        told=_told(unit) if unit else "not built here",
        anchor=drawing.anchors.get(name, ""),
        x=drawing.columns.families[depth],
        y=round(y, 1),
        width=drawing.columns.widths[name],
        children=tuple(below),
        depth=depth,
    ), top


def _beside(children: Sequence[Box], *, dense: bool) -> float:
    """In the middle of what stands on it; in a tall graph beside the first of it, at the top."""
    return children[0].y if dense else (children[0].y + children[-1].y) / 2


def _image(drawing: _Drawing, unit: UnitRun, depth: int, top: float) -> tuple[Box, float]:
    columns, anchors, dense = drawing.columns, drawing.anchors, drawing.dense
    count = len(unit.services)
    tall = -(-count // MARKS_IN_ROW) * MARK if dense else count * LINE
    height = max(BOX_HEIGHT, tall)
    middle = top + height / 2
    marks = [
        ServiceMark(
            name=service.name,
            shown=_shown(service.name),
            verdict=str(service.verdict),
            anchor=f"{anchors[unit.name]}-{number}",
            x=columns.service + (number % MARKS_IN_ROW * MARK if dense else 0),
            y=round(middle - tall / 2 + (number // MARKS_IN_ROW * MARK if dense else number * LINE), 1),
        )
        for number, service in enumerate(unit.services)
    ]
    return Box(
        name=unit.name,
        shown=_shown(unit.name),
        kind="image",
        verdict=str(unit.verdict),
        told=_told(unit),
        anchor=anchors[unit.name],
        x=columns.image,
        y=round(middle - BOX_HEIGHT / 2, 1),
        width=columns.widths[unit.name],
        services=tuple(marks),
        depth=depth,
    ), top + height + (GAP_Y / 2 if dense else GAP_Y)


def _told(unit: UnitRun) -> str:
    if unit.verdict in ("failed", "cancelled", "skipped"):
        return str(unit.verdict)
    return {"build": "built", "reuse": "reused"}.get(unit.decision, unit.decision)


def _walk(box: Box) -> Iterator[Box]:
    yield box
    for child in box.children:
        yield from _walk(child)


def _edge(box: Box, child: Box) -> Edge:
    """A bend just before the child, so that lines of one parent run together."""
    start, end, bend = box.x + box.width, child.x, 14
    if abs(box.middle - child.middle) < 1:
        path = f"M{start:g} {box.middle:g}H{end:g}"
    else:
        turn = start + GAP_X / 2
        step = bend / 2 if child.middle > box.middle else -bend / 2
        corners = [
            (start, box.middle),
            (turn - bend / 2, box.middle),
            (turn, box.middle + step),
            (turn, child.middle - step),
            (turn + bend / 2, child.middle),
            (end, child.middle),
        ]
        path = f"M{corners[0][0]:g} {corners[0][1]:g}" + "".join(
            f"L{x:g} {y:g}" for _, (x, y) in pairwise(corners)
        )
    return Edge(path=path, verdict=child.verdict)
