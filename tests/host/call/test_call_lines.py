"""What each command line prints and returns: as recorded from `dagger call` 0.21.8 on such a module."""

import re
import shlex
from pathlib import Path

import pytest

ENTRIES = "a/\na/x\nb/\n"
OBJECT = "PipelineImage@xxh3:<hex>\n"

# command line, exit code, stdout
LINES = [
    ("call entries", 0, ENTRIES),
    ("call --json entries", 0, '[\n    "a/",\n    "a/x",\n    "b/"\n]\n'),
    ("call --source fleet/a entries", 0, "x\n"),
    ("call --source nope entries", 1, ""),
    ("call image --name a smoke", 0, "a  ok\n"),
    ("call image --name a smoke --service S", 0, "a S ok\n"),
    ("call image --name a", 0, OBJECT),
    ("call --json image --name a", 0, OBJECT),
    ("call image", 1, ""),
    ("call image --name", 1, ""),
    ("call image --nam a smoke", 1, ""),
    ("call imag", 1, ""),
    ("call images name", 0, "a\nb\n"),
    (
        "call --json images name",
        0,
        '[\n    {\n        "name": "a"\n    },\n    {\n        "name": "b"\n    }\n]\n',
    ),
    ("call images smoke", 0, "a  ok\n\nb  ok\n\n"),
    ("call images", 0, f"- {OBJECT}- {OBJECT}"),
    ("call values", 0, "'x' 1 0.5 False None None <Format.TABLE: 'table'>\n"),
    (
        "call values --text=y --number 3 --ratio 1.5 --flag --maybe m --only a,b --format JSON",
        0,
        "'y' 3 1.5 True 'm' ['a', 'b'] <Format.JSON: 'json'>\n",
    ),
    ("call values --only a --only b", 0, "'x' 1 0.5 False None ['a', 'b'] <Format.TABLE: 'table'>\n"),
    ("call values --number x", 1, ""),
    ("call values --format json", 0, "'x' 1 0.5 False None None <Format.JSON: 'json'>\n"),
    ("call values --flag=false", 0, "'x' 1 0.5 False None None <Format.TABLE: 'table'>\n"),
    ("call values --text ''", 0, "'' 1 0.5 False None None <Format.TABLE: 'table'>\n"),
    ("call nothing", 0, ""),
    ("call number", 0, "42"),
    ("call --json number", 0, "42\n"),
    ("call truth", 0, "true"),
    ("call choice", 0, "JSON"),
    ("call --json choice", 0, '"JSON"\n'),
    ("call secret-length --token env:GREETING", 0, "5"),
    ("call secret-length --token env://GREETING", 0, "5"),
    ("call secret-length --token file://dagger.json", 0, "85"),
    ("call secret-length --token env:NOPE_NOT_SET", 1, ""),
    ("call secret-length --token plain", 1, ""),
    ("call show --token env:GREETING", 0, "hello"),
    (
        "call read --file dagger.json",
        0,
        '{"name":"pipeline","engineVersion":"v0.21.8","sdk":{"source":"python"},"source":"."}\n',
    ),
    ("call read --file nope", 1, ""),
    ("call report entries", 0, "d/\npage.html\n"),
    ("call report", 0, "Directory@xxh3:<hex>\n"),
    ("call page contents", 0, "<p>"),
    ("call page", 0, "File@xxh3:<hex>\n"),
    ("call image --name a container file --path /name contents", 0, "a"),
    ("call image --name a container", 0, "Container@xxh3:<hex>\n"),
    ("call fail", 1, ""),
    ("call image --name a context entries", 0, "x\n"),
    ("check -l", 0, None),
    ("check lint", 0, ""),
    ("check", 1, ""),
    ("call lint", 0, ""),
    ("call lint-bad", 1, ""),
    ("call --jobs 2 number", 0, "42"),
    ("call --jobs x number", 1, ""),
    ("call number extra", 1, ""),
    ("call", 0, "Query\n"),
    # beyond the recording
    ("call --jobs 4 half", 0, "0.5"),
    ("call --jobs 8 half", 0, "1"),
    ("call --jobs 16 half", 0, "2"),
    ("call --json nothing", 0, ""),
    ("call secret-length --token cmd://'printf abc'", 0, "3"),
    ("call secret-length --token cmd://false", 1, ""),
    ("call secret-length --token vault://x", 1, ""),
    ("call values --only a,b --only c", 0, "'x' 1 0.5 False None ['a', 'b', 'c'] <Format.TABLE: 'table'>\n"),
    ("call values --format YAML", 1, ""),
    ("call --json images", 0, f"- {OBJECT}- {OBJECT}"),
    ("call --json images context entries", 0, None),
    ("call --source fleet/a/x entries", 1, ""),
    ("call read --file fleet", 1, ""),
    ("call --mod nowhere number", 1, ""),
    ("call -m . number", 0, "42"),
    ("check nope", 1, ""),
    ("check pipeline:lint", 0, ""),
    ("functions nope", 1, ""),
]


@pytest.mark.parametrize(("line", "code", "stdout"), LINES, ids=[each[0] for each in LINES])
def test_a_line_ends_as_it_does_with_dagger(pipeline, line, code, stdout):
    ended = pipeline(*shlex.split(line))

    assert ended.code == code, ended.stderr
    assert stdout is None or re.sub("xxh3:[0-9a-f]{16}", "xxh3:<hex>", ended.stdout) == stdout
    assert ("Error: " in ended.stderr) == (code != 0)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("call image", 'required flag(s) "name" not set'),
        ("call image --nam a smoke", "unknown flag: --nam, did you mean --name?"),
        ("call imag", 'unknown command "imag" for "pipeline call", did you mean image?'),
        ("call number extra", 'unknown command "extra" for "pipeline call number"'),
        ("call values --number x", 'invalid argument "x" for "--number" flag'),
        ("call values --format YAML", "value should be one of JSON,TABLE"),
        ("call --source nope entries", 'failed to get value for argument "source": '),
        ("call read --file nope", "no such file or directory"),
        ("call secret-length --token hunter2secret", 'secret env var not found: "hun..."'),
        ("call fail", "  speech: exit 3\n    reproduce: pipeline call image --name speech smoke\n"),
        ("call -m . fail", "    reproduce: pipeline call --mod . image --name speech smoke\n"),
        ("call fail-together", "Error: the first\nValueError: a second\n"),
        ("check", "pipeline:lint-bad: port 8008 is used by A and B"),
        ("check nope", "no check nope"),
    ],
)
def test_an_error_says_what_went_wrong(pipeline, line, says):
    ended = pipeline(*shlex.split(line))

    assert ended.code == 1
    assert says in ended.stderr


def test_a_pasted_secret_is_not_repeated(pipeline):
    assert "hunter2secret" not in pipeline("call", "show", "--token", "hunter2secret").stderr


@pytest.mark.parametrize("switch", [["--debug"], ["-v", "-v"], ["-vv"]], ids=" ".join)
def test_a_traceback_is_shown_when_asked_for(pipeline, switch):
    assert "RefusedError: 2 of 8" in pipeline("call", *switch, "fail").stderr


def test_what_a_function_prints_is_not_its_result(pipeline):
    ended = pipeline("call", "fail")

    assert ended.stdout == ""
    assert "on stdout" in ended.stderr


def test_functions_are_listed(pipeline):
    ended = pipeline("functions")

    assert ended.code == 0
    assert ended.stdout.startswith("Name            Description\nchoice          Return an enum.\n")
    assert "\nimage           One image.\n" in ended.stdout
    assert pipeline("functions", "image").stdout.splitlines()[1:] == [
        "container   The built container.",
        "context     A directory.",
        "name        Name of the image",
        "smoke       Run the smoke test.",
    ]


def test_checks_are_listed(pipeline):
    assert pipeline("check", "-l").stdout == (
        "Name                Description\n"
        "pipeline:lint       A check that passes.\n"
        "pipeline:lint-bad   A check that fails.\n"
    )


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("call report -o OUT", {"OUT/page.html": "<p>", "OUT/d/run.json": "{}"}),
        ("call -o OUT page", {"OUT": "<p>"}),
        ("call page --output=OUT", {"OUT": "<p>"}),
        ("call number -o OUT", {"OUT": "42"}),
        ("call images name -oOUT", {"OUT": "a\nb\n"}),
    ],
)
def test_a_result_is_saved(pipeline, tmp_path, line, files):
    ended = pipeline(*shlex.split(line.replace("OUT", str(tmp_path / "OUT"))))

    assert (ended.code, ended.stdout) == (0, "")
    assert "Saved to" in ended.stderr
    assert {name: (tmp_path / name).read_text() for name in files} == files


def test_an_object_without_a_file_form_is_not_saved(pipeline, tmp_path):
    ended = pipeline("call", "images", "-o", str(tmp_path / "OUT"))

    assert ended.code == 1
    assert not (tmp_path / "OUT").exists()


@pytest.mark.parametrize(
    ("place", "why"), [("/dev/full", "No space left on device"), ("/nowhere/x", "No such file or directory")]
)
def test_a_place_that_cannot_be_written_to_is_named(pipeline, place, why):
    ended = pipeline("call", "number", "-o", place)

    assert ended.code == 1
    assert ended.stderr.endswith(f"Error: --output {place}: the result cannot be written there: {why}\n")


def test_default_paths_stand_on_the_git_work_tree(pipeline, module, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "root").write_text("")
    (tmp_path / "ci").mkdir()
    for name in ("dagger.json", "pyproject.toml", "pipeline"):
        (tmp_path / "ci" / name).symlink_to(module / name)

    assert pipeline("call", "--mod", "ci", "entries", cwd=tmp_path).stdout == "root\n"
    assert pipeline("call", "entries", cwd=Path(module)).stdout == ENTRIES
