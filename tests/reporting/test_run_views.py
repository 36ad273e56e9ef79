"""Markdown, JUnit and JSON: well-formed whatever a service printed, and complete."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from runs import GREEN, RED, STT_FAILURE, golden

from pipeline.reporting.junit import show_junit
from pipeline.reporting.markdown import show_markdown
from pipeline.reporting.model import Run, ServiceRun, UnitRun, Verdict
from pipeline.reporting.read import read_run
from pipeline.reporting.views import all_views, show_json


def test_markdown_of_a_red_run() -> None:
    assert show_markdown(RED) == golden("red.md")


def test_every_run_leaves_the_same_files() -> None:
    files = {"run.json", "summary.txt", "summary.md", "report.html", "badge.svg", "junit.xml", "run.sarif"}
    assert set(all_views(RED)) == set(all_views(GREEN)) == files


def test_json_is_the_run_itself() -> None:
    assert read_run(show_json(RED)) == RED


def test_junit_has_a_case_for_each_build_service_and_check() -> None:
    suites = ElementTree.fromstring(show_junit(RED))
    cases = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    assert ("speech_pipeline", "build") in cases
    assert ("speech_pipeline", "STTService") in cases
    assert ("speech_pipeline.TTSService", "health") in cases
    assert suites.get("tests") == str(len(cases))
    failed = [case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None]
    assert failed == ["STTService", "health"]
    assert suites.get("failures") == "2"


def test_junit_tells_what_a_failure_block_tells() -> None:
    suites = ElementTree.fromstring(show_junit(RED))
    [failure] = [each for each in suites.iter("failure") if each.get("type") == "smoke"]
    assert failure.get("message") == STT_FAILURE.what
    assert "reproduce: dagger call image --name speech_pipeline" in (failure.text or "")


def with_log(line: str) -> Run:
    failure = STT_FAILURE.model_copy(update={"log": (line,), "what": line, "hint": line})
    service = ServiceRun(name="S", verdict=Verdict.FAILED, log=(line,), failure=failure)
    unit = UnitRun(
        kind="image", name="u", decision="build", because=line, verdict=Verdict.FAILED, services=(service,)
    )
    return Run(fleet="f", function="run", verdict=Verdict.FAILED, units=(unit,))


@given(st.text())
def test_no_log_line_breaks_a_view(line: str) -> None:
    run = with_log(line)
    ElementTree.fromstring(show_junit(run))
    assert read_run(show_json(run)) == run
    assert show_markdown(run)


def test_a_log_line_stays_text_in_markdown() -> None:
    shown = show_markdown(with_log("``` <script>x</script> | a\n# b"))
    assert "\n````text\n" in shown
    head = shown.split("````text")[0]
    assert "<script>" not in head
    assert "\n# b" not in head
