"""docs/benchmarks.md and docs/benchmarks.svg: what `make bench RESULTS=tests/bench/results.json` left."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from commands import SIDES
from plot import Panel, feet, levels, picture, series, text
from results import (
    HEAD,
    MEMORY_LIMIT,
    RESULTS,
    Measured,
    Shards,
    held,
    read_measured,
    rows,
)

NAMES = {"ours": "pipeline", "loop": "shell loop", "bake": "buildx bake"}
ABOUT = """\
Every figure is a ratio of one run on one machine; seconds are only told with it. The whole is `make bench`, with more
than 8 images `make bench SIZES="8 32 100"`, and `RESULTS=tests/bench/results.json` with `make docs` makes this page.

![seconds over images](benchmarks.svg)
"""
WHO = """\
- **pipeline**: `pipeline call build-all --candidates`, on the local engine: plan, lint, build, smoke tests, push, evidence.
- **shell loop**: [loop.sh](../tests/bench/loop.sh), one image after the other: `docker build` (BuildKit), `docker run`
  with health polled every 0.1 s, `docker push`.
- **buildx bake**: [bake.sh](../tests/bench/bake.sh), everything at once, from the file that `plan --format bake` gives, with
  an inline cache. It builds and pushes; it tests nothing.
"""
PHASES = """\
Every side gets fleets that nobody has built before. Each image has one layer with a second of sleep (*sleep*), or a second
of processor time (*cpu*), and a service with a health endpoint. Whole commands are timed, start-up included. *build*:
only the builds, ours in a session that is open. *cold*: everything. *again*: nothing has changed. *changed*: a line in
one service. *empty*: nothing has changed, on a Docker Engine without a single image. Medians of the rounds: {rounds}. *MiB* is
what all our processes had in memory together at most, *MB* are bytes of blobs that a side pushed. Docker Engines and the
registry are the benchmark's own, with `GOGC=400` as set-up starts its own.
"""
SHARED = """\
Equal images with a second of processor time each, built, tested and pushed on one new Docker Engine, and in shards (`run
--candidates --shard i/n`) on a new one each, run one after the other on this machine; then every candidate is in the registry. A
Docker Engine *with the family* has that and nothing else. One *with nothing* pulls it first: that is not shared out, so the limit is
not for it.
"""
ENGINE = """\
{images} images ({work}) in one session of a Dagger engine, against a script that asks the engine for the same without the module
([engine.py](../tests/bench/engine.py), rival `{rival}`): {ratio:.2f}, the median of {rounds} rounds; its limit is {limit:.2f}.
"""
WHERE = """\
Measured on 2026-11-26 on the machine below, Docker 20.10.24, 8 images with the sleep, cold: 5.5 to 6.0 s, in which two processors
give 11 to 12 s (before builds began apart). Used were 8.5: 1.8 by our two processes (1.1 of them start-up, 0.4 importing dagger-io), 4.5 by Docker
Engine, 1.6 in the containers, 0.6 by the registry. The shell loop used 6.4 in 13.8 s.

- Starting a container takes Docker 0.22 s of processor time, half of it for its network namespace (0.11 s with the
  host's network); so does a `RUN`. Here that is 17 times, 3.7 s that nobody who builds and tests with this Docker is spared.
- A test takes 0.15 s in its container, of which the service itself is 0.06; the rest is the probe: four times `curl`.
- Two fifths of what Docker 20.10 uses is its own program started anew, two or three times for a container. Set-up
  starts it with `GOGC=400`, by which that takes 37 ms instead of 53, and so it is started for all sides here.
- While all builds sleep nothing else is to be done. So they begin a little apart (a quarter of a second of processor time,
  shared by the processors): 5.2 s instead of 5.4, medians of 6 runs each, and the builds alone take as long as before. The
  container that looks at ports from beside starts after the first of them: 1 to 5 % less, three times 10 to 16 pairs of runs.
- To read the tables of ports takes the kernel 10 ms. A test does so only where its container has a socket at all: 4 % less,
  10 pairs of runs.

So by this estimate a cold run of 8 sleeping images on two processors ends after about 5 s, 0.35 of the loop: just the limit.
How fast this machine is changes by the minute, and ours uses its processors more than the loop does: in five measurements
of the same day, three rounds each, the ratio was 0.39, 0.39, 0.38, 0.35 and 0.34, of single rounds 0.33 to 0.46.
The table has the last one. More processors help ours and not the loop. With nothing to do, 0.8 s are one start of Python with dagger-io; `bake` asks its cache and the registry about 0.1 s for each image,
so that only fleets of more than 32 keep that limit.

With 32 images 80 to 90 % of both processors are used. With 100 the ratio of a cold run was 0.23 and 0.29 on this day. `bake`
may end with `no such job` there: then it is told, and left out, as its pushes are in the table.
"""
COLUMNS = 2
SHARED_HEAD = ("images", "Docker Engines", "on one, s", "shards", "the longest, s", "ratio", "limit")


def bench_page(page: Callable[..., str], table: Callable[..., str]) -> str:
    """docs/benchmarks.md; ``page`` and ``table`` are those of docs/generate.py."""
    figures = read_results()
    found = read_measured(figures)
    limits = [*held(found)]
    peak = max(each.peak for each in found if each.side == "ours")
    kept = [
        [f"{each.images}", each.limit.work, each.limit.about, NAMES[each.limit.rival], f"{each.ratio:.2f}", f"{each.limit.most:.2f}", "yes" if each.within else "no"]
        for each in limits
    ]  # fmt: skip
    kept += [["", "", "MiB of our own processes together", "-", f"{peak:.0f}", f"{MEMORY_LIMIT}", "yes" if peak <= MEMORY_LIMIT else "no"]]  # fmt: skip
    blocks = [
        ABOUT,
        "## Limits",
        table(("images", "fleet", "what", "divided by", "ratio", "limit", "kept"), kept),
        "## All figures",
        PHASES.format(rounds=_rounds(found)),
        WHO,
        table(HEAD, [*rows(found)]),
    ]
    if "shards" in figures:
        blocks += ["## More machines", SHARED, table(SHARED_HEAD, [*_shared(figures["shards"])])]
    if "engine" in figures:
        blocks += ["## On a Dagger engine", _on_an_engine(figures["engine"])]
    blocks += ["## Where the time goes", WHERE]
    return page("Benchmarks", *blocks, "## The machine", _machine(figures, table))


def _rounds(found: Sequence[Measured]) -> str:
    """`3 of 8 images, 1 of 32`."""
    most: dict[int, int] = {}
    for each in found:
        most[each.images] = max(len(each.seconds), most.get(each.images, 0))
    return ", ".join(f"{rounds} of {images} images" for images, rounds in sorted(most.items()))


def read_results() -> Mapping[str, Any]:
    """tests/bench/results.json."""
    return json.loads(RESULTS.read_text())


def _shared(told: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for each in told:
        found = Shards(**{**each, "parts": tuple(each["parts"])})
        yield (
            f"{found.images}",
            "with the family" if found.warm else "with nothing",
            f"{found.whole:.1f}",
            f"{len(found.parts)}",
            f"{max(found.parts):.1f}",
            f"{found.ratio:.2f}",
            f"{found.limit:.2f}" if found.warm else "-",
        )


def _on_an_engine(told: Mapping[str, Any]) -> str:
    return ENGINE.format(**told, ratio=median(told["ratios"]), rounds=len(told["ratios"]))


def _machine(figures: Mapping[str, Any], table: Callable[..., str]) -> str:
    facts = {
        "when": figures["when"],
        **{name.replace("_", " "): str(value or "not here") for name, value in figures["machine"].items()},
    }
    return table(("what", "value"), [*facts.items()])


# The plot

WIDTH, HEIGHT = 720, 560
MARKS = ((1, "1 s"), (3, "3 s"), (10, "10 s"), (30, "30 s"), (100, "100 s"), (300, "300 s"))
SHOWN = {"cold": "cold", "again": "again", "changed": "one file changed", "empty": "again, Docker empty"}


def bench_plot() -> str:
    """docs/benchmarks.svg: seconds over images of the sleeping fleet, a panel for each phase."""
    found = [each for each in read_measured(read_results()) if each.work == "sleep"]
    sizes = sorted({each.images for each in found})
    lines = [
        text(64, 20, "Seconds over images, whole commands, a second of sleep in each build", name="title"),
        *_legend(),
    ]
    for number, (phase, title) in enumerate(SHOWN.items()):
        panel = _panel(number, sizes)
        lines += [text(panel.left, panel.top - 10, title), *levels(panel, MARKS), *feet(panel, sizes)]
        for name, side in zip("abc", SIDES, strict=True):
            points = [*_points(found, phase, side)]
            lines += series(panel, name, points) if points else []
    return picture(WIDTH, HEIGHT, "Seconds over the number of images", lines)


def _legend() -> Iterator[str]:
    for number, (name, side) in enumerate(zip("abc", SIDES, strict=True)):
        yield text(64 + 130 * number, 44, NAMES[side], name=name)


def _panel(number: int, sizes: Sequence[int]) -> Panel:
    row, column = divmod(number, COLUMNS)
    left, top = 64 + 340 * column, 88 + 240 * row
    # NB: with one size alone there is no line, but still a place.
    across = (sizes[0] * 0.9, sizes[-1] * 1.1)
    return Panel(left=left, right=left + 280, top=top, bottom=top + 180, x=across, y=(0.4, 400))


def _points(found: Sequence[Measured], phase: str, side: str) -> Iterator[tuple[float, float]]:
    for each in sorted(found, key=lambda each: each.images):
        if (each.phase, each.side) == (phase, side):
            yield each.images, each.median
