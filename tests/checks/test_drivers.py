"""Drivers against CUDA, by NVIDIA's tables."""

import pytest

from pipeline.checks.drivers import (
    MINOR_VERSION_COMPATIBILITY,
    TOOLKIT_DRIVERS,
    Fit,
    fit,
    least_driver,
    toolkit_driver,
)


@pytest.mark.parametrize(
    ("driver", "cuda", "expected"),
    [
        pytest.param("525.60.12", "12.1", Fit.TOO_OLD, id="one below the minimum"),
        pytest.param("525.60.13", "12.1", Fit.LIMITED, id="the minimum"),
        pytest.param("530.30.01", "12.1", Fit.LIMITED, id="one below the toolkit's"),
        pytest.param("530.30.02", "12.1", Fit.FULL, id="the toolkit's"),
        pytest.param("535.183.01", "12.1.1", Fit.FULL, id="an update of the toolkit"),
        pytest.param("1000.1", "12.1", Fit.FULL, id="compared as numbers, not as text"),
        pytest.param("99.99.99", "12.1", Fit.TOO_OLD, id="two digits are older than three"),
        pytest.param("535.183.01", "13.0", Fit.TOO_OLD, id="the next major version"),
        pytest.param("535.183.01", "12.99", Fit.UNKNOWN, id="a minor version after these tables"),
        pytest.param("470.1", "12.99", Fit.TOO_OLD, id="too old even so"),
        pytest.param("535.183.01", "99.0", Fit.UNKNOWN, id="a major version after these tables"),
    ],
)
def test_a_driver_and_a_cuda(driver: str, cuda: str, expected: Fit) -> None:
    assert fit(driver, cuda) is expected


def test_the_tables_agree_with_each_other() -> None:
    for cuda, driver in TOOLKIT_DRIVERS.items():
        assert fit(driver, cuda) is Fit.FULL
        assert toolkit_driver(f"{cuda}.1") == driver
    assert {cuda.partition(".")[0] for cuda in TOOLKIT_DRIVERS} == set(MINOR_VERSION_COMPATIBILITY)
    assert (least_driver("12.1"), least_driver("99.0"), toolkit_driver("99.0")) == ("525.60.13", "", "")
