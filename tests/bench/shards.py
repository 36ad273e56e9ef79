"""`make bench`: equal images on one empty Docker, and shared out over several, as a workflow's runners do.

Usage: PYTHONPATH=tests/integration python tests/bench/shards.py [--images N] [--shards N] [--out FILE]

Each shard is `pipeline call run --candidates --shard i/n` on a Docker Engine of its own, first with the
family and nothing else in it, then with nothing at all; all of them meet in one registry. They are run one
after the other, and the longest counts: on machines of their own they would run at once. What they pushed
must then be the whole fleet.
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from clients import docker_that_builds, parser_of
from commands import PROGRAM, Clients
from fleets import WORKS, BenchFleet, write_fleet
from ground import FAMILY, Ground, empty_machine, ground
from measure import FailedError, take
from results import Shards, keep


def fleet_of(here: Ground, folder: Path, *, work: str, images: int) -> BenchFleet:
    """A fleet that nobody has built."""
    return write_fleet(
        folder,
        work=WORKS[work],
        images=images,
        family=FAMILY,
        digest=here.digest,
        registry=here.registry,
    )


def run(here: Ground, fleet: BenchFleet, folder: Path, *words: str, warm: bool) -> float:
    """Seconds of one run on a new Docker; it must pass."""
    call = [PROGRAM, "call", "-q", "--source", fleet.path, "--registry", here.registry]
    command = [*call, "run", "--candidates", *words, "-o", folder / "out"]
    try:
        with empty_machine(here.clients) as machine:
            if warm:
                machine.warm(here.base)
            taken = take(*command, environment=machine.environment)
    except FailedError as failure:
        raise SystemExit(f"bench: {failure}") from None
    verdict = json.loads((folder / "out" / "run.json").read_text())["verdict"]
    if verdict != "passed":
        raise SystemExit(f"bench: {' '.join(words) or 'the whole'}: {verdict}")
    print(f"  {' '.join(words) or 'the whole'}: {taken.seconds:.2f} s", file=sys.stderr, flush=True)
    return taken.seconds


def missing(here: Ground, fleet: BenchFleet) -> Sequence[str]:
    """Images of which no candidate is in the registry."""
    call = [PROGRAM, "call", "-q", "--source", fleet.path, "--registry", here.registry]
    told = subprocess.run([*call, "plan", "--format", "json"], check=True, capture_output=True).stdout
    return [each["name"] for each in json.loads(told)["units"] if each["decision"] != "reuse"]


def compare(here: Ground, *, work: str, images: int, shards: int, warm: bool) -> Shards:
    """Both ways, with a fleet each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = run(here, fleet_of(here, folder / "one", work=work, images=images), folder, warm=warm)
        fleet = fleet_of(here, folder / "shared", work=work, images=images)
        parts = [
            run(here, fleet, folder, "--shard", f"{number}/{shards}", warm=warm)
            for number in range(1, shards + 1)
        ]
        if lost := missing(here, fleet):
            raise SystemExit(f"bench: the shards did not push {', '.join(lost)}")
    return Shards(
        work=work,
        images=images,
        warm=warm,
        whole=round(whole, 2),
        parts=tuple(round(each, 2) for each in parts),
    )


def told(found: Shards) -> str:
    """One line for people."""
    begin = "with the family" if found.warm else "with nothing"
    limit = f", limit {found.limit:.2f}" if found.warm else ""
    return (
        f"{found.images} images on {len(found.parts)} Docker Engines {begin}, the longest: "
        f"{max(found.parts):.1f} s; on one: {found.whole:.1f} s; {found.ratio:.2f}{limit}"
        f"{'' if found.within else '   over'}"
    )


def main() -> int:
    """Print the ratio; exit 1 when it is over its limit."""
    parser = parser_of(__doc__)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--work", choices=WORKS, default="cpu")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that its Docker Engines are ended
    with ground(options.base, Clients(docker=docker_that_builds())) as here:
        both = [
            compare(here, work=options.work, images=options.images, shards=options.shards, warm=warm)
            for warm in (True, False)
        ]
    for found in both:
        print(told(found))
    if options.out:
        keep(options.out, shards=[asdict(found) for found in both])
    return 0 if all(found.within for found in both) else 1


if __name__ == "__main__":
    sys.exit(main())
