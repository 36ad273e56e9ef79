"""docs/scale.md and docs/scale.svg: what tests/bench/scale.py finds, against the limits that GitHub states."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

from plot import Panel, feet, levels, picture, series, text
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

WIDTH, HEIGHT = 720, 400
PANEL = Panel(left=64, right=590, top=40, bottom=348, x=(1, RUNNERS[-1]), y=(8, 2200))
MARKS = ((10, "10 min"), (30, "30 min"), (60, "1 h"), (180, "3 h"), (360, "6 h"), (1440, "24 h"))


def scale_plot() -> str:
    """docs/scale.svg: wall time in minutes over runners, both logarithmic."""
    lines = [
        text(PANEL.left, 20, "Wall time, all images new (simulated)", name="title"),
        *levels(PANEL, MARKS),
    ]
    for limit in LIMITS:
        plan = limit.name.partition(PLAN)[2]
        if plan and limit.most <= RUNNERS[-1]:
            x = PANEL.across(limit.most)
            lines += [f'<line class="plan" x1="{x:.1f}" x2="{x:.1f}" y1="{PANEL.top}" y2="{PANEL.bottom}"/>']
            lines += [text(x - 4, PANEL.top + 12, plan, anchor="end")]
    lines += feet(PANEL, RUNNERS)
    lines += [text(PANEL.across(RUNNERS[-1] ** 0.5), HEIGHT - 10, "runners", anchor="middle")]
    for images, name in zip(SIZES, "ab", strict=True):
        points = [(run.runners, run.wall / 60) for run in runs(images)]
        lines += series(PANEL, name, points, label=f"{images:,} images")
    return picture(WIDTH, HEIGHT, "Simulated wall time over the number of runners", lines)
