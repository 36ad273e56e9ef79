"""What a platform may be called, and what a family or an image is for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.load import load_catalog
from pipeline.catalog.platform_choice import platforms_of
from pipeline.catalog.platforms import missing_from, normalised, pick_native, read_platform, read_platforms
from pipeline.errors import CatalogError

BOTH = ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        pytest.param("linux/amd64", "linux/amd64", id="usual"),
        pytest.param("linux/x86_64", "linux/amd64", id="another name"),
        pytest.param("linux/aarch64", "linux/arm64", id="another name of arm64"),
        pytest.param("linux/arm64/v8", "linux/arm64", id="variant that goes unsaid"),
        pytest.param("linux/arm", "linux/arm/v7", id="variant that is meant"),
        pytest.param("linux/armhf", "linux/arm/v7", id="name with a variant in it"),
        pytest.param("linux/arm/v6", "linux/arm/v6", id="variant"),
        pytest.param("linux/amd64/v3", "linux/amd64/v3", id="level"),
    ],
)
def test_a_platform_has_one_form(text: str, platform: str):
    assert read_platform(text) == platform == normalised(platform)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("amd64", "'amd64' is not a platform such as linux/amd64", id="no system"),
        pytest.param("linux/", "is not a platform such as", id="no architecture"),
        pytest.param("linux/arm/v7/x", "is not a platform such as", id="too long"),
        pytest.param("Linux/amd64", "is not a platform such as", id="upper case"),
        pytest.param("linux/amd46", "Linux images are for; did you mean linux/amd64?", id="typo"),
        pytest.param("linux/arm65", "did you mean linux/arm64?", id="another typo"),
        pytest.param("windows/amd64", "is not a platform that Linux images are for", id="another system"),
        pytest.param("linux/amd64/v9", "is not a platform that Linux images are for", id="no such level"),
    ],
)
def test_what_is_no_platform_is_told_with_the_nearest(text: str, told: str):
    with pytest.raises(ValueError, match=r".") as failure:
        read_platform(text)
    assert told in str(failure.value)


@given(st.text(max_size=20) | st.from_regex(r"linux/[a-z0-9_-]{1,8}(/[a-z0-9]{1,4})?", fullmatch=True))
def test_any_text_is_a_platform_in_its_one_form_or_refused(text: str):
    try:
        found = read_platform(text)
    except ValueError:
        return
    assert read_platform(found) == found and found.startswith("linux/")


def test_platforms_keep_their_order_and_come_once():
    assert read_platforms(["linux/arm64", "linux/amd64"]) == ("linux/arm64", "linux/amd64")
    with pytest.raises(ValueError, match="linux/arm64 is given twice, as linux/arm64/v8"):
        read_platforms(["linux/arm64", "linux/arm64/v8"])


def test_missing_and_tested_heed_other_names():
    assert missing_from(BOTH, {"linux/amd64", "linux/arm64/v8"}) == ()
    assert missing_from(BOTH, {"linux/amd64", "unknown/unknown"}) == ("linux/arm64",)
    assert pick_native(BOTH, "linux/arm64/v8") == "linux/arm64"
    assert pick_native(BOTH, "linux/riscv64") == pick_native(BOTH, "") == "linux/amd64"


FLEET = """
[fleet]
name = "f"
organisation = "o"
{fleet}
[families.low]
{low}
[families.high]
dockerfile = "Dockerfile"
base = "low"
{high}
[images.app]
family = "high"
dockerfile = "Dockerfile"
{app}
"""
TWO = 'platforms = ["linux/amd64", "linux/arm64"]'
ARM = 'platforms = ["linux/arm64"]'
BUILT = 'dockerfile = "Dockerfile"\n'
PUSHED = 'tag = "1"\n'


def written(root: Path, *, fleet: str = "", low: str = BUILT, high: str = "", app: str = "") -> Path:
    (root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    (root / "fleet.toml").write_text(FLEET.format(fleet=fleet, low=low, high=high, app=app))
    return root


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, [("linux/amd64",)] * 3, id="nothing said"),
        pytest.param({"fleet": 'platform = "linux/arm64"'}, [("linux/arm64",)] * 3, id="the fleet's one"),
        pytest.param({"fleet": TWO}, [BOTH] * 3, id="the fleet's several"),
        pytest.param({"low": BUILT + TWO}, [BOTH] * 3, id="of the first family: whatever stands on it"),
        pytest.param(
            {"fleet": TWO, "high": ARM}, [BOTH, ("linux/arm64",), ("linux/arm64",)], id="a family is narrower"
        ),
        pytest.param({"fleet": TWO, "app": ARM}, [BOTH, BOTH, ("linux/arm64",)], id="an image is narrower"),
        pytest.param({"low": PUSHED + TWO}, [BOTH] * 3, id="of a family that is pushed"),
    ],
)
def test_what_each_is_for(tmp_path: Path, given: dict[str, str], expected: list[tuple[str, ...]]):
    catalog = load_catalog(written(tmp_path, **given))
    assert [platforms_of(catalog, name) for name in ("low", "high", "app")] == expected


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param(
            {"fleet": f'platform = "linux/amd64"\n{TWO}'},
            "[fleet]: give platform or platforms, not both",
            id="both keys",
        ),
        pytest.param(
            {"app": 'platforms = ["linux/amd64", "linux/amd46"]'},
            "[images.app] platforms: 'linux/amd46' is not a platform that Linux images are for; did you mean",
            id="typo",
        ),
        pytest.param(
            {"low": BUILT + 'platforms = ["linux/arm64", "linux/aarch64"]'},
            "[families.low] platforms: linux/arm64 is given twice, as linux/aarch64",
            id="twice",
        ),
        pytest.param(
            {"app": TWO},
            "[images.app] platforms: high, which it stands on, is not for linux/arm64; it is for linux/amd64",
            id="an image wants more than its family is for",
        ),
        pytest.param(
            {"low": PUSHED + ARM, "high": 'platforms = ["linux/amd64"]'},
            "[families.high] platforms: low, which it stands on, is not for linux/amd64; it is for",
            id="a family wants more than the pushed one",
        ),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, given: dict[str, str], told: str):
    with pytest.raises(CatalogError) as failure:
        load_catalog(written(tmp_path, **given))
    assert told in str(failure.value)
