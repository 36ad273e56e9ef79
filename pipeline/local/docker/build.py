"""docker build without a docker client: POST /build with a BuildKit session of our own."""

import hashlib
import json
import posixpath
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from pipeline.docker_host.client import ApiError, DockerError
from pipeline.dockerfile.words import expand
from pipeline.local.blobs import Blobs
from pipeline.local.docker import failures, images, session
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.dockerfile import Script
from pipeline.local.docker.filesync import diff_copy
from pipeline.local.docker.messages import buildkit
from pipeline.local.docker.model import Auth, DockerImage
from pipeline.local.docker.trace import Trace
from pipeline.local.tree import Entry, Kind, Tree

DOCKER_HUB = {"https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io", "docker.io"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to build: ``dockerfile`` is a path within ``context``, whose ``.dockerignore`` applies.

    ``secrets`` by id for ``RUN --mount=type=secret``; ``auth`` by registry host for private bases; ``labels``
    are set at the end, over those of the Dockerfile; ``name`` is what events call it.
    """

    context: Tree
    dockerfile: str = "Dockerfile"
    build_args: Sequence[tuple[str, str]] = ()
    target: str = ""
    platform: str = "linux/amd64"
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    auth: Mapping[str, Auth] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


async def build(docker: Docker, request: Request) -> DockerImage:
    """Build with BuildKit. Raises ExecFailed for a failing RUN, DockerError ("FILE:LINE: …") for all else."""
    script = _script(request, docker.blobs)
    trees = {"context": request.context, "dockerfile": _dockerfile(request.context, script, docker.blobs)}
    handlers = {
        "/moby.filesync.v1.FileSync/DiffCopy": partial(diff_copy, trees=trees, blobs=docker.blobs),
        "/moby.buildkit.secrets.v1.Secrets/GetSecret": partial(_get_secret, secrets=request.secrets),
        "/moby.filesync.v1.Auth/Credentials": partial(_get_credentials, auth=request.auth),
    }
    # NB: BuildKit does not fetch a file again of the same size and time: another tree needs another key
    key = hashlib.sha256("".join(tree.digest for tree in trees.values()).encode()).hexdigest()
    trace, image = Trace(request.name or request.dockerfile, docker.on_event), ""
    name = images.cached(token_hex(16))  # until its id is known
    async with session.serve(docker.client, handlers, shared_key=key) as session_id:
        params = {**_parameters(request, script, session_id), "t": name}
        messages = docker.client.messages("build", params=params)
        try:
            async with aclosing(messages) as stream:  # type: ignore[type-var]
                async for message in stream:
                    if message.get("id") == "moby.buildkit.trace":
                        trace.feed(message["aux"])
                    elif message.get("id") == "moby.image.id":
                        image = message["aux"]["ID"]
        except ApiError as error:
            raise failures.of_build(
                error.what, script=script, trace=trace, version=docker.client.version
            ) from None
    if not image:
        raise DockerError("the build ended without an image", where=script.path)
    kept = await images.keep(docker.client, image)
    docker.later(docker.client.delete(f"images/{name}", noprune="1"))
    return kept


def _parameters(request: Request, script: Script, session_id: str) -> dict[str, str]:
    return {
        "version": "2",
        "session": session_id,
        "remote": "client-session",
        "dockerfile": posixpath.basename(script.path),
        "buildargs": json.dumps(dict(request.build_args)),
        "labels": json.dumps(dict(request.labels)),
        "target": request.target,
        "platform": request.platform,
        **({"pull": "1"} if _has_movable_base(request, script) else {}),
    }


def _has_movable_base(request: Request, script: Script) -> bool:
    """Whether a base is named by a tag: then the registry is asked, lest a local tag be taken."""
    stages = {"scratch"}
    for one in script.instructions:
        if one.keyword == "FROM" and one.words:
            base = expand(one.words[0], dict(request.build_args)).text
            if base.lower() not in stages and "@sha256:" not in base:
                return True
            stages |= {name.lower() for name in one.words[2:]}
    return False


def _script(request: Request, blobs: Blobs) -> Script:
    path = posixpath.normpath(request.dockerfile).lstrip("/")
    entry = request.context.entries.get(path)
    if entry is None or entry.kind is not Kind.FILE:
        what = "no such file or directory in the build context" if entry is None else f"is a {entry.kind}"
        raise DockerError(f'failed to read Dockerfile "{request.dockerfile}": {what}')
    return Script(path, blobs.read(entry.content).decode(errors="replace"))


def _dockerfile(context: Tree, script: Script, blobs: Blobs) -> Tree:
    """The Dockerfile, apart from the context: `COPY .` still sees the original."""
    name, raw = posixpath.basename(script.path), script.served.encode()
    entries = {name: Entry(Kind.FILE, 0o644, size=len(raw), content=blobs.add_bytes(raw))}
    if own_ignore := context.entries.get(f"{script.path}.dockerignore"):
        entries[f"{name}.dockerignore"] = own_ignore
    return Tree(entries)


async def _get_secret(call: Stream, secrets: Mapping[str, bytes]) -> None:
    request: Any = await call.recv_message()
    if request.ID not in secrets:
        raise GRPCError(Status.NOT_FOUND, f"secret {request.ID} not found")
    await call.send_message(buildkit.GetSecretResponse(data=secrets[request.ID]))


async def _get_credentials(call: Stream, auth: Mapping[str, Auth]) -> None:
    request: Any = await call.recv_message()
    names = DOCKER_HUB if request.Host in DOCKER_HUB else {request.Host}
    known = next((auth[name] for name in names if name in auth), Auth(username="", secret=""))
    await call.send_message(
        buildkit.CredentialsResponse(Username=known.username, Secret=known.secret),
    )
