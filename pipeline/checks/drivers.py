"""NVIDIA's minimum drivers, and what a driver means for a version of CUDA."""

from enum import Enum

# Linux, x86-64. Source: CUDA Toolkit Release Notes, "CUDA Driver", tables "CUDA Toolkit and Minimum Required
# Driver Version for CUDA Minor Version Compatibility" and "CUDA Toolkit and Corresponding Driver Versions"
# (each release's first), https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/
MINOR_VERSION_COMPATIBILITY = {"11": "450.80.02", "12": "525.60.13", "13": "580.65.06"}
TOOLKIT_DRIVERS = {
    "11.1": "455.23",
    "11.2": "460.27.03",
    "11.3": "465.19.01",
    "11.4": "470.42.01",
    "11.5": "495.29.05",
    "11.6": "510.39.01",
    "11.7": "515.43.04",
    "11.8": "520.61.05",
    "12.0": "525.60.13",
    "12.1": "530.30.02",
    "12.2": "535.54.03",
    "12.3": "545.23.06",
    "12.4": "550.54.14",
    "12.5": "555.42.02",
    "12.6": "560.28.03",
    "12.8": "570.26",
    "12.9": "575.51.03",
    "13.0": "580.65.06",
}


class Fit(Enum):
    """How a driver stands to a version of CUDA."""

    FULL = "at least as new as the toolkit's own driver"
    LIMITED = "older than the toolkit's own driver, but minor version compatibility holds"
    TOO_OLD = "too old for any CUDA of this major version"
    UNKNOWN = "NVIDIA's tables, as they are known here, do not have this CUDA"


def fit(driver: str, cuda: str) -> Fit:
    """How a driver (``535.183.01``) stands to a version of CUDA (``12.1`` or ``12.1.1``)."""
    major, _, rest = cuda.partition(".")
    least = MINOR_VERSION_COMPATIBILITY.get(major)
    own = TOOLKIT_DRIVERS.get(f"{major}.{rest.partition('.')[0]}")
    if least is None:
        return Fit.UNKNOWN
    if _numbers(driver) < _numbers(least):
        return Fit.TOO_OLD
    if own is None:
        return Fit.UNKNOWN
    return Fit.LIMITED if _numbers(driver) < _numbers(own) else Fit.FULL


def least_driver(cuda: str) -> str:
    """The oldest driver on which a CUDA of this major version runs; empty if unknown."""
    return MINOR_VERSION_COMPATIBILITY.get(cuda.partition(".")[0], "")


def toolkit_driver(cuda: str) -> str:
    """The driver that this CUDA's toolkit came with; empty if unknown."""
    return TOOLKIT_DRIVERS.get(".".join(cuda.split(".")[:2]), "")


def _numbers(version: str) -> tuple[int, ...]:
    """NB: as text, 70.1 would be newer than 535."""
    return tuple(int(part) for part in version.split("."))
