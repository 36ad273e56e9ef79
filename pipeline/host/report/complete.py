"""A run's directory, completed: what only the front end knows is put into the views that lie there."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.host.report.files import NAME, encoded
from pipeline.reporting.model import Run
from pipeline.reporting.views import FILES, FORMATS
from pipeline.reporting.words import with_command


def complete(folder: Path, command: str) -> None:
    """Let the reproduction lines in a run's directory begin with ``command``; another directory is left."""
    if not (folder / NAME).is_file():
        return
    for path in (folder / name for name in FILES):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
            path.write_text(with_command(text, command), encoding="utf-8", errors="surrogateescape")


def write_views(folder: Path, run: Run, *, earlier: Sequence[Run], command: str) -> None:
    """Write every view of a run anew, compared with earlier ones."""
    for name, form in FILES.items():
        (folder / name).write_bytes(encoded(with_command(FORMATS[form](run, earlier), command)))
