"""Every file that a run leaves behind, by name."""

from collections.abc import Mapping

from pipeline.reporting.junit import show_junit
from pipeline.reporting.markdown import show_markdown
from pipeline.reporting.model import Run
from pipeline.reporting.terminal import show_summary


def all_views(run: Run) -> Mapping[str, str]:
    """File name -> content; ``run.json`` is the one from which the others are made."""
    return {
        "run.json": show_json(run),
        "summary.txt": show_summary(run),
        "summary.md": show_markdown(run),
        "junit.xml": show_junit(run),
    }


def show_json(run: Run) -> str:
    """The run model itself."""
    return run.model_dump_json(indent=2) + "\n"
