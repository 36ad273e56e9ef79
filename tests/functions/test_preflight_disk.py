"""How much room a plan needs, and what `df` says."""

import pytest

from pipeline.functions.disk import disk_needed, free_bytes

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
