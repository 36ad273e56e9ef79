"""A GitHub Actions workflow for the fleet: pull requests build and smoke-test, the main branch releases."""

from pathlib import Path

from pipeline.local.init.write import MARK

_TEMPLATE = Path(__file__).with_name("workflow.yml")
_UNKNOWN_MODULE = "github.com/OWNER/pipeline@COMMIT"


def write_workflow(*, source: str, module: str) -> str:
    """The text of fleet.yml.

    Parameters
    ----------
    source:
        The fleet's directory, relative to the repository's top.
    module:
        Where Dagger finds this module, or empty where that is not known.
    """
    blank = "" if module else f"  {MARK} where the pipeline module is published, and the commit to use"
    text = _TEMPLATE.read_text(encoding="utf-8")
    return text.replace("@MODULE@", (module or _UNKNOWN_MODULE) + blank).replace("@SOURCE@", source)
