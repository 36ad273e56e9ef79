"""Imports every module that serves fields, so that they are registered."""

from pipeline.local.engine import (  # noqa: F401
    changeset,
    container_config,
    container_exec,
    container_files,
    container_mounts,
    directory,
    docker_build,
    file,
    file_edits,
    healthcheck,
    host,
    image,
    query,
    secret,
    service,
)
