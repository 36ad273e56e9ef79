"""The `pipeline` command: a table of subcommands, each imported only when it is asked for."""

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# NB: nothing slow may be imported here: `pipeline --help` answers at once


@dataclass(frozen=True)
class Command:
    """A subcommand: what it is for, and where (``module:function``, which takes the words after its name)."""

    about: str
    where: str

    def load(self) -> Callable[[Sequence[str]], int]:
        """Import it."""
        module, _, name = self.where.partition(":")
        return getattr(importlib.import_module(module), name)


COMMANDS = {
    "init": Command(
        "Begin a fleet: fleet.toml from a directory of Dockerfiles", "pipeline.host.init.main:main"
    ),
    "call": Command("Call a function of the module, as `dagger call` does", "pipeline.host.call.main:call"),
    "functions": Command("List the functions of the module", "pipeline.host.call.main:functions"),
    "check": Command("Run the module's checks; -l lists them", "pipeline.host.call.main:check"),
    "gate": Command(
        "Print a finished run for people and for GitHub; ends with its verdict",
        "pipeline.host.report.gate:main",
    ),
    "report": Command(
        "Show the last run, or a run.json, as terminal, html, markdown, junit, sarif, …",
        "pipeline.host.report.report:main",
    ),
    "reproduce": Command(
        "Repeat what failed in the last run, or in a run.json, or open a shell there",
        "pipeline.host.report.reproduce:main",
    ),
    "tag": Command(
        "Print the tag under which the checked-out commit is released", "pipeline.host.machine.tag:main"
    ),
    "run": Command(
        "Run a program of your own with a Dagger session, as `dagger run` does", "pipeline.host.run:run"
    ),
    "setup": Command("Set this machine up: Docker, registry, root image", "pipeline.host.machine.setup:main"),
    "clean": Command("Remove what calls keep, in Docker and on disk", "pipeline.host.clean:main"),
    "completion": Command(
        "Print a completion script for bash, fish or zsh", "pipeline.host.completion.main:main"
    ),
}
# Not for people: what completion scripts ask.
_HIDDEN = {"__complete": Command("", "pipeline.host.completion.candidates:main")}
_EXAMPLES = """\
EXAMPLES
  pipeline init my-fleet                        begin with the Dockerfiles that you have
  pipeline call --source my-fleet lint          what is wrong with it
  pipeline call --source my-fleet plan          what would be built and tested, and why
  pipeline call --source my-fleet build-all     build it, start every service, say what failed
"""


def _usage() -> str:
    rows = "".join(f"  {name:<12}{command.about}\n" for name, command in COMMANDS.items())
    return (
        "Build, smoke-test and publish a fleet of container images.\n\n"
        f"USAGE\n  pipeline <command> …\n\nCOMMANDS\n{rows}\n{_EXAMPLES}\n"
        'Use "pipeline call --help" for the functions, "pipeline <command> --help" for the rest.\n'
    )


def _unknown(name: str) -> int:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    guess = f', did you mean "{near[0]}"?' if near else ""
    sys.stderr.write(
        f'Error: unknown command "{name}" for "pipeline"{guess}\nRun \'pipeline --help\' for usage.\n'
    )
    return 2


def _told(command: Command, words: Sequence[str]) -> int:
    from pipeline.errors import PipelineError

    try:
        code = command.load()(words)
        sys.stdout.flush()
    except PipelineError as error:
        sys.stderr.write(f"Error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write(f"Error: there is no room for what is printed: {error.strerror}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is still to be flushed
        return 1
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_usage())
        return 0
    if words[0] == "--version":
        from importlib.metadata import version

        sys.stdout.write(f"pipeline {version('pipeline')}\n")
        return 0
    command = (COMMANDS | _HIDDEN).get(words[0])
    return _told(command, words[1:]) if command else _unknown(words[0])


if __name__ == "__main__":
    sys.exit(main())
