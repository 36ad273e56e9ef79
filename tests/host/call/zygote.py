"""Runs `pipeline` command lines, each in a fork of one process that has imported dagger-io already.

Sixty command lines would otherwise import it sixty times. It reads one JSON object a line: argv, cwd, env and
files for stdout and stderr. It answers with the exit code.
"""

import json
import os
import sys

import dagger.mod  # noqa: F401

from pipeline.host.call import work  # noqa: F401
from pipeline.host.command import main


def _child(order: dict) -> None:
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for descriptor, path in ((1, order["stdout"]), (2, order["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    code = 70
    try:
        code = main(order["argv"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    """Run command lines until standard input ends."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
