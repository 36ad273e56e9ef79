"""The flag --settle: by how many seconds a registry's reads may lag behind its writes."""

from pipeline.errors import UsageError
from pipeline.registry.tag_phase.release import Timing

_LONGEST = 3600


def settling(seconds: float) -> Timing:
    """The timing for such reads. Raises UsageError for what is no lag, or waits for more than an hour."""
    if not 0 < seconds < _LONGEST:
        raise UsageError(
            f"{seconds:g} seconds is no settle time",
            where="--settle",
            consequence="nothing is released or deployed",
            next_step="give more seconds than the registry's reads lag behind its writes",
        )
    return Timing(settle=seconds)
