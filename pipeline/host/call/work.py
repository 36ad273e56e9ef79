"""The part of `pipeline call` that needs dagger-io: imported as a whole before the module is."""

import asyncio
import gc
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.host.call import adapter, binding, execute, failure, output, shortcuts
from pipeline.host.call.defaults import (
    deployed_tag,
    source_of,
    with_fleet_here,
    with_login,
    with_settings,
    without_unread,
)
from pipeline.host.call.help import help_text
from pipeline.host.call.interrupt import GRACE_SECONDS, Interrupted, interruptible
from pipeline.host.call.locate import Location, import_main
from pipeline.host.call.model import Address, Call, Function, Type
from pipeline.host.call.names import pascal
from pipeline.host.call.objects import is_remote
from pipeline.host.call.options import Options
from pipeline.host.call.parse import CommandLine, parse
from pipeline.host.kept import Begun, Keeper
from pipeline.host.machine.state import home
from pipeline.host.progress import Progress
from pipeline.host.session import Engine, Session
from pipeline.reporting.words import with_command


def tell(message: str) -> None:
    """An error message for people."""
    sys.stderr.write(f"Error: {message.rstrip()}\n")


def read(words: Sequence[str], *, location: Location) -> CommandLine:
    """Import the module and read a command line for it."""
    constructor = adapter.constructor_of(import_main(location))
    return parse(words, constructor=constructor, functions_of=adapter.functions_of, given=deployed_tag)


def show_help(line: CommandLine) -> str:
    """The help of a command line's last function."""
    return help_text(line, functions=adapter.functions_of(line.calls[-1].function.returns))


_GARBAGE = 20_000
"""Objects after which the garbage collector looks: with Python's 700 a large fleet waits a tenth for it."""


def _collect_again() -> None:
    """Switch the garbage collector on, with all that is imported left out of it."""
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    gc.enable()


def _type_name(type_: Type, location: Location) -> str:
    """How the API calls a type: the module's own are prefixed with its name."""
    prefix = pascal(location.name)
    return type_.name if type_.kind != "object" or type_.name.startswith(prefix) else prefix + type_.name


def _with_defaults(constructor: Call, location: Location) -> Call:
    """The constructor's call with what settings, and where one is, say of flags that were not given."""
    return with_fleet_here(with_settings(constructor, folder=Path.cwd()), location, folder=Path.cwd())


async def _result(
    line: CommandLine, *, location: Location, address: Session, command: str, keeper: Keeper
) -> tuple[str, str]:
    """What to print on stdout and on stderr."""
    options = line.options
    type_name = _type_name(line.calls[-1].function.returns.innermost, location)
    constructor = _with_defaults(line.calls[0], location)
    keeper.begin(_begun(constructor, location, command))
    constructor = without_unread(with_login(constructor, location), location)
    calls = (constructor, *line.calls[1:])
    async with binding.connected(address.port, address.token):
        value = await execute.execute(calls, location=location, named=options.json)
        if output.exportable(value) and options.output:
            await output.export(value, options.output)
            if keeper.heard:
                from pipeline.host.report.complete import complete

                complete(Path.cwd() / options.output, command)
            return "", f'Saved to "{options.output}".\n'
        text = await output.render(value, as_json=options.json, type_name=type_name)
    text = with_command(text, command)
    if not options.output:
        return text, ""
    output.save(text, options.output, value=value)
    return "", f'Saved to "{options.output}".\n'


def run(line: CommandLine, *, location: Location, address: Session, engine: Engine | None) -> tuple[int, str]:
    """Run a command line.

    Returns
    -------
    tuple[int, str]
        The exit code, and what belongs on stdout.
    """
    options = line.options
    _collect_again()
    shortcuts.take()
    if not options.debug:
        binding.hush()
    progress = Progress(mode=options.progress, verbose=options.verbose, quiet=options.quiet)
    keeper = Keeper(home(os.environ))
    if engine:
        engine.listener = progress.event
    command = _command(line)
    work = _result(line, location=location, address=address, command=command, keeper=keeper)
    try:
        printed, remark = asyncio.run(
            interruptible(work, stopping=progress.stop, last_words=progress.last_words)
        )
    except Interrupted as interrupted:
        if engine:
            engine.close(seconds=GRACE_SECONDS)
        return interrupted.exit_code, ""
    except Exception as error:  # noqa: BLE001 - a module's function may raise anything
        progress.close()
        _remark(keeper, options)
        return _failed(error, options, command), ""
    finally:
        keeper.close()
    progress.close()
    _remark(keeper, options)
    sys.stderr.write(remark)
    return 0, printed


def _remark(keeper: Keeper, options: Options) -> None:
    if keeper.remark and not options.quiet:
        sys.stderr.write(f"{keeper.remark}\n")


def _begun(constructor: Call, location: Location, command: str) -> Begun:
    """What to keep of a call beside its run. NB: a secret that was found here will be found again."""
    named = [
        (each, value)
        for each in constructor.function.parameters
        if isinstance(value := constructor.values.get(each.key), Address) and not value.value
    ]
    remote = next((value.text for each, value in named if each.key == "source" and is_remote(value)), "")
    return Begun(
        source=remote or str(source_of(constructor, location).resolve()),
        command=command,
        flags=tuple(
            word for each, value in named if value.type == "Secret" for word in (f"--{each.flag}", value.text)
        ),
    )


def _command(line: CommandLine) -> str:
    """The first words of a line that repeats this one: what the module cannot know is added here.

    These are the module's own place, and paths and the *names* of secrets that its constructor was given.
    """
    constructor = line.calls[0]
    words = ["pipeline", "call", *(["--mod", line.options.mod] if line.options.mod else [])]
    for parameter in constructor.function.parameters:
        value = constructor.values.get(parameter.key)
        if isinstance(value, Address):
            words += [f"--{parameter.flag}", value.text]
    return shlex.join(words)


def _failed(error: BaseException, options: Options, command: str) -> int:
    if options.tracebacks:
        sys.stderr.write(failure.with_traceback(error))
    tell(with_command(failure.describe(error), command))
    return failure.exit_code(error)


def functions_below(location: Location, names: Sequence[str]) -> tuple[Function, ...]:
    """What the module offers, or what can follow a chain of its functions."""
    functions = adapter.functions_of(adapter.constructor_of(import_main(location)).returns)
    for name in names:
        found = next((each for each in functions if each.name == name), None)
        if found is None:
            raise UsageError(f'no function "{name}"', next_step="pipeline functions lists them")
        functions = adapter.functions_of(found.returns)
    return functions


def checks_of(location: Location) -> tuple[Function, tuple[Function, ...]]:
    """The constructor and the checks of a module."""
    constructor = adapter.constructor_of(import_main(location))
    return constructor, tuple(each for each in adapter.functions_of(constructor.returns) if each.is_check)


def run_checks(
    constructor: Function, checks: Sequence[Function], *, location: Location, address: Session
) -> list[str]:
    """Run checks, all at once; returns a message for each that failed."""

    settled = without_unread(_with_defaults(Call(function=constructor), location), location)

    async def run_one(check: Function) -> str:
        try:
            await execute.execute([settled, Call(function=check)], location=location)
        except Exception as error:  # noqa: BLE001 - whatever a check raises is its verdict
            return f"{location.name}:{check.name}: {failure.describe(error)}"
        return ""

    async def run_all() -> list[str]:
        async with binding.connected(address.port, address.token):
            return [each for each in await asyncio.gather(*map(run_one, checks)) if each]

    _collect_again()
    binding.hush()
    return asyncio.run(run_all())
