"""Every view of a run, by its format and by the name of the file that a run leaves behind."""

from collections.abc import Callable, Mapping, Sequence

from pipeline.reporting.badge import show_badge
from pipeline.reporting.junit import show_junit
from pipeline.reporting.markdown import show_markdown
from pipeline.reporting.model import Run
from pipeline.reporting.page import show_page
from pipeline.reporting.sarif import show_sarif
from pipeline.reporting.terminal import show_summary

View = Callable[[Run, Sequence[Run]], str]


def show_json(run: Run) -> str:
    """The run model itself."""
    return run.model_dump_json(indent=2) + "\n"


# Each is made from the run alone, and from earlier ones where there are some to compare with.
FORMATS: Mapping[str, View] = {
    "json": lambda run, _: show_json(run),
    "terminal": lambda run, earlier: show_summary(run, earlier=earlier),
    "markdown": lambda run, earlier: show_markdown(run, earlier=earlier),
    "html": show_page,
    "badge": lambda run, _: show_badge(run),
    "junit": lambda run, _: show_junit(run),
    "sarif": lambda run, _: show_sarif(run),
}

FILES = {
    "run.json": "json",
    "summary.txt": "terminal",
    "summary.md": "markdown",
    "report.html": "html",
    "badge.svg": "badge",
    "junit.xml": "junit",
    "run.sarif": "sarif",
}


def all_views(run: Run) -> Mapping[str, str]:
    """File name -> content; ``run.json`` is the one from which the others are made."""
    return {name: FORMATS[form](run, ()) for name, form in FILES.items()}
