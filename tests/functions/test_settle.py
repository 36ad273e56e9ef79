"""The flag --settle."""

import pytest

from pipeline.errors import UsageError
from pipeline.functions.settle import settling


@pytest.mark.parametrize(("seconds", "wait"), [(0.05, 2.1), (3.0, 8.0), (3599.0, 7200.0)])
def test_others_may_be_as_late_as_this_run(seconds: float, wait: float) -> None:
    assert settling(seconds).rules.wait == pytest.approx(wait)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 3600.0, float("inf"), float("nan")])
def test_what_is_no_lag(seconds: float) -> None:
    with pytest.raises(UsageError, match="is no settle time"):
        settling(seconds)
