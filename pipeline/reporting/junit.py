"""The run as JUnit XML: a suite for each unit, a case for its build, each service and each check.

Elements and attributes as in https://github.com/testmoapp/junitxml
"""

import re
from xml.etree import ElementTree

from pipeline.reporting import words
from pipeline.reporting.model import Failure, Finding, Run, ServiceRun, UnitRun, Verdict
from pipeline.reporting.terminal import show_failure, show_findings

# What XML 1.0 allows: https://www.w3.org/TR/xml/#charsets
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def show_junit(run: Run) -> str:
    """An XML document."""
    suites = ElementTree.Element("testsuites", name=_clean(f"{run.fleet} {run.function}"))
    _lint_suite(suites, run)
    for unit in run.units:
        _unit_suite(suites, unit)
    _count(suites)
    suites.set("time", f"{run.seconds:.2f}")
    ElementTree.indent(suites)
    body = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _lint_suite(parent: ElementTree.Element, run: Run) -> None:
    suite = ElementTree.SubElement(parent, "testsuite", name="lint")
    errors = [finding for finding in run.findings if finding.severity == "error"]
    for finding in errors:
        _finding_case(suite, finding)
    if not errors:
        ElementTree.SubElement(suite, "testcase", classname="lint", name="no error")
    _count(suite)


def _finding_case(suite: ElementTree.Element, finding: Finding) -> None:
    name = _clean(f"{finding.rule} {words.finding_place(finding)}")
    case = ElementTree.SubElement(suite, "testcase", classname="lint", name=name)
    failure = ElementTree.SubElement(case, "failure", message=_clean(finding.message))
    failure.text = _clean(show_findings([finding]))


def _unit_suite(parent: ElementTree.Element, unit: UnitRun) -> None:
    suite = ElementTree.SubElement(parent, "testsuite", name=_clean(unit.name))
    seconds = sum(stage.seconds for stage in unit.stages if stage.name in ("build", "fetch"))
    case = _case(suite, unit.name, unit.decision, seconds)
    if unit.failure:
        _fail(case, unit.failure)
    elif unit.verdict is Verdict.CANCELLED:
        ElementTree.SubElement(case, "skipped", message=_clean(unit.because))
    for service in unit.services:
        _service_cases(suite, unit, service)
    _count(suite)


def _service_cases(suite: ElementTree.Element, unit: UnitRun, service: ServiceRun) -> None:
    case = _case(suite, unit.name, service.name, service.seconds)
    if service.failure:
        _fail(case, service.failure)
    elif service.verdict in (Verdict.SKIPPED, Verdict.CANCELLED):
        ElementTree.SubElement(case, "skipped", message=str(service.verdict))
    if service.log:
        ElementTree.SubElement(case, "system-out").text = _clean("\n".join(service.log))
    for check in service.checks:
        inner = _case(suite, f"{unit.name}.{service.name}", check.name, check.seconds)
        if check.verdict is Verdict.FAILED:
            ElementTree.SubElement(inner, "failure", message=_clean(check.detail))
        elif check.verdict is Verdict.SKIPPED:
            ElementTree.SubElement(inner, "skipped", message=_clean(check.detail))


def _case(suite: ElementTree.Element, classname: str, name: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_clean(classname), name=_clean(name), time=f"{seconds:.2f}"
    )


def _fail(case: ElementTree.Element, failure: Failure) -> None:
    element = ElementTree.SubElement(case, "failure", message=_clean(failure.what), type=failure.stage)
    element.text = _clean(show_failure(failure))


def _count(element: ElementTree.Element) -> None:
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        element.set(name, str(len(element.findall(f".//{tag}"))))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
