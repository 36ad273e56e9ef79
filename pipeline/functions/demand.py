"""What a function of the module gives for a run: its summary, as a result or as a failure."""

from pipeline.errors import PipelineError
from pipeline.reporting.model import Run, Verdict
from pipeline.reporting.terminal import show_summary


class RedRunError(PipelineError):
    """A run in which something failed; its message is the whole summary."""


def demand(run: Run) -> str:
    """The summary of a run that passed, or was skipped. Raises RedRunError with it where something failed."""
    summary = show_summary(run)
    if run.verdict is Verdict.FAILED:
        raise RedRunError(summary.rstrip("\n"))
    return summary
