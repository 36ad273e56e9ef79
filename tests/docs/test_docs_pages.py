"""Every link leads somewhere, the generated pages are up to date, and every command line in them exists."""

import argparse
import os
import re
import shlex
from pathlib import Path

import generate
import pytest
from reading import ROOT, anchors, command_lines, links, name, pages

from pipeline.errors import UsageError
from pipeline.host.call import adapter
from pipeline.host.call.parse import parse
from pipeline.host.command import COMMANDS
from pipeline.image import Image
from pipeline.main import Pipeline

_CALL = re.compile(r"\bpipeline call\s")
_HOST = re.compile(r"^(?:\.venv/bin/)?pipeline\s+(?!call\b)(\S+)")
_END = re.compile(r"\s[|>&]|\s#\s|;|\)\"?$")


@pytest.mark.parametrize("written", generate.PAGES)
def test_generated_pages_are_up_to_date(written: str):
    text = (ROOT / "docs" / written).read_text(encoding="utf-8")
    assert text == generate.PAGES[written](), "run `make docs` and commit what it writes"


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    for link in links(text):
        target, _, anchor = link.partition("#")
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{link}: there is no {there}"
        assert there.is_relative_to(ROOT), f"{link} leaves the repository"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there.read_text(encoding="utf-8")), f"{link}: no such heading"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](b.md)", ["b.md"]),
        ("[a [b]](c.md#d) and ![i](i.svg)", ["c.md#d"]),
        ("`[a](b)`", []),
        ("```\n[a](b)\n```\n", []),
    ],
)
def test_links_are_found(text: str, found: list[str]):
    assert list(links(text)) == found


def test_anchors_are_githubs():
    text = "# The `pipeline` command\n## Is it *there*?\n## a_b, c\n## a\n## a\n```\n# no heading\n```\n"
    assert anchors(text) == {"the-pipeline-command", "is-it-there", "a_b-c", "a", "a-1"}


@pytest.mark.parametrize("owner", [Pipeline, Image])
def test_help_lists_functions_alone(owner: type):
    """Flags that are fields, too, would stand among the functions in the help of `dagger call`."""
    functions = adapter.functions_of(adapter.type_of(owner))

    assert [each.name for each in functions if each.is_field] == []
    assert functions


def _lines(pattern: re.Pattern[str]) -> list:
    return [
        pytest.param(line, id=f"{name(page)}: {line}")
        for page in pages()
        for line in dict.fromkeys(command_lines(page.read_text(encoding="utf-8")))
        if pattern.search(line)
    ]


def _words(text: str) -> list[str]:
    """The words of a command line; what the shell would put in becomes what it gives."""
    given = re.sub(r"\$\(pipeline tag [^)]*--flags\)", "--tag T --commit SHA --commit-date DATE", text)
    return shlex.split(_END.split(re.sub(r"\$\([^)]*\)", "X", given))[0])


@pytest.mark.parametrize("line", _lines(_CALL))
def test_calls_in_the_docs_have_functions_and_flags_that_exist(line: str):
    words = _words(_CALL.split(line, maxsplit=1)[1])
    parse(words, constructor=adapter.constructor_of(Pipeline), functions_of=adapter.functions_of)


def test_a_call_that_does_not_exist_would_be_noticed():
    for line in (
        "pipeline call build-al",
        "pipeline call plan --formt json",
        "pipeline call release --tag T",
    ):
        with pytest.raises(UsageError):
            test_calls_in_the_docs_have_functions_and_flags_that_exist(line)


@pytest.mark.parametrize("line", _lines(_HOST))
def test_host_commands_in_the_docs_exist(line: str):
    match = _HOST.search(line)
    assert match
    command = match[1]
    if command.startswith("-"):
        return
    assert command in COMMANDS, line
    parser = generate.parser_of(COMMANDS[command].load())
    if parser:
        try:
            parser.parse_args(_words(line.partition(command)[2]))
        except (SystemExit, argparse.ArgumentError):
            pytest.fail(f"pipeline {command} does not take this: {line}")


@pytest.mark.parametrize("line", _lines(re.compile(r"^make ")))
def test_make_targets_in_the_docs_exist(line: str):
    makefile = (ROOT / "Makefile").read_text()
    for word in line.partition(" ")[2].removeprefix("-C pipeline ").split(" #")[0].split():
        if "=" in word:
            break
        assert re.search(rf"^{re.escape(word)}:", makefile, re.M), line


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {
        (ROOT / "docs" / link.partition("#")[0]).resolve() for link in links(index) if "://" not in link
    }
    folders = {path for path in linked if path.is_dir()}
    missing = [
        name(page)
        for page in pages()
        if page.is_relative_to(ROOT / "docs")
        and page not in linked
        and not any(page.is_relative_to(folder) for folder in folders)
        and page != ROOT / "docs" / "README.md"
    ]
    assert missing == []


def test_the_pages_hold_nothing_of_one_machine():
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/work/|/tmp/pytest|/root/(?!\.cache)", text), name(page)
        assert os.uname().nodename not in text, name(page)


def test_pre_commit_runs_programs_that_make_check_runs():
    """Its own file: the hooks are few and their commands are ours."""
    entries = re.findall(r"entry: (.+)", (ROOT / ".pre-commit-config.yaml").read_text())
    makefile = (ROOT / "Makefile").read_text()
    for entry in entries:
        program = entry.split()[0].removeprefix(".venv/bin/")
        assert (ROOT / ".venv" / "bin" / program).exists(), entry
        assert f"$(bin)/{program}" in makefile, entry
