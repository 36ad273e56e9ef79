"""Directory.dockerBuild."""

from collections.abc import Mapping
from typing import Any

from pipeline.local.engine.container import Container
from pipeline.local.engine.engine import PLATFORM, Engine
from pipeline.local.engine.image import login
from pipeline.local.engine.operations import serves
from pipeline.local.engine.secret import reveal
from pipeline.local.engine.states import Directory, Secret
from pipeline.local.engine.values import Value

# What events of a build are named after: https://github.com/opencontainers/image-spec/blob/main/annotations.md
TITLE = "org.opencontainers.image.title"


def fused(
    engine: Engine, operation: str, arguments: Mapping[str, Any], parent: Value | None
) -> tuple[str, Mapping[str, Any], Value | None]:
    """The operation with its arguments and parent, or an equal one that costs less.

    A label on what a Dockerfile describes is set by the build, as long as that has not been made: otherwise
    Docker would have to make a second image of each.
    """
    if operation != "Container.withLabel" or parent is None or parent.operation != "Directory.dockerBuild":
        return operation, arguments, parent
    if engine.flights.knows(parent.digest):
        return operation, arguments, parent
    labels = [*parent.arguments.get("labels", ()), dict(arguments)]
    return parent.operation, {**parent.arguments, "labels": labels}, parent.parent


@serves("Directory.dockerBuild")
async def docker_build(
    directory: Directory,
    *,
    engine: Engine,
    dockerfile: str,
    platform: str | None = None,
    build_args: list[dict[str, str]],
    target: str,
    secrets: list[Secret],
    labels: list[dict[str, str]] | None = None,
) -> Container:
    """The image that a Dockerfile describes, with this directory as its context.

    ``labels`` is not in the schema: `fused` moves them here.
    """
    from pipeline.local.docker.build import Request, build  # noqa: PLC0415 - nothing else needs gRPC

    labelled = {item["name"]: item["value"] for item in labels or ()}
    hosts = {host: await login(engine, f"{host}/") for host in engine.logins}
    request = Request(
        context=directory.tree,
        dockerfile=dockerfile,
        build_args=[(item["name"], item["value"]) for item in build_args],
        target=target,
        platform=platform or PLATFORM,
        secrets={secret.name: await reveal(engine, secret) for secret in secrets},
        auth={host: auth for host, auth in hosts.items() if auth is not None},
        labels=labelled,
        name=labelled.get(TITLE, ""),
    )
    image = await build(await engine.docker(), request)
    return Container(platform=request.platform, config=image.config, base=image)
