"""Set-up: Docker Engine, registry and root image of this machine; each step says what it does.

`pipeline setup [--registry HOST] [--source DIR] [--tests]`; what it found or made is in ``setup.env``, for a
shell to read.
"""

import argparse
import asyncio
import compileall
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.host.fleet_here import SOURCE_HELP, meant_source
from pipeline.host.machine.base_for_tests import ensure_base
from pipeline.host.machine.browser import ensure_browser
from pipeline.host.machine.docker_engine import ensure_docker
from pipeline.host.machine.local_registry import ensure_registry
from pipeline.host.machine.packages import require_program
from pipeline.host.machine.root_image import RootImage, ensure_root
from pipeline.host.machine.state import State, home, locked, replace

Say = Callable[[str], None]
_SHELL = "install busybox by hand: the probe is tested in its shell"
_READER = "install skopeo by hand: the tests read with it what was published, independently of our client"
_SSH = "install OpenSSH's server by hand: the tests reach a Docker Engine through it"


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code. A failure is told without a traceback."""
    options = _parser().parse_args(argv)
    state = State(home(os.environ))
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"set-up {time.monotonic() - started:6.1f} s  {text}", flush=True)

    compile_package()
    try:
        with locked(state, say=say):
            values = set_up(
                state,
                say=say,
                registry=options.registry,
                source=options.source or meant_source(Path.cwd()),
                tests=options.tests,
            )
            replace(state.environment, shell_exports(values))
    except PipelineError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def compile_package() -> None:
    """Make the package's bytecode, as an installer does that puts it among its own packages.

    An editable install does not, and with PYTHONDONTWRITEBYTECODE every start would compile everything again.
    """
    compileall.compile_dir(Path(__file__).parents[2], quiet=2)


def set_up(state: State, *, say: Say, registry: str, source: Path, tests: bool) -> Mapping[str, str]:
    """Do what is missing; the variables for those who use it.

    A ``registry`` that is given is the user's: nothing is started or pushed for it.
    """
    docker_host = ensure_docker(state, say=say, environ=os.environ)
    values = {"DOCKER_HOST": docker_host, "PIPELINE_LOCAL_REGISTRY": registry}
    if registry and not tests:
        say(f"registry {registry} as given")
        return values
    address = ensure_registry(state, say=say)
    root = root_image(source, address)
    asyncio.run(ensure_root(root, docker_host=docker_host, say=say))
    values |= {"PIPELINE_LOCAL_REGISTRY": registry or address}
    if tests:
        require_program("skopeo", package="skopeo", say=say, otherwise=_READER)
        require_program("busybox", package="busybox", say=say, otherwise=_SHELL)
        require_program("sshd", package="openssh-server", say=say, otherwise=_SSH)
        ensure_browser(say=say)
        base = asyncio.run(ensure_base(root, docker_host=docker_host, say=say))
        values |= {"PIPELINE_TEST_REGISTRY": address, "PIPELINE_TEST_BASE": base}
    return values


def root_image(source: Path, registry: str) -> RootImage:
    """The root image that the fleet's catalog names, in a registry of this machine."""
    from pipeline.catalog.load import load_catalog  # dear to import

    catalog = load_catalog(source)
    return RootImage(
        registry=registry,
        repository=f"{catalog.fleet.organisation}/{catalog.root.name}",
        tag=catalog.root.tag,
        source=catalog.root.source,
    )


def shell_exports(values: Mapping[str, str]) -> str:
    """Lines for a shell to source."""
    return "".join(f"export {key}={shlex.quote(value)}\n" for key, value in values.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pipeline setup",
        description="Set this machine up: Docker Engine, registry, root image. What is there is used.",
    )
    parser.add_argument(
        "--registry", default="", help="a registry of your own; without it one is started on this machine"
    )
    parser.add_argument("--source", type=Path, metavar="DIR", help=SOURCE_HELP)
    parser.add_argument("--tests", action="store_true", help="also what the integration tests need")
    return parser


if __name__ == "__main__":
    sys.exit(main())
