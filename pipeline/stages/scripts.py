"""Our own scripts as files of the engine. Mounted they are in no layer, and cost less than new files."""

import dagger
from dagger import dag


def mount_script(container: dagger.Container, path: str, text: str) -> dagger.Container:
    """The container with an executable script at ``path``, for as long as something runs in it."""
    script = dag.directory().with_new_file("script", text, permissions=0o755).file("script")
    return container.with_mounted_file(path, script)
