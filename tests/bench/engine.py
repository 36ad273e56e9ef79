"""The graph against the bare client doing the same, on a Dagger engine.

Usage: dagger run python tests/bench/engine.py BASE [--rounds N] [--images N] [--work …] [--rival …] [--out …]

BASE is `HOST[:PORT]/bench/FAMILY@sha256:…` with python3, curl and sh, in a registry that this machine, the
engine and its containers reach by that name. Each round writes two fleets that nobody has built before, and
times build, smoke and push of each, within the session; which side is first alternates.

The rival `same` is a script without the module that asks of each image what the module asks: it is healthy,
by its HEALTHCHECK too, an unknown path is 404, the port is reached from another container, SIGTERM ends it,
the registry has the digest that was pushed, and beside it what was found out, as a document with its subject.
It neither plans, lints, asks for rights nor looks for what is there: that is the module's own. `least` waits
for the first healthy answer, and believes the push.
"""

import argparse
import asyncio
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from ssl import create_default_context

import dagger
import httpx
from dagger import BuildArg, dag
from fleets import CPU, FIRST_PORT, SLEEP, BenchFleet, write_fleet
from results import keep

from pipeline.main import Pipeline
from pipeline.registry.oci.media import MANIFEST_TYPES

LIMIT = 1.05
"""Ours divided by the bare client's, at most."""
_MANIFESTS = ", ".join(MANIFEST_TYPES)
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_HEALTHY = """\
python3 /service.py & service=$!
tries=0
until curl -sf "http://127.0.0.1:$HEALTH_PORT/health"; do
  tries=$((tries + 1)); [ "$tries" -lt 300 ] || exit 1; sleep 0.1
done
"""
_MORE = """\
set -e
curl -f "http://localhost:$HEALTH_PORT/health"
[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$HEALTH_PORT/unknown")" = 404 ]
curl -sf "http://beside:8099/$HEALTH_PORT"
kill -TERM $service
wait $service
"""
_BESIDE = """\
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Beside(BaseHTTPRequestHandler):
    def do_GET(self):
        socket.create_connection((self.client_address[0], int(self.path[1:])), timeout=1).close()
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
ThreadingHTTPServer(("", 8099), Beside).serve_forever()
"""


async def same(fleet: BenchFleet, registry: str) -> None:
    """What somebody writes with the client who wants to know as much of each image."""
    source = dag.host().directory(str(fleet.path))
    beside = dag.container().from_(fleet.base).with_exposed_port(8099)
    # NB: with the tag, since a service that was just stopped cannot be started again at once.
    beside = await beside.as_service(args=["python3", "-c", _BESIDE, fleet.tag]).start()

    async def one(client: httpx.AsyncClient, name: str) -> None:
        built = source.directory(name).docker_build(build_args=[BuildArg("BASE_IMAGE", fleet.base)])
        bound = built.with_service_binding("beside", beside)
        await bound.with_exec(["sh", "-c", _HEALTHY + _MORE]).sync()
        repository = f"{fleet.repository}/{name}"
        pushed = await built.publish(f"{repository}:{fleet.tag}")
        path = f"/v2{repository.removeprefix(registry)}/manifests/{fleet.tag}"
        there = await client.head(path, headers={"Accept": _MANIFESTS})
        if there.headers["docker-content-digest"] != pushed.partition("@")[2]:
            raise SystemExit(f"{name}: the registry has another digest than {pushed}")
        await attest(client, path.rpartition("/manifests/")[0], pushed.partition("@")[2])

    async with httpx.AsyncClient(base_url=f"https://{registry}", verify=create_default_context()) as client:
        await asyncio.gather(*(one(client, name) for name in fleet.images))
    await beside.stop(kill=True)


async def attest(client: httpx.AsyncClient, repository: str, digest: str) -> None:
    """Leave beside an image that it was tested: two blobs and their manifest."""
    statement = {"subject": digest, "result": "PASSED", "seconds": time.time()}
    blobs = [b"{}", json.dumps(statement).encode()]
    for blob in blobs:
        begun = (await client.post(f"{repository}/blobs/uploads/")).raise_for_status()
        where = httpx.URL(begun.headers["location"]).copy_merge_params({"digest": _digest(blob)})
        (await client.put(where, content=blob)).raise_for_status()
    config, layer = (
        {"mediaType": f"application/{kind}+json", "digest": _digest(blob), "size": len(blob)}
        for kind, blob in zip(("vnd.oci.empty.v1", "vnd.test-result"), blobs, strict=True)
    )
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": [layer]}
    tag, body = f"tested-{digest.partition(':')[2]}", json.dumps(manifest)
    put = await client.put(f"{repository}/manifests/{tag}", content=body, headers={"Content-Type": _MANIFEST})
    put.raise_for_status()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


async def least(fleet: BenchFleet, registry: str) -> None:
    """What somebody writes who has read the client's documentation: everything at once, nothing looked at."""
    source = dag.host().directory(str(fleet.path))

    async def one(name: str) -> None:
        built = source.directory(name).docker_build(build_args=[BuildArg("BASE_IMAGE", fleet.base)])
        await built.with_exec(["sh", "-c", _HEALTHY]).sync()
        await built.publish(f"{fleet.repository}/{name}:{fleet.tag}")

    await asyncio.gather(*(one(name) for name in fleet.images))


async def ours(fleet: BenchFleet, registry: str) -> None:
    """The module's function, as an engine calls it; every port is also tried from another container."""
    await Pipeline(source=dag.host().directory(str(fleet.path)), registry=registry).build_all(candidates=True)


async def timed(
    side: Callable[[BenchFleet, str], Awaitable[None]], fleet: BenchFleet, registry: str
) -> float:
    began = time.perf_counter()
    await side(fleet, registry)
    return time.perf_counter() - began


async def main() -> int:
    options = _options()
    name, _, digest = options.base.partition("@")
    registry, _, family = name.partition("/bench/")
    bare = same if options.rival == "same" else least
    ratios: list[float] = []
    async with dagger.connection():
        await dag.container().from_(options.base).sync()
        for number in range(options.rounds):
            seconds: dict[str, float] = {}
            for side in (bare, ours) if number % 2 else (ours, bare):
                with tempfile.TemporaryDirectory() as folder:
                    fleet = write_fleet(
                        Path(folder),
                        work=SLEEP if options.work == "sleep" else CPU,
                        images=options.images,
                        family=family,
                        digest=digest,
                        registry=registry,
                    )
                    seconds[side.__name__] = await timed(side, fleet, registry)
            ratios.append(seconds["ours"] / seconds[bare.__name__])
            print(
                f"ours {seconds['ours']:.1f} s, bare client {seconds[bare.__name__]:.1f} s: {ratios[-1]:.2f}",
                flush=True,
            )
    median = statistics.median(ratios)
    print(f"median {median:.2f} of {options.images} images from port {FIRST_PORT}; the limit is {LIMIT}")
    if options.out:
        told = {"images": options.images, "work": options.work, "rival": options.rival}
        keep(options.out, engine=told | {"ratios": [round(each, 3) for each in ratios], "limit": LIMIT})
    return 0 if median <= LIMIT else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", help="HOST[:PORT]/bench/FAMILY@sha256:…")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--rival", choices=["same", "least"], default="same")
    parser.add_argument("--work", choices=["sleep", "cpu"], default="sleep")
    parser.add_argument("--out", type=Path, help="put the ratios into this JSON file")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
