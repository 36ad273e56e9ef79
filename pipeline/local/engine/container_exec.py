"""Container: running commands in it."""

from dataclasses import replace

from pipeline.local.docker.execute import execute
from pipeline.local.docker.model import Exec, ExecFailed
from pipeline.local.docker.terminal import attend
from pipeline.local.engine import edits
from pipeline.local.engine.container import Container, Left, Mount, Ran
from pipeline.local.engine.container_files import file_at
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.operations import serves
from pipeline.local.engine.running import command_line, failed, prepared
from pipeline.local.engine.service import bound, while_bound
from pipeline.local.engine.states import CacheVolume, File, Secret
from pipeline.local.tree import Entry, Kind


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
    expand: bool,
) -> Container:
    """The container as a command leaves it."""
    line = command_line(container, args, use_entrypoint=use_entrypoint, expand=expand)
    text = stdin.encode()
    if redirect_stdin:
        found = await file_at(engine, container, container.located(redirect_stdin))
        text = engine.blobs.read(found.entry.content)
    services = await bound(engine, container)
    image, command = await prepared(
        engine, container, line, services, whole=False, stdin=text, insecure=insecure_root_capabilities
    )
    ended = await while_bound(engine, services, execute(await engine.docker(), image, command))
    if not as_expected(ended.exit_code, expect):
        code, stdout, stderr = ended.exit_code, ended.stdout, ended.stderr
        raise failed(engine, ExecFailed(command=line, exit_code=code, stdout=stdout, stderr=stderr))
    return _after(engine, container, ended, out=redirect_stdout, err=redirect_stderr)


@serves("Container.terminal")
async def terminal(
    container: Container,
    *,
    engine: Engine,
    cmd: list[str],
    insecure_root_capabilities: bool,
) -> Container:
    """The container as it was, once a shell in it, on the terminal of whoever asked, has been left."""
    services = await bound(engine, container)
    image, command = await prepared(
        engine, container, cmd or ["sh"], services, whole=False, insecure=insecure_root_capabilities
    )
    await while_bound(engine, services, attend(await engine.docker(), image, command))
    return container


def _after(engine: Engine, container: Container, ended: Exec, *, out: str, err: str) -> Container:
    """NB: what goes to a file is the program's own output, secrets and all, as it would be without the
    redirection."""
    told = Ran(
        exit_code=ended.exit_code,
        stdout=b"" if out else engine.veil.bytes(ended.stdout),
        stderr=b"" if err else engine.veil.bytes(ended.stderr),
    )
    files = edits.EMPTY
    for path, stream in ((out, ended.stdout), (err, ended.stderr)):
        if path:
            entry = Entry(Kind.FILE, 0o644, size=len(stream), content=engine.blobs.add_bytes(stream))
            files = edits.put(files, container.located(path), entry)
    mounts = tuple(_left(mount, ended) for mount in container.mounts)
    return container.changed(base=ended.container, files=files, removed=frozenset(), mounts=mounts, ran=told)


def _left(mount: Mount, ended: Exec) -> Mount:
    """A mounted directory or file as the command left it: later commands go on from there."""
    if isinstance(mount.source, CacheVolume | Secret | None):
        return mount
    was_file = mount.source.is_file if isinstance(mount.source, Left) else isinstance(mount.source, File)
    return replace(mount, source=Left(container=ended.container, is_file=was_file))


def _ran(container: Container) -> Ran:
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
