"""Reproduction lines begin as the call did, in every view, whatever stands in that command."""

import html
import json
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from runs import RED

from pipeline.reporting.github import show_github
from pipeline.reporting.junit import show_junit
from pipeline.reporting.markdown import show_markdown
from pipeline.reporting.model import Run
from pipeline.reporting.page import show_page
from pipeline.reporting.sarif import show_sarif
from pipeline.reporting.terminal import show_summary
from pipeline.reporting.words import with_command

COMMAND = """pipeline call --source 'a "b" <c> & 100%'"""


def test_only_lines_that_reproduce_are_changed() -> None:
    assert with_command("  reproduce: dagger call x", "pipeline call") == "  reproduce: pipeline call x"
    assert with_command("run dagger call x", "pipeline call") == "run dagger call x"


def _log_of_actions(run: Run) -> str:
    return show_github(run, token="t0ken")


def _message(sarif: str) -> str:
    return json.loads(sarif)["runs"][0]["results"][-1]["message"]["text"]


@pytest.mark.parametrize(
    ("view", "read"),
    [
        pytest.param(show_summary, str, id="terminal"),
        pytest.param(show_markdown, str, id="markdown"),
        pytest.param(_log_of_actions, lambda text: text.replace("%25", "%"), id="annotation"),
        pytest.param(show_page, html.unescape, id="page"),
        pytest.param(show_junit, lambda text: "".join(ElementTree.fromstring(text).itertext()), id="junit"),
        pytest.param(show_sarif, _message, id="sarif"),
    ],
)
def test_every_view_takes_any_command(view: Callable[[Run], str], read: Callable[[str], str]) -> None:
    text = read(with_command(view(RED), COMMAND))
    assert f"{COMMAND} image --name speech_pipeline --base" in text
    assert "dagger call" not in text
