"""Builds one family or image from its Dockerfile, with BASE_IMAGE injected."""

from pathlib import PurePosixPath

import dagger
from dagger import dag

from pipeline.planning.units import Unit

# A Dockerfile outside its context is put into it under this name; nothing else has it.
FOREIGN_DOCKERFILE = ".pipeline.Dockerfile"


async def build(
    source: dagger.Directory, unit: Unit, base_reference: str, *, platform: str
) -> dagger.Container:
    """The container of a unit for one of its platforms, on ``REPOSITORY@sha256:…``.

    It is not evaluated yet where the unit has no arguments.
    """
    wanted = dagger.Platform(platform)
    container = _described(source, unit, base_reference, wanted)
    return await _without_arguments(container, unit, base_reference, wanted)


def _described(
    source: dagger.Directory, unit: Unit, base_reference: str, platform: dagger.Platform
) -> dagger.Container:
    context, dockerfile = _context(source, unit)
    arguments = {**unit.build_args, "BASE_IMAGE": base_reference}
    container = context.docker_build(
        dockerfile=dockerfile,
        platform=platform,
        build_args=[dagger.BuildArg(name, value) for name, value in sorted(arguments.items())],
        target=unit.target,
    )
    for name, value in sorted(unit.labels.items()):
        container = container.with_label(name, value)
    return container


async def _without_arguments(
    container: dagger.Container, unit: Unit, base_reference: str, platform: dagger.Platform
) -> dagger.Container:
    """The built container without the values of ARG lines, which Docker does not leave in its environment.

    NB: a Dagger engine 0.21.8 leaves those that a RUN has seen (util/llbtodagger/exec.go).
    """
    base = dag.container(platform=platform).from_(base_reference)
    for name in unit.arguments:
        if await container.env_variable(name) is not None and await base.env_variable(name) is None:
            container = container.without_env_variable(name)
    return container


def _context(source: dagger.Directory, unit: Unit) -> tuple[dagger.Directory, str]:
    """The context directory, and the Dockerfile's path inside it."""
    context = source if unit.context in ("", ".") else source.directory(unit.context)
    dockerfile, folder = PurePosixPath(unit.dockerfile), PurePosixPath(unit.context)
    if dockerfile.is_relative_to(folder):
        return context, str(dockerfile.relative_to(folder))
    return context.with_file(FOREIGN_DOCKERFILE, source.file(unit.dockerfile)), FOREIGN_DOCKERFILE
