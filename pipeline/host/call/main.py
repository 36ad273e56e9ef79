"""`pipeline call`, `pipeline functions` and `pipeline check`: what happens before dagger-io is imported."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.errors import PipelineError, UsageError
from pipeline.host.call.locate import Location, locate
from pipeline.host.call.options import named_module, option
from pipeline.host.session import Engine, outer_session

_FUNCTIONS_HELP = """List the functions of the module, or those that can follow a chain of its functions.

USAGE
  pipeline functions [-m DIR] [FUNCTION…]
"""
_CHECK_HELP = """Run the module's checks, all of them or those named; ends with 1 if any fails.

USAGE
  pipeline check [-l] [-m DIR] [CHECK…]

OPTIONS
  -l, --list   List them
"""

# NB: `dagger functions` ends with this remark for every module, since its API gives each main object a `with`
_REMARK = "\nSkipped 1 function(s) with unsupported types: with\n"


def _stdout_apart() -> int:
    """Let all that is printed go to stderr; returns a descriptor of the real stdout, for the result alone."""
    sys.stdout.flush()
    result = os.dup(1)
    os.dup2(2, 1)
    return result


def _write(text: str, descriptor: int) -> None:
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        stream.write(text)


def _module(words: Sequence[str]) -> Location:
    location = locate(named_module(words), start=Path.cwd())
    # NB: dagger-io reads these when it is imported
    os.environ["DAGGER_MODULE"] = location.name
    os.environ["DAGGER_MAIN_OBJECT"] = location.entry.partition(":")[2]
    return location


def _work():
    """The part that needs dagger-io."""
    from pipeline.host.call.typechecks import put_off

    with put_off():
        from pipeline.host.call import work
    return work


def _call(words: Sequence[str], engine: Engine | None, stdout: int) -> int:
    location = _module(words)
    work = _work()
    line = work.read(words, location=location)
    if line.options.help:
        _write(work.show_help(line), stdout)
        return 0
    if len(line.calls) == 1:
        _write("Query\n", stdout)  # as `dagger call` answers when no function is named
        sys.stderr.write("Run 'pipeline call --help' for the functions.\n")
        return 0
    address = outer_session() or (engine or Engine()).address()
    code, printed = work.run(line, location=location, address=address, engine=engine)
    _write(printed, stdout)
    return code


def _told(action: Callable[[Engine | None, int], int], *, with_engine: bool) -> int:
    """Do something with an engine that starts meanwhile; errors end with 1, as in `dagger call`."""
    engine = Engine() if with_engine and not outer_session() else None
    stdout = _stdout_apart()
    gc.disable()  # NB: importing dagger-io makes many objects and no garbage; work.run() enables it again
    try:
        return action(engine, stdout)
    except PipelineError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    finally:
        if engine:
            engine.close()
        gc.freeze()  # NB: or the end of the process looks through all objects once more


def call(words: Sequence[str]) -> int:
    """Run one command line.

    Returns
    -------
    int
        Its exit code: 1 for a failure, or that of the command of an ExecError which nobody caught.
    """
    calls_something = any(not each.startswith("-") for each in words) and not _asks_for_help(words)
    return _told(lambda engine, stdout: _call(words, engine, stdout), with_engine=calls_something)


def _asks_for_help(words: Sequence[str]) -> bool:
    return bool({"--help", "-h"} & set(words))


def _table(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows) + 3
    return "".join(f"{name:<{width}}{text}".rstrip() + "\n" for name, text in rows)


def _names(words: Sequence[str]) -> list[str]:
    """The words that are neither an option nor an option's value."""
    names: list[str] = []
    left = iter(words)
    for word in left:
        found = option(word.lstrip("-")) if word.startswith("-") else None
        if found and found.takes_value:
            next(left, None)
        elif not word.startswith("-"):
            names.append(word)
    return names


def functions(words: Sequence[str]) -> int:
    """List what can be called: of the module, or of what a chain of functions returns."""
    if _asks_for_help(words):
        sys.stdout.write(_FUNCTIONS_HELP)
        return 0

    def listing(_engine: Engine | None, stdout: int) -> int:
        location = _module(words)
        work = _work()
        names = _names(words)
        rows = [(each.name, each.summary) for each in work.functions_below(location, names)]
        _write(_table([("Name", "Description"), *rows]) + ("" if names else _REMARK), stdout)
        return 0

    return _told(listing, with_engine=False)


def check(words: Sequence[str]) -> int:
    """List the checks with -l, or run those named, all without a name; 1 if any fails."""
    if _asks_for_help(words):
        sys.stdout.write(_CHECK_HELP)
        return 0
    only_list = bool({"-l", "--list"} & set(words))

    def checking(engine: Engine | None, stdout: int) -> int:
        location = _module(words)
        work = _work()
        constructor, checks = work.checks_of(location)
        wanted = {each.removeprefix(f"{location.name}:") for each in _names(words)}
        if unknown := wanted - {each.name for each in checks}:
            raise UsageError(
                f"no check {', '.join(sorted(unknown))}", next_step="pipeline check -l lists them"
            )
        chosen = [each for each in checks if not wanted or each.name in wanted]
        if only_list:
            rows = [(f"{location.name}:{each.name}", each.summary) for each in chosen]
            _write(_table([("Name", "Description"), *rows]), stdout)
            return 0
        address = outer_session() or (engine or Engine()).address()
        failures = work.run_checks(constructor, chosen, location=location, address=address)
        sys.stderr.writelines(f"Error: {each}\n" for each in failures)
        return 1 if failures else 0

    return _told(checking, with_engine=not only_list)
