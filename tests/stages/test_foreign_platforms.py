"""What an engine cannot run for its platform is skipped or explained; anything else stays what it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.planning.discover import survey
from pipeline.planning.sources import Sources
from pipeline.reporting.model import Check, Failure, ServiceRun, UnitRun, Verdict
from pipeline.reporting.words import title
from pipeline.stages.smoke import foreign
from pipeline.stages.smoke.foreign import explained, remarks_on, unless_foreign, untested
from pipeline.stages.smoke.stand import Smoked

FLEET = Path(__file__).parents[2] / "fleet"
NAMES = Names(registry="ghcr.io", organisation="org", namespace="ai_system")
BOTH = ("linux/amd64", "linux/arm64")
UNIT = survey(load_catalog(FLEET), Sources(FLEET), NAMES, ["vision_suite"]).units[-1]
FORMAT = "runc run failed: exec /bin/sh: exec format error"


def failed(*log: str, what: str = "a command ended with 1") -> Failure:
    return Failure(subject="x", stage="build", what=what, log=log, hint="a hint")


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine's answer, which no engine is needed for."""

    async def native() -> str:
        return "linux/amd64"

    monkeypatch.setattr(foreign, "native_platform", native)


@pytest.mark.parametrize(
    ("failure", "platform", "is_told"),
    [
        pytest.param(failed(FORMAT), "linux/arm64", True, id="in the log"),
        pytest.param(failed(what=f"x: {FORMAT.title()}"), "linux/arm/v7", True, id="in the message"),
        pytest.param(failed(FORMAT), "linux/amd64", False, id="on its own platform"),
        pytest.param(failed(FORMAT), "linux/x86_64", False, id="by another name"),
        pytest.param(failed("sh: not found"), "linux/arm64", False, id="another failure"),
    ],
)
async def test_a_build_that_needs_emulation_says_so(
    failure: Failure, platform: str, *, is_told: bool
) -> None:
    told = await explained(failure, platform)
    assert (told == failure) is not is_told
    if is_told:
        assert platform in told.what and "linux/amd64, without emulation" in told.what
        assert f"binfmt --install {platform.split('/')[1]}," in told.hint


@pytest.mark.parametrize(
    ("failure", "platform", "verdict"),
    [
        pytest.param(failed(FORMAT), "linux/arm64", Verdict.SKIPPED, id="foreign"),
        pytest.param(failed(FORMAT), "linux/amd64", Verdict.FAILED, id="native: a wrong program"),
        pytest.param(failed("exited with 3"), "linux/arm64", Verdict.FAILED, id="emulated, and red"),
        pytest.param(None, "linux/arm64", Verdict.PASSED, id="emulated, and green"),
    ],
)
async def test_a_smoke_test_is_skipped_only_where_the_image_cannot_run(
    failure: Failure | None, platform: str, verdict: Verdict
) -> None:
    run = ServiceRun(name="x", verdict=Verdict.FAILED if failure else Verdict.PASSED)
    told = await unless_foreign(Smoked(run=run, failure=failure), platform)
    assert told.run.verdict is verdict and bool(told.failure) is (verdict is Verdict.FAILED)
    if verdict is Verdict.SKIPPED:
        assert told.run.checks[0].detail == (
            "not native: this engine is linux/amd64, and does not emulate linux/arm64"
        )


def test_of_several_platforms_the_others_are_skipped_checks() -> None:
    two = replace(UNIT, platforms=BOTH)
    assert untested(UNIT, "linux/amd64") == () == UNIT.several
    assert untested(two, "linux/arm64") == (
        Check(
            name="platform linux/amd64", verdict=Verdict.SKIPPED, detail="not native: tested on linux/arm64"
        ),
    )
    assert [each.name for each in untested(two, "linux/s390x")] == ["platform linux/arm64"]


def test_what_was_skipped_is_remarked_once() -> None:
    def unit(name: str, *checks: Check) -> UnitRun:
        services = (ServiceRun(name=name, verdict=Verdict.PASSED, checks=checks),) * 2
        return UnitRun(
            kind="image", name=name, decision="build", because="", verdict=Verdict.PASSED, services=services
        )

    gpu = Check(name="kernel", verdict=Verdict.SKIPPED, detail="needs a GPU")
    skipped = untested(replace(UNIT, platforms=BOTH), "linux/amd64")
    units = [unit("a", gpu, *skipped), unit("b", *skipped), unit("c")]
    assert remarks_on(units) == [
        "linux/arm64 was not smoke-tested in 2 of 3 families and images (not native: tested on linux/amd64)"
    ]
    assert remarks_on(units[2:]) == []


@pytest.mark.parametrize(
    ("platform", "told"),
    [
        pytest.param("", "x: build failed after 2.0 s", id="one"),
        pytest.param("linux/arm64", "x: build for linux/arm64 failed after 2.0 s", id="of several"),
    ],
)
def test_a_failure_says_for_which_platform(platform: str, told: str) -> None:
    failure = Failure(subject="x", stage="build", what="", seconds=2.0, platform=platform)
    assert title(failure) == told
