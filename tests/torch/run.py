"""family-torch-cu121 with the real torch: built, smoked, pushed, read back, pulled elsewhere, checked there.

Prints a table for docs/torch.md. It needs about 25 GB of disk for a while; what Docker cached stays.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from real_registry import running
from tiny_docker import empty_docker, push_copy

FLEET = Path(__file__).parents[2] / "fleet"
ROOT = "example/root-cu121:12.1.1"
FAMILY = "family-torch-cu121"
# Without a network and as the fleet's user: what torch and the loader say, and a product.
CHECK = """
import ctypes, json, resource, time
began = time.monotonic()
import torch
imported = time.monotonic() - began
number = ctypes.c_int()
ctypes.CDLL("libcudart.so.12").cudaRuntimeGetVersion(ctypes.byref(number))
rows = torch.arange(6.0).reshape(2, 3)
print(json.dumps({
    "torch": torch.__version__,
    "cuda of torch": torch.version.cuda,
    "cuda runtime by the loader": number.value,
    "cuda available": torch.cuda.is_available(),
    "product": (rows @ rows.T).tolist(),
    "import seconds": round(imported, 1),
    "peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
}))
"""
EXPECTED = {
    "torch": "2.3.1+cu121",
    "cuda of torch": "12.1",
    "cuda runtime by the loader": 12010,
    "cuda available": False,
    "product": [[5.0, 14.0], [14.0, 50.0]],
}


def main() -> int:
    """0 if everything is as it should be."""
    with tempfile.TemporaryDirectory(prefix="pipeline-torch-") as name:
        folder = Path(name)
        with running(folder, basic=False) as registry:
            source = f"{os.environ['PIPELINE_LOCAL_REGISTRY']}/{ROOT}"
            push_copy(os.environ["DOCKER_HOST"], source, f"{registry.host}/{ROOT}")
            unit = _build(registry.host, folder / "out")
            pulled, seconds, size = _pull(folder, unit["reference"])
    _print(unit, pulled, pull_seconds=seconds, size=size)
    wrong = {name: pulled[name] for name, value in EXPECTED.items() if pulled[name] != value}
    if wrong:
        print(f"not as expected: {wrong}", file=sys.stderr)
    return 1 if wrong or unit["verdict"] != "passed" else 0


def _build(host: str, out: Path) -> dict[str, Any]:
    """Build, smoke, push and read back by `pipeline call`; the family's part of run.json."""
    program = Path(sys.executable).with_name("pipeline")
    flags = ["--source", FLEET, "--catalog", "torch.toml", "--registry", host]
    subprocess.run([program, "call", *flags, "run", "--candidates", "-o", out], check=True)
    run = json.loads((out / "run.json").read_text())
    unit = next(unit for unit in run["units"] if unit["name"] == FAMILY)
    if unit["verdict"] != "passed":
        raise SystemExit((out / "summary.txt").read_text())
    return unit


def _pull(folder: Path, reference: str) -> tuple[dict[str, Any], float, int]:
    """What the check says in a Docker that had nothing, seconds of the pull, and bytes unpacked."""
    folder = folder / "empty"
    folder.mkdir()
    with empty_docker(folder) as docker:
        began = time.monotonic()
        docker("pull", "-q", reference)
        seconds = time.monotonic() - began
        size = int(docker("image", "inspect", "-f", "{{.Size}}", reference))
        said = docker(
            "run", "--rm", "--network", "none", "--user", "10001", reference, "python3", "-c", CHECK
        )
        docker("rmi", reference)
    return json.loads(said), seconds, size


def _print(unit: dict[str, Any], pulled: dict[str, Any], *, pull_seconds: float, size: int) -> None:
    print("\n| what | figure |\n|---|---|")
    for stage in unit["stages"]:
        print(f"| {stage['name']} | {stage['seconds']:.0f} s |")
    print(f"| pull into an empty Docker | {pull_seconds:.0f} s |")
    print(f"| compressed layers | {unit['size'] / 1e9:.1f} GB |")
    print(f"| unpacked | {size / 1e9:.1f} GB |")
    for check in (check for service in unit["services"] for check in service["checks"]):
        print(f"| smoke: {check['name']} | {check['verdict']} {check['detail']} |")
    for name, value in pulled.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    sys.exit(main())
