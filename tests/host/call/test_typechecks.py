"""dagger-io's argument checks: as strict when put off as when made at once."""

import subprocess
import sys

import pytest

EAGER = "import dagger"
PUT_OFF = "from pipeline.host.call.main import _work; _work(); import dagger"

WRONG = {
    "a text for a list": 'dagger.dag.container().with_exec("true")',
    "a number for a text": "dagger.dag.directory().file(1)",
    "another object": "dagger.dag.container().with_file('/a', dagger.dag.directory())",
    "an input's field": "dagger.BuildArg(1, 'value')",
}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("first", [EAGER, PUT_OFF], ids=["eager", "put off"])
def test_wrong_arguments_are_refused(first: str):
    tries = "".join(f"try_({name!r}, lambda: {code})\n" for name, code in WRONG.items())
    printed = run(
        f"{first}\n"
        "def try_(name, call):\n"
        "    try: call()\n"
        "    except TypeError: print(name)\n"
        f"{tries}"
        "dagger.dag.container().with_exec(['true'])\n"
        "dagger.BuildArg('name', 'value')\n"
    )
    assert printed.splitlines() == list(WRONG)


def test_only_what_is_used_gets_checks():
    printed = run(
        f"{PUT_OFF}\n"
        "def checked(name): return 'beartype' in vars(dagger.Container)[name].__code__.co_filename\n"
        "def show(): print(checked('with_exec'), checked('file'))\n"
        "container = dagger.dag.container(); show(); container.with_exec(['true']); show()\n"
    )
    assert printed.split() == ["False", "False", "True", "False"]


def test_what_waits_still_looks_like_it():
    printed = run(
        f"{PUT_OFF}\n"
        "import inspect; dagger.dag.container()\n"
        "of = dagger.Container\n"
        "print(inspect.iscoroutinefunction(of.stdout), *inspect.signature(of.with_user).parameters)"
    )
    assert printed.split() == ["True", "self", "name"]


def test_with_another_beartype_nothing_is_put_off():
    printed = run(
        "from pipeline.host.call import typechecks; typechecks.decorcore = object()\n"
        f"{PUT_OFF}\n"
        "print('beartype' in vars(dagger.Container)['with_exec'].__code__.co_filename)"
    )
    assert printed.strip() == "True"


def test_beartype_itself_is_as_it_was():
    printed = run(f"import beartype; real = beartype.beartype\n{PUT_OFF}\nprint(beartype.beartype is real)")
    assert printed.strip() == "True"
