"""How much room a plan needs, and what `df` says."""

import pytest

from pipeline.functions.disk import disk_needed, free_bytes, show_room
from pipeline.reporting.preflight import Disk

BASE = (("sha256:base", 100),)
LAYERS = {
    "root": BASE,
    "torch": (*BASE, ("sha256:torch", 20)),
    "speech": (*BASE, ("sha256:torch", 20), ("sha256:s", 3)),
}


@pytest.mark.parametrize(
    ("busy", "needed", "unknown"),
    [
        pytest.param([], 0, (), id="nothing to do"),
        pytest.param([("speech", "torch")], 3 * 123, (), id="an image and its base"),
        pytest.param([("torch", "root"), ("speech", "torch")], 3 * 123, (), id="shared layers once"),
        pytest.param([("new", "torch")], 3 * 120, ("new",), id="never pushed"),
    ],
)
def test_the_room_for_a_plan(busy: list[tuple[str, str]], needed: int, unknown: tuple[str, ...]) -> None:
    assert disk_needed(busy, LAYERS) == (needed, unknown)


@pytest.mark.parametrize(
    ("disk", "said"),
    [
        pytest.param(Disk(free=9), "nothing to build or pull", id="nothing"),
        pytest.param(
            Disk(free=9, needed=5), "9 B free where the engine builds, up to 5 B needed", id="known"
        ),
        pytest.param(
            Disk(free=9, needed=5, unknown=("a",)),
            "9 B free where the engine builds, up to 5 B needed, and an unknown size for a (never pushed)",
            id="more",
        ),
        pytest.param(
            Disk(free=9, unknown=("a", "b")),
            "9 B free where the engine builds, an unknown size for a, b (never pushed)",
            id="unknown",
        ),
    ],
)
def test_room_is_told(disk: Disk, said: str) -> None:
    assert show_room(disk) == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
            "overlay          263174212 16723492 233009844       7% /\n",
            233009844 * 1024,
            id="overlay",
        ),
        pytest.param("Filesystem 1024-blocks Used Available Capacity Mounted on\n", -1, id="no file system"),
        pytest.param("df: not found", -1, id="no df"),
        pytest.param("", -1, id="nothing"),
    ],
)
def test_what_df_says(text: str, expected: int) -> None:
    assert free_bytes(text) == expected
