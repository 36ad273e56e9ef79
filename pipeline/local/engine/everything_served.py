"""Imports every module that serves fields, so that they are registered."""

from pipeline.local.engine import (  # noqa: F401
    changeset,
    directory,
    directory_edits,
    file,
    host,
    query,
    secret,
)
