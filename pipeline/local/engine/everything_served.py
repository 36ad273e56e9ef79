"""Imports every module that serves fields, so that they are registered."""

from pipeline.local.engine import (  # noqa: F401
    changeset,
    container_config,
    container_edits,
    container_exec,
    container_files,
    container_mounts,
    directory,
    directory_edits,
    docker_build,
    file,
    healthcheck,
    host,
    image,
    query,
    secret,
    service,
)
