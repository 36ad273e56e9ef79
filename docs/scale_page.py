"""docs/scale.md and docs/scale.svg: what tests/bench/scale.py finds, against the limits that GitHub states."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from math import log

from scale import RUNNERS, Assumed, Outcome, grow, read_recorded, simulate

SIZES = (1000, 5000)
ONE = 32
"""How many runners the run with one changed family may use."""
ACTIONS = "https://docs.github.com/en/actions/reference/limits"
GHCR = "https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry"
OUTPUTS = (
    "https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/pass-job-outputs"
)
PRICES = "https://docs.github.com/en/billing/reference/actions-runner-pricing"
API = "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"
PLAN = "jobs at a time, "
SEEN = "https://github.com/dependabot/cli/issues/380"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Something that a run may not exceed: what it is, how much of it, where that is written, what a run needs."""

    name: str
    most: float
    unit: str
    source: str
    needs: Callable[[Outcome], float]


LIMITS = (
    Limit(name="a job's time", most=6, unit="hours", source=f"[Actions limits]({ACTIONS})", needs=lambda run: run.longest / 3600),
    *(
        Limit(name=f"{PLAN}{plan}", most=most, unit="jobs", source=f"[Actions limits]({ACTIONS})", needs=lambda run: run.runners)
        for plan, most in (("Free", 20), ("Pro", 40), ("Team", 60), ("Enterprise", 500))
    ),
    Limit(name="jobs of a matrix", most=256, unit="jobs", source=f"[Actions limits]({ACTIONS})", needs=lambda run: run.runners),
    Limit(name="outputs of a job", most=1.0, unit="MB, as UTF-16", source=f"[job outputs]({OUTPUTS})", needs=lambda run: 2 * run.matrix / 1e6),
    Limit(name="one argument of a program", most=131072, unit="bytes", source="execve(2), MAX_ARG_STRLEN", needs=lambda run: run.argument),
    Limit(name="requests to GHCR", most=44000, unit="a minute", source=f"not documented; `allowed: 44000/minute` was [seen in its answers]({SEEN})", needs=lambda run: run.busiest),
)  # fmt: skip
TEXT = """\
A simulation: [scale.py](../tests/bench/scale.py) shares thousands of images out over 1 to {most} runners as
`plan --format matrix --shards N` does, and adds up what was recorded of the reference fleet
([scale.json](../tests/bench/scale.json)). Nothing here was run on GitHub.
"""
FLOW = """\
One job plans; one builds the families that are missing (none, where none is); then each runner pulls the families that its
images stand on, builds, tests and pushes its share; one job releases. *Runner minutes* are those of all jobs, each rounded up.
*Busiest minute* is requests to the registry. *Beyond* names the limits below that the run does not keep.

Without the families' wave each runner would build what it misses of them: for {images} images on {runners} runners that
takes {alone:,} runner minutes instead of {waved:,}, and ends {later} sooner: the wave's own start. Families with [a workflow
of their own](families.md) need no wave.
"""
MEANS = """\
- Up to a handful of runners it is the job's time. `--shards` with more machines is the remedy; the work is the same.
- Then the plan's number of jobs at a time: more shards than that wait in the queue, which is not simulated. Nothing
  breaks, it takes as long as with that many runners.
- Requests grow with the images; that many *a minute* only with the runners. Beyond the limit the registry answers 429, and
  the module waits as it is told for up to a minute: slower, and red if that does not suffice.
- What does not shrink is the release: one job that asks for every candidate and gives every name, {share} of the time of
  {images} images on {most} runners. A faster network to the registry helps, more runners do not. More images than that are
  better several fleets, each with a record of its own.
- A family with the real torch ([3.5 GB compressed](fleet.md)) would add {torch:.0f} s to the job of each runner that pulls it,
  at the speed assumed below; pulling it into an empty Docker was measured as 112 s.
"""
TORCH = 3.5e9


WORK = """\
Work of a runner: the seconds of its units divided by {at_once:g}, how many were at work at a time in that run. Images are
drawn from the recorded eight with a fixed seed.
"""


@cache
def runs(images: int) -> tuple[Outcome, ...]:
    """All of it built, over each number of runners."""
    recorded = read_recorded()
    fleet = grow(recorded.fleet, images, Assumed().families)
    return tuple(simulate(fleet, recorded, count) for count in RUNNERS)


@cache
def small_runs(images: int) -> Mapping[str, Outcome]:
    """Runs in which little is to be done."""
    recorded = read_recorded()
    fleet = grow(recorded.fleet, images, Assumed().families)
    last = fleet.families[-1].name
    return {
        "nothing changed": simulate(fleet, recorded, ONE, changed=()),
        "one family changed": simulate(fleet, recorded, ONE, changed=(last,)),
    }


def beyond(run: Outcome) -> Sequence[str]:
    """The limits that a run does not keep."""
    return [limit.name for limit in LIMITS if limit.needs(run) > limit.most]


def _grouped(names: Sequence[str]) -> str:
    """The plans of GitHub in one: `jobs at a time: Free, Pro`."""
    plans = [name.removeprefix(PLAN) for name in names if name.startswith(PLAN)]
    others = [name for name in names if not name.startswith(PLAN)]
    return "; ".join([*([PLAN.replace(", ", ": ") + ", ".join(plans)] if plans else []), *others])


def breaks(images: int) -> Sequence[tuple[str, str]]:
    """Each limit that some number of runners exceeds, and which numbers: first what the fewest runners meet."""
    found: dict[str, list[int]] = {}
    for run in runs(images):
        for name in beyond(run):
            found.setdefault(name, []).append(run.runners)
    return [(name, _span(counts)) for name, counts in found.items()]


def _span(counts: Sequence[int]) -> str:
    first, last = counts[0], counts[-1]
    if last == RUNNERS[-1]:
        return f"from {first}" if first > RUNNERS[0] else "always"
    return f"up to {last}"


HEAD = ("wall time", "runner minutes", "cost", "requests", "busiest minute", "release", "beyond")


def row(run: Outcome) -> list[str]:
    """A run as a table shows it."""
    return [
        minutes(run.wall),
        f"{run.minutes:,}",
        f"${run.cost:.2f}",
        thousands(run.requests),
        thousands(run.busiest),
        minutes(run.release),
        _grouped(beyond(run)) or "-",
    ]


def minutes(seconds: float) -> str:
    """`7 min`, or from ten hours on `17 h`."""
    return f"{seconds / 3600:.0f} h" if seconds >= 36000 else f"{seconds / 60:.0f} min"


def thousands(count: float) -> str:
    """To three digits: it is a simulation."""
    step = 10 ** max(len(str(int(count))) - 3, 0)
    return f"{round(count / step) * step:,}"


def scale_page(page: Callable[..., str], table: Callable[..., str]) -> str:
    """docs/scale.md; ``page`` and ``table`` are those of docs/generate.py."""
    recorded, assumed = read_recorded(), Assumed()
    biggest = runs(SIZES[-1])[-1]
    blocks = [TEXT.format(most=RUNNERS[-1]), "![wall time over runners](scale.svg)", _flow()]
    for images in SIZES:
        rows = [[str(run.runners), *row(run)] for run in runs(images)]
        blocks += [f"## {images:,} images, all of them new", table(("runners", *HEAD), rows)]
    blocks += [f"## When little has changed\n\nUp to {ONE} runners, only what is affected is shared out."]
    little = [
        [f"{images:,}", name, str(run.runners), *row(run)]
        for images in SIZES
        for name, run in small_runs(images).items()
    ]
    blocks += [table(("images", "run", "runners", *HEAD), little), "## What breaks first"]
    broken = [[f"{images:,}", *each] for images in SIZES for each in breaks(images)]
    share = f"{biggest.release / biggest.wall:.0%}"
    blocks += [table(("images", "beyond", "with how many runners"), broken)]
    torch = TORCH / assumed.bandwidth
    blocks += [
        MEANS.format(share=share, images=f"{SIZES[-1]:,}", most=RUNNERS[-1], torch=torch),
        "## The limits",
    ]
    blocks += [table(("limit", "most", "source"), [*_limits(recorded.largest_layer, assumed.bandwidth)])]
    blocks += ["## What it is fed with", f"Recorded: {recorded.about}."]
    blocks += [_requests(table, recorded.requests)]
    blocks += [WORK.format(at_once=recorded.at_once)]
    known = [
        [f"{getattr(assumed, each.name):,}".removesuffix(".0"), each.metadata["about"]]
        for each in fields(assumed)
    ]
    known += [[f"{recorded.processor:g}", "seconds of planning an image; `make bench-release`"]]
    blocks += [table(("value", "of what"), known)]
    blocks += [f"Not simulated: jobs that wait for a runner, retries, a slow registry. Prices: [runner pricing]({PRICES})."]  # fmt: skip
    return page("A thousand images and more", *blocks)


def _flow() -> str:
    recorded, images = read_recorded(), SIZES[0]
    fleet = grow(recorded.fleet, images, Assumed().families)
    waved, alone = (simulate(fleet, recorded, ONE, wave=wave) for wave in (True, False))
    later = minutes(waved.wall - alone.wall)
    return FLOW.format(
        images=f"{images:,}", runners=ONE, alone=alone.minutes, waved=waved.minutes, later=later
    )


def _limits(layer: int, bandwidth: float) -> Sequence[Sequence[str]]:
    rows = [[each.name, f"{each.most:,g} {each.unit}", each.source] for each in LIMITS]
    upload = layer / bandwidth
    said = f"the largest layer here has {layer / 1e6:.0f} MB"
    return [
        *rows,
        ["a layer on GHCR", "10 GB", f"[GHCR]({GHCR}); {said}"],
        ["an upload to GHCR", "10 minutes", f"[GHCR]({GHCR}); that layer takes {upload:.0f} s"],
        ["API requests with GITHUB_TOKEN", "1,000 an hour", f"[REST API]({API}); the module makes none: it speaks to the registry only. Whether requests to ghcr.io count is not documented"],
    ]  # fmt: skip


def _requests(table: Callable[..., str], told: Mapping[str, Mapping[str, float]]) -> str:
    names = {
        "built": "built, tested, pushed",
        "reused": "found, nothing to do",
        "release": "released under a new name",
        "released": "released before: the same again",
    }
    kinds = ("fixed", "image", "test", "layer", "base_layer")
    rows = [[about, *(f"{told[key][kind]:g}" for kind in kinds)] for key, about in names.items()]
    head = (
        "requests to the registry",
        "of the call",
        "an image",
        "a smoke test",
        "a layer",
        "a layer of its base",
    )
    return "Counted in the access log of a registry, on the local engine:\n\n" + table(head, rows)  # fmt: skip


# The plot

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 64, 130, 40, 52
STYLE = """\
<style>
text { font: 13px system-ui, sans-serif; fill: #57606a } .title { font-size: 15px; fill: #1f2328 }
.grid { stroke: #d0d7de } .plan { stroke: #8c959f; stroke-dasharray: 4 4 } path { fill: none; stroke-width: 2.5 }
.a { stroke: #0969da } .b { stroke: #bc4c00 } circle.a { fill: #0969da } circle.b { fill: #bc4c00 }
text.a { fill: #0969da; stroke: none } text.b { fill: #bc4c00; stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d } .plan { stroke: #656c76 }
.a { stroke: #4493f8 } .b { stroke: #f0883e } circle.a, text.a { fill: #4493f8 } circle.b, text.b { fill: #f0883e }
}
</style>"""
MARKS = ((10, "10 min"), (30, "30 min"), (60, "1 h"), (180, "3 h"), (360, "6 h"), (1440, "24 h"))


def across(runners: float) -> float:
    """Pixels from the left."""
    return LEFT + (WIDTH - LEFT - RIGHT) * log(runners) / log(RUNNERS[-1])


def down(wall: float) -> float:
    """Pixels from the top, of minutes."""
    low, high = log(8), log(2200)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (log(wall) - low) / (high - low)


def scale_plot() -> str:
    """docs/scale.svg: wall time over runners, both logarithmic."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Simulated wall time over the number of runners</title>",
        STYLE,
        f'<text class="title" x="{LEFT}" y="20">Wall time, all images new (simulated)</text>',
    ]
    for wall, name in MARKS:
        y = down(wall)
        lines += [f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>']
        lines += [f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>']
    for limit in LIMITS:
        plan = limit.name.partition(PLAN)[2]
        if plan and limit.most <= RUNNERS[-1]:
            x = across(limit.most)
            lines += [f'<line class="plan" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>']
            lines += [f'<text x="{x - 4:.1f}" y="{TOP + 12}" text-anchor="end">{plan}</text>']
    for count in RUNNERS:
        lines += [f'<text x="{across(count):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{count}</text>']  # fmt: skip
    lines += [f'<text x="{across(RUNNERS[-1] ** 0.5):.1f}" y="{HEIGHT - 10}" text-anchor="middle">runners</text>']  # fmt: skip
    for images, name in zip(SIZES, "ab", strict=True):
        points = [(across(run.runners), down(run.wall / 60)) for run in runs(images)]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        lines += [f'<path class="{name}" d="M{path}"/>']
        lines += [f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points]
        x, y = points[-1]
        lines += [f'<text class="{name}" x="{x + 10:.1f}" y="{y + 4:.1f}">{images:,} images</text>']
    return "\n".join([*lines, "</svg>"]) + "\n"
