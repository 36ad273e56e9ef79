"""What two records differ in."""

import pytest

from pipeline.registry.diff import Change, diff
from pipeline.registry.documents.record import Facts, Record, Released

FACTS = Facts(fleet="mainpc", commit="", commit_date="")
ONE = Released(kind="image", name="one", repository="org/one", digest="sha256:1", build_key="a")


def record(*units: Released) -> Record:
    return Record(tag="t", facts=FACTS, units=units)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        pytest.param(None, ONE, "added", id="added"),
        pytest.param(ONE, None, "removed", id="removed"),
        pytest.param(ONE, ONE, "same", id="same"),
        pytest.param(
            ONE,
            Released(kind="image", name="one", repository="org/one", digest="sha256:2", build_key="b"),
            "changed",
            id="another key",
        ),
        pytest.param(
            ONE,
            Released(kind="image", name="one", repository="org/one", digest="sha256:2", build_key="a"),
            "rebuilt",
            id="the same key",
        ),
        pytest.param(
            ONE,
            Released(kind="image", name="one", repository="org/1", digest="sha256:1", build_key="b"),
            "changed",
            id="moved",
        ),
    ],
)
def test_one_image(before: Released | None, after: Released | None, change: Change) -> None:
    [found] = diff(record(*filter(None, [before])), record(*filter(None, [after])))
    assert (found.change, found.before, found.after) == (change, before, after)


def test_a_family_and_an_image_of_one_name_are_two() -> None:
    family = Released(kind="family", name="one", repository="org/f", digest="sha256:9")
    found = diff(record(family, ONE), record(ONE))
    assert [(each.kind, each.change) for each in found] == [("family", "removed"), ("image", "same")]
