"""A GitHub Actions workflow for the fleet: pull requests build and smoke-test, the main branch releases."""

from pathlib import Path

from pipeline.host.init.write import MARK

_TEMPLATE = Path(__file__).with_name("workflow.yml")
_UNKNOWN = "OWNER/pipeline@0000000000000000000000000000000000000000"


def write_workflow(*, source: str, action: str) -> str:
    """The text of fleet.yml.

    Parameters
    ----------
    source:
        The fleet's directory, relative to the repository's top.
    action:
        ``OWNER/NAME@COMMIT`` of the action of this project, or empty where that is not known.
    """
    blank = "" if action else f" {MARK} where the pipeline is published, and the commit to use"
    text = _TEMPLATE.read_text(encoding="utf-8")
    return text.replace("@ACTION@", (action or _UNKNOWN) + blank).replace("@SOURCE@", source)
