"""How a host command ends for a run: an exit code for each kind of failure."""

from pipeline.reporting import words
from pipeline.reporting.model import Run, Verdict

# In the order in which a run goes: the first kind that there is decides. 2 to 6 are those of pipeline.errors.
EXIT_CODES = {
    "catalog": 3,
    "command line": 2,
    "engine": 6,
    "lint": 10,
    "lookup": 4,
    "build": 11,
    "smoke": 12,
    "candidate": 13,
    "release": 5,
}
OTHERWISE = 1


def kind_of(run: Run) -> str:
    """The first kind of failure of a red run, by its stage; empty where there is none."""
    stages = {failure.stage for failure in words.failures(run)}
    return next((stage for stage in EXIT_CODES if stage in stages), "")


def exit_code(run: Run) -> int:
    """0 for a run that did not fail, else the code of `kind_of`, 1 where no failure is told."""
    return EXIT_CODES.get(kind_of(run), OTHERWISE) if run.verdict is Verdict.FAILED else 0
