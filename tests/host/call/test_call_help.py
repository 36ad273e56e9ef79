"""Help at every level, as golden texts."""

import pytest
from inline_snapshot import snapshot

OPTIONS = """\
OPTIONS
  -m, --mod DIR         Folder of the module's dagger.json (default: the nearest)
  -o, --output PATH     Save the result to a local file or directory
  -j, --json            Print the result as JSON
      --progress MODE   auto, rich, plain or json: what is happening, on stderr
  -v, --verbose         Show the output of builds and commands; twice: also tracebacks
  -d, --debug           Show tracebacks and the client's log
  -q, --quiet           Show the result and errors only
  -h, --help            Show this help
"""


def test_help_of_the_module(pipeline):
    ended = pipeline("call", "--help")

    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.replace(OPTIONS, "…\n") == snapshot("""\
Build, test and publish a fleet of images.

Another paragraph.

USAGE
  pipeline call [options] [arguments] <function>

FUNCTIONS
  choice          Return an enum.
  entries         Every path of the source.
  fail            Raise with several lines.
  fail-exec       Let an ExecError through.
  fail-together   Raise what a task group raises.
  half            Return a fraction.
  image           One image.
  images          All images.
  lint            A check that passes.
  lint-bad        A check that fails.
  nothing         Return nothing.
  number          Return a number.
  page            A file.
  read            Contents of a file.
  report          A directory with a page.
  secret-length   Length of a secret.
  show            Return a secret's text.
  truth           Return a truth value.
  values          Echo the arguments as Python sees them.

FIELDS, which can be asked for like functions
  source

ARGUMENTS
  --jobs int           Images in flight (default 4)
  --source Directory   Root of the fleet (default /fleet of the module's repository)

…

Use "pipeline call <function> --help" for more about a function.
""")


def test_help_of_a_function_that_returns_an_object(pipeline):
    shown = pipeline("call", "image", "--help").stdout

    assert shown.replace(OPTIONS, "…\n") == snapshot("""\
One image.

USAGE
  pipeline call image [options] [arguments] <function>

FUNCTIONS
  container   The built container.
  smoke       Run the smoke test.

FIELDS, which can be asked for like functions
  context, name

ARGUMENTS
  --name string   Name of the image [required]

…

Use "pipeline call image <function> --help" for more about a function.
""")
    assert pipeline("call", "image", "--name", "a", "--help").stdout == shown


def test_help_of_flags(pipeline):
    assert pipeline("call", "values", "-h").stdout.replace(OPTIONS, "…\n") == snapshot("""\
Echo the arguments as Python sees them.

USAGE
  pipeline call values [options] [arguments]

ARGUMENTS
  --flag
  --format JSON,TABLE   Output format (default TABLE)
  --maybe string
  --number int          (default 1)
  --only strings        (comma-separated, repeatable)
  --ratio float         (default 0.5)
  --text string         (default "x")

…
""")
    assert pipeline("call", "secret-length", "-h").stdout.replace(OPTIONS, "…\n") == snapshot("""\
Length of a secret.

USAGE
  pipeline call secret-length [options] [arguments]

ARGUMENTS
  --token Secret   A token [required] (env://NAME, file://PATH or cmd://COMMAND)

…
""")


def test_help_of_the_apis_own_objects(pipeline):
    container = pipeline("call", "image", "container", "--help").stdout
    exec_ = pipeline("call", "image", "container", "with-exec", "--help").stdout

    assert "\n  publish " in container
    assert "\n  with-mounted-directory " in container
    assert "\n  --args strings " in exec_
    assert "[required]" in exec_
    assert "(default SUCCESS)" in exec_
    assert max(map(len, (container + exec_).splitlines())) <= 120


@pytest.mark.parametrize("command", ["functions", "check"])
def test_help_of_the_other_commands_runs_nothing(pipeline, command):
    ended = pipeline(command, "--help")

    assert (ended.code, ended.stderr) == (0, "")
    assert f"USAGE\n  pipeline {command} " in ended.stdout


def test_help_is_no_excuse_for_a_wrong_command_line(pipeline):
    ended = pipeline("call", "imag", "--help")

    assert ended.code == 1
    assert ended.stdout == ""
