"""Mount points that Docker made do not stay in a committed image, and nothing else goes."""

import pytest

from pipeline.local.docker.commit import stubs_among


@pytest.mark.parametrize(
    ("added", "targets", "expected"),
    [
        pytest.param({"/mnt/d"}, ["/mnt/d"], ["/mnt/d"], id="target"),
        pytest.param({"/a", "/a/b"}, ["/a/b"], ["/a"], id="with-its-parent"),
        pytest.param({"/a", "/a/b", "/a/mine"}, ["/a/b"], ["/a/b"], id="parent-in-use"),
        pytest.param({"/a/b", "/a/b/mine"}, ["/a/b"], [], id="written-below"),
        pytest.param({"/mine"}, ["/mnt"], [], id="was-there-before"),
        pytest.param({"/a", "/a/b", "/a/c"}, ["/a/b", "/a/c"], ["/a"], id="two-in-one-parent"),
        pytest.param({"/ab", "/a"}, ["/a"], ["/a"], id="not-a-prefix"),
        pytest.param({"/w", "/w/c"}, ["/w/c/"], ["/w/c"], id="working-directory-stays"),
    ],
)
def test_stubs(added: set[str], targets: list[str], expected: list[str]) -> None:
    assert stubs_among(added, targets, workdir="/w") == expected
