"""What tests/bench/scale.py is fed with: times of a run of the reference fleet, and counted requests.

Usage: PYTHONPATH=tests/integration python tests/bench/scale_record.py RUN.json --about "engine, machine"
       --processor SECONDS

Small fleets go through a registry of this script's own that logs each request. What a service, a layer of an
image, a layer of its base and the rest add is told apart by fleets that differ in just one of them. Layers
are sent by Docker Engine; what a Dagger engine asks for to send them was not counted.
"""

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real_registry import RealRegistry, running

RECORDED = Path(__file__).with_name("scale.json")
TAG, COMMIT = "20250810-9c99cc9", "9c99cc9" + "0" * 33
ORDER = ("built", "reused", "release", "released")
_ASKED = re.compile(rb'"(?P<method>[A-Z]+) (?P<target>/v2/\S*) HTTP')
_DOCKERFILE = 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nUSER 10001\nCMD ["sleep", "60"]\n'
_FLEET = """\
[fleet]
name = "counted"
registry = "{host}"
organisation = "counted"
[families.base]
digest = "{digest}"
"""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A small fleet: so many images, each of so many layers of its own and services."""

    images: int = 2
    layers: int = 1
    services: int = 1


PLAIN, MORE = Shape(), 4
SHAPES = {
    "image": Shape(images=PLAIN.images + MORE),
    "layer": Shape(layers=PLAIN.layers + MORE),
    "service": Shape(services=PLAIN.services + MORE),
}


def write_fleet(root: Path, shape: Shape, *, host: str, digest: str) -> None:
    """Its directory; a nonce makes each image one that nobody has."""
    text = _FLEET.format(host=host, digest=digest)
    for number in range(shape.images):
        folder = root / f"i{number}"
        folder.mkdir(parents=True)
        copies = "".join(f"COPY f{layer} /f{layer}\n" for layer in range(shape.layers))
        (folder / "Dockerfile").write_text(_DOCKERFILE.replace("USER", copies + "USER"))
        for layer in range(shape.layers):
            (folder / f"f{layer}").write_text(secrets.token_hex(16))
        text += f'[images.i{number}]\nfamily = "base"\ndockerfile = "i{number}/Dockerfile"\n'
        text += f'context = "i{number}"\n'
        for service in range(shape.services):
            text += f'[[images.i{number}.services]]\nname = "s{number}x{service}"\nalive_for = "100ms"\n'
    (root / "fleet.toml").write_text(text)


def count(shape: Shape, base: str) -> tuple[Mapping[str, Counter[str]], int]:
    """Requests of each kind in each of four calls, one after the other; and how many layers the base has."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder, basic=False, access_log=True) as real:
            digest, layers = _push_base(real, base)
            write_fleet(folder / "fleet", shape, host=real.host, digest=digest)
            named = ("release", "--tag", TAG, "--commit", COMMIT)
            calls = (("build-all", "--candidates"), ("build-all", "--candidates"), named, named)
            found = {
                key: _asked_by(real, folder, words, layers) for key, words in zip(ORDER, calls, strict=True)
            }
        return found, len(layers)


def _push_base(real: RealRegistry, base: str) -> tuple[str, Sequence[str]]:
    there = f"{real.host}/counted/base:1"
    for words in (("tag", base, there), ("push", "-q", there), ("rmi", there)):
        subprocess.run(["docker", *words], check=True, stdout=subprocess.DEVNULL)
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    _, body, headers = real.get("counted/base/manifests/1", accept=kind)
    return headers["docker-content-digest"], [layer["digest"] for layer in json.loads(body)["layers"]]


def _asked_by(real: RealRegistry, folder: Path, words: Sequence[str], base: Sequence[str]) -> Counter[str]:
    log = folder / "log"
    before = log.stat().st_size
    program = str(Path(sys.executable).with_name("pipeline"))
    where = ("--source", str(folder / "fleet"), "--registry", real.host)
    subprocess.run([program, "call", "-q", *where, *words], check=True, stdout=subprocess.DEVNULL)
    lines = log.read_bytes()[before:]
    targets = [found["target"].decode() for found in _ASKED.finditer(lines)]
    return Counter("base" if any(layer in target for layer in base) else "other" for target in targets)


def requests(base: str) -> dict[str, Any]:
    """What each thing adds to each call: ``fixed`` once, the others per image, test, layer, base layer."""
    plain, layers = count(PLAIN, base)
    found = {kind: count(shape, base)[0] for kind, shape in SHAPES.items()}
    told: dict[str, Any] = {}
    for key in ORDER:
        each = {kind: found[kind][key]["other"] - plain[key]["other"] for kind in SHAPES}
        layer = each["layer"] / MORE / PLAIN.images
        test = each["service"] / (MORE + 1) / PLAIN.images  # NB: two services or more also run side by side.
        image = each["image"] / MORE - test - layer
        added = {"image": image, "test": test, "layer": layer}
        fixed = plain[key]["other"] - PLAIN.images * sum(added.values())
        under = (found["image"][key]["base"] - plain[key]["base"]) / MORE / layers
        told[key] = {"fixed": fixed, **added, "base_layer": under}
    return told


def times(run: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds of work of each unit, without waiting, and how many were at work at a time."""
    units = []
    sizes = {each["name"]: [layer["size"] for layer in each["layers"]] for each in run["units"]}
    sizes |= {each["name"]: [layer["size"] for layer in each["layers"]] for each in run["bases"]}
    for each in run["units"]:
        own = sizes[each["name"]][len(sizes[each["family"]]) :]
        work = sum(stage["seconds"] for stage in each["stages"] if stage["name"] not in ("wait", "queue"))
        units.append(
            {
                "kind": each["kind"],
                "name": each["name"],
                "family": each["family"],
                "seconds": round(work, 2),
                "tests": len(each["services"]),
                "layers": len(own),
                "base_layers": len(sizes[each["family"]]),
                "bytes": sum(own),
            }
        )
    at_once = sum(each["seconds"] for each in units) / run["seconds"]
    root = {"name": run["bases"][0]["name"], "bytes": sum(sizes[run["bases"][0]["name"]])}
    return {
        "started": run["started"],
        "wall": run["seconds"],
        "at_once": round(at_once, 2),
        "root": root,
        "units": units,
    }


def main() -> None:
    """Write scale.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--about", required=True)
    parser.add_argument(
        "--base", default=os.environ.get("PIPELINE_TEST_BASE", "localhost:5050/pipeline/base:1")
    )
    parser.add_argument("--processor", type=float, required=True, help="of an image, by make bench-release")
    options = parser.parse_args()
    run = json.loads(options.run.read_text())
    recorded = {
        "about": options.about,
        "times": times(run),
        "largest_layer": max(layer["size"] for each in run["units"] for layer in each["layers"]),
        "processor_seconds_per_image": options.processor,
        "requests": requests(options.base),
    }
    RECORDED.write_text(json.dumps(recorded, indent=2) + "\n")


if __name__ == "__main__":
    main()
