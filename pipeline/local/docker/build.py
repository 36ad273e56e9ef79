"""docker build without a docker client: POST /build with a BuildKit session of our own."""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex

from pipeline.local.docker import failures, images, protobuf, session
from pipeline.local.docker.client import ApiError
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.dockerfile import Script
from pipeline.local.docker.filesync import Source, diff_copy, file_chunks
from pipeline.local.docker.model import Auth, DockerError, DockerImage
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
    context = Source(request.context, lambda sha: file_chunks(docker.blobs.path(sha)))
    script = _script(request, context)
    sources = {"context": context, "dockerfile": _dockerfile(context, script)}
    handlers = {
        "/moby.filesync.v1.FileSync/DiffCopy": partial(diff_copy, sources=sources),
        "/moby.buildkit.secrets.v1.Secrets/GetSecret": partial(_get_secret, secrets=request.secrets),
        "/moby.filesync.v1.Auth/Credentials": partial(_get_credentials, auth=request.auth),
    }
    # NB: BuildKit does not fetch a file again of the same size and time: another tree needs another key
    key = hashlib.sha256(f"{request.context.digest}{sources['dockerfile'].tree.digest}".encode()).hexdigest()
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
    values = dict(request.build_args)
    stages: set[str] = {"scratch"}
    for instruction in script.instructions:
        words = [word for word in instruction.rest.split() if not word.startswith("--")]
        if instruction.keyword != "FROM" or not words:
            continue
        base = re.sub(r"\$\{?(\w+)\}?", lambda match: values.get(match[1], match[0]), words[0])
        if base.lower() not in stages and "@sha256:" not in base:
            return True
        if len(words) > 2:
            stages.add(words[2].lower())
    return False


def _script(request: Request, context: Source) -> Script:
    path = posixpath.normpath(request.dockerfile).lstrip("/")
    entry = request.context.entries.get(path)
    if entry is None or entry.kind is not Kind.FILE:
        what = "no such file or directory in the build context" if entry is None else f"is a {entry.kind}"
        raise DockerError(f'failed to read Dockerfile "{request.dockerfile}": {what}')
    return Script(path, b"".join(context.read(entry.content)).decode(errors="replace"))


def _dockerfile(context: Source, script: Script) -> Source:
    """The Dockerfile, apart from the context: `COPY .` still sees the original."""
    name, raw = posixpath.basename(script.path), script.served.encode()
    entries = {name: Entry(Kind.FILE, 0o644, size=len(raw), content=hashlib.sha256(raw).hexdigest())}
    if own_ignore := context.tree.entries.get(f"{script.path}.dockerignore"):
        entries[f"{name}.dockerignore"] = own_ignore

    def read(sha: str) -> Iterable[bytes]:
        return [raw] if sha == entries[name].content else context.read(sha)

    return Source(Tree(entries), read)


async def _get_secret(call: session.Call, secrets: Mapping[str, bytes]) -> None:
    name = protobuf.text(protobuf.decode(await call.receive() or b""), 1)
    if name not in secrets:
        raise session.Refusal(session.NOT_FOUND, f"secret {name} not found")
    await call.send(protobuf.encode((1, secrets[name])))


async def _get_credentials(call: session.Call, auth: Mapping[str, Auth]) -> None:
    host = protobuf.text(protobuf.decode(await call.receive() or b""), 1)
    names = DOCKER_HUB if host in DOCKER_HUB else {host}
    known = next((auth[name] for name in names if name in auth), None)
    await call.send(protobuf.encode((1, known.username), (2, known.secret)) if known else b"")
