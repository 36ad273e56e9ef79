"""Runs `pipeline` commands, each in a fork of one process that has imported all that they need.

Importing takes longer than most commands. What is run is the program's own main function, in a process, with
an environment and with standard streams of its own; programs that it starts of this project are forked, too.
"""

import atexit
import gc
import importlib
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress

from fork_client import LENGTH, NUMBER

from pipeline.host import command, session
from pipeline.local.engine.schema import served, unserved

# What commands import late, as not all of them need it.
IMPORTED = (
    "anyio._backends._asyncio",
    "httpcore",
    "pipeline.checks.lint",
    "pipeline.host.call.main",
    "pipeline.host.call.work",
    "pipeline.host.report.complete",
    "pipeline.host.report.reproduce",
    "pipeline.host.machine",
    "pipeline.local.engine",
    "pipeline.main",
    "pipeline.registry.channels",
    "pipeline.registry.tag_phase.release",
    "pipeline.reporting.views",
    "pipeline.stages.graph",
)


def serve(address: str, python: str) -> None:
    """Answer at ``address`` until standard input ends; in a fork it is what runs the command.

    ``python`` is a program that asks this server, for what commands start.
    """
    for name in IMPORTED:
        importlib.import_module(name)
    served()
    unserved()
    gc.collect()
    gc.freeze()  # NB: or every collection of every fork would copy the pages of all that is imported
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listener, 0], [], [], 1)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
            if 0 in ready:
                return
            if listener in ready:
                asking, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    _answer(asking, python)
                asking.close()


def _answer(asking: socket.socket, python: str) -> None:
    """Be the command, and end."""
    code = 1
    try:
        head, descriptors, _, _ = socket.recv_fds(asking, LENGTH.size, 3)
        parts = _all(asking, LENGTH.unpack(head)[0]).split(b"\0")
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        cwd, count, *rest = map(os.fsdecode, parts)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(dict(each.split("=", 1) for each in rest[int(count) :]))
        os.set_inheritable(asking.fileno(), False)
        asking.sendall(NUMBER.pack(os.getpid()))
        threading.Thread(target=_die_with, args=(asking,), daemon=True).start()
        sys.executable = python
        code = _run(rest[: int(count)])
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        with suppress(OSError):
            asking.sendall(NUMBER.pack(code))
        os._exit(code)


def _die_with(asking: socket.socket) -> None:
    """Who asked does not say anything more: that is its end."""
    asking.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _all(asking: socket.socket, length: int) -> bytes:
    parts = b""
    while len(parts) < length:
        parts += asking.recv(length - len(parts))
    return parts


def _run(words: Sequence[str]) -> int:
    """`pipeline WORDS`, or `python [-P] -m pipeline.… WORDS`."""
    program, *rest = words
    main = command.main
    if program == "python":
        module = rest[rest.index("-m") + 1]
        main = {"pipeline.host.command": command.main, "pipeline.host.session": session._main}[module]
        rest = rest[rest.index("-m") + 2 :]
    sys.argv = ["pipeline", *rest]
    try:
        return main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
