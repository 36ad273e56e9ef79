"""Secret: env://, file://, cmd:// and what was given as text."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import Secret


@serves("Query.setSecret")
def set_secret(*, engine: Engine, name: str, plaintext: str) -> Secret:
    """A secret whose value the client gives."""
    value = plaintext.encode()
    engine.veil.cover(value)
    return Secret(name=name, given=value)


@serves("Query.secret")
def secret(*, uri: str, cache_key: str | None = None) -> Secret:
    """A secret that is fetched from the machine when something needs it."""
    provider, there, _ = uri.partition("://")
    if not there or provider not in PROVIDERS:
        raise QueryError(f'unsupported secret provider: "{provider}": there are env://, file:// and cmd://')
    return Secret(name=cache_key or uri, uri=uri)


@serves("Secret.plaintext")
async def plaintext(secret: Secret, *, engine: Engine) -> str:
    """Its value."""
    return (await reveal(engine, secret)).decode("utf-8", "surrogateescape")


async def reveal(engine: Engine, secret: Secret) -> bytes:
    """A secret's value; from now on it is scrubbed from everything that is told."""
    if secret.given is not None:
        return secret.given

    async def fetch() -> bytes:
        provider, _, place = secret.uri.partition("://")
        value = await PROVIDERS[provider](place)
        engine.veil.cover(value)
        return value

    return await engine.flights.once(f"secret {secret.uri}", fetch)


async def _from_environment(name: str) -> bytes:
    value = os.environb.get(os.fsencode(name))
    if value is None:
        raise QueryError(f"secret env var not found: {name}: it must be set where the engine runs")
    return value


async def _from_file(place: str) -> bytes:
    path = Path(place).expanduser()  # noqa: ASYNC240  reads no disk
    try:
        return await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise QueryError(f"secret file {path}: {error.strerror}") from None


async def _from_command(command: str) -> bytes:
    """NB: a shell string by definition of cmd://; the user wrote it, nothing is put into it."""
    process = await asyncio.create_subprocess_shell(command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        program = command.partition(" ")[0]
        raise QueryError(f"secret command ended with exit code {process.returncode}: {program} …")
    return out.rstrip(b"\n")


PROVIDERS = {"env": _from_environment, "file": _from_file, "cmd": _from_command}
