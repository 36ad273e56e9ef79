"""Container: running commands in it."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.model import DirectoryMount, DockerImage, Exec, ExecFailed, FileMount
from pipeline.local.docker.terminal import attend
from pipeline.local.engine import edits
from pipeline.local.engine.container import Container, LeftMount, Mount
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.looking import file
from pipeline.local.engine.operations import serves
from pipeline.local.engine.running import command_line, prepared
from pipeline.local.engine.service import bound, while_bound
from pipeline.local.tree import Entry, Kind

How = Callable[[Docker, DockerImage, Command], Coroutine[Any, Any, Exec]]
KINDS = {DirectoryMount: Kind.DIRECTORY, FileMount: Kind.FILE}


def as_expected(code: int, expect: str) -> bool:
    """Is this exit code a result. 128 to 191 (ended by a signal) never is."""
    if expect == "SUCCESS" or 128 <= code <= 191:
        return code == 0
    return expect == "ANY" or code != 0


@serves("Container.withExec")
async def with_exec(
    container: Container,
    *,
    engine: Engine,
    args: list[str],
    use_entrypoint: bool,
    stdin: str,
    redirect_stdin: str,
    redirect_stdout: str,
    redirect_stderr: str,
    expect: str,
    insecure_root_capabilities: bool,
) -> Container:
    """The container as a command leaves it."""
    line, text = command_line(container, args, use_entrypoint=use_entrypoint), stdin.encode()
    if redirect_stdin:
        source = await file(container, engine=engine, path=redirect_stdin)
        text = engine.blobs.read(source.entry.content)
    ended = await _run(execute, engine, container, line, stdin=text, insecure=insecure_root_capabilities)
    if not as_expected(ended.exit_code, expect):
        stdout, stderr = ended.stdout.removesuffix(b"\n"), ended.stderr.removesuffix(b"\n")
        raise ExecFailed(command=line, exit_code=ended.exit_code, stdout=stdout, stderr=stderr)
    return _after(engine, container, ended, out=redirect_stdout, err=redirect_stderr)


@serves("Container.terminal")
async def terminal(
    container: Container, *, engine: Engine, cmd: list[str], insecure_root_capabilities: bool
) -> Container:
    """The container as it was, once a shell in it, on the terminal of whoever asked, has been left."""
    if engine.terminal is None:
        raise QueryError("running shell without the TUI is not supported: there is no terminal")
    how = partial(attend, terminal=engine.terminal)
    await _run(how, engine, container, cmd or ["sh"], insecure=insecure_root_capabilities)
    return container


async def _run(how: How, engine: Engine, container: Container, line: Sequence[str], **more: Any) -> Exec:
    """How a command ended, beside the services that it needs."""
    services = await bound(engine, container)
    image, command = await prepared(engine, container, line, services, whole=False, **more)
    return await while_bound(engine, services, how(await engine.docker(), image, command))


def _after(engine: Engine, container: Container, ended: Exec, *, out: str, err: str) -> Container:
    """NB: what goes to a file is the program's own output, secrets and all, as it would be without the
    redirection."""
    told = replace(
        ended,
        stdout=b"" if out else engine.veil.bytes(ended.stdout),
        stderr=b"" if err else engine.veil.bytes(ended.stderr),
    )
    files = edits.EMPTY
    for path, stream in ((out, ended.stdout), (err, ended.stderr)):
        if path:
            entry = Entry(Kind.FILE, 0o644, size=len(stream), content=engine.blobs.add_bytes(stream))
            files = edits.put(files, container.located(path), entry)
    mounts = {target: _left(mount, ended) for target, mount in container.mounts.items()}
    return container.changed(base=ended.container, files=files, removed=frozenset(), mounts=mounts, ran=told)


def _left(mount: Mount, ended: Exec) -> Mount:
    """A mounted directory or file as the command left it: later commands go on from there."""
    kind = mount.kind if isinstance(mount, LeftMount) else KINDS.get(type(mount))
    return LeftMount(target=mount.target, container=ended.container, kind=kind) if kind else mount


def _ran(container: Container) -> Exec:
    if container.ran is None:
        raise QueryError("no command has been executed: use withExec first")
    return container.ran


@serves("Container.stdout")
def stdout(container: Container) -> str:
    """The last command's standard output."""
    return _ran(container).stdout.decode("utf-8", "replace")


@serves("Container.stderr")
def stderr(container: Container) -> str:
    """The last command's standard error."""
    return _ran(container).stderr.decode("utf-8", "replace")


@serves("Container.combinedOutput")
def combined_output(container: Container) -> str:
    """Both streams; Docker keeps no order between them, so one after the other."""
    return stdout(container) + stderr(container)


@serves("Container.exitCode")
def exit_code(container: Container) -> int:
    """The last command's exit code."""
    return _ran(container).exit_code
