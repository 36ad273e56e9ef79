"""Addresses on the command line, as objects of the API: directories and files by path, secrets by URI."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagger
from dagger import dag

from pipeline.errors import UsageError
from pipeline.host.call.model import Address


def _existing(text: str, *, directory: bool) -> str:
    path = Path(text.removeprefix("file://")).expanduser().absolute()
    if not path.exists():
        raise UsageError(f"{path}: no such file or directory")
    if path.is_dir() != directory:
        raise UsageError(f"{path}: {'not a directory' if directory else 'a directory, not a file'}")
    return str(path)


def _from_environment(name: str) -> bytes:
    value = os.environb.get(os.fsencode(name))
    if value is None:
        # NB: shortened, because a secret itself may have been pasted here
        raise UsageError(
            f'secret env var not found: "{name[:3]}..."',
            next_step="give env://NAME, file://PATH or cmd://COMMAND",
        )
    return value


async def _from_command(command: str) -> bytes:
    process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    if process.returncode:
        raise UsageError(f"secret command ended with {process.returncode}", where=command)
    return out


async def secret_text(address: str) -> str:
    """The text of a secret: ``env://NAME``, ``env:NAME`` or ``NAME``, ``file://PATH``, ``cmd://COMMAND``.

    Raises
    ------
    UsageError
        There is none there.
    """
    scheme, separator, rest = address.partition("://")
    if separator and scheme == "file":
        return (await asyncio.to_thread(Path(_existing(rest, directory=False)).read_bytes)).decode()
    if separator and scheme == "cmd":
        return (await _from_command(rest)).decode()
    if separator and scheme != "env":
        raise UsageError(
            f"unknown secret provider {scheme}://", next_step="give env://NAME, file://PATH or cmd://COMMAND"
        )
    return _from_environment(rest if separator else address.removeprefix("env:")).decode()


def _service(text: str) -> dagger.Service:
    parts = urlsplit(text)
    if parts.scheme not in ("tcp", "udp") or not parts.hostname or not parts.port:
        raise UsageError(f'"{text}" is not of the form tcp://HOST:PORT')
    protocol = dagger.NetworkProtocol[parts.scheme.upper()]
    forward = dagger.PortForward(backend=parts.port, frontend=parts.port, protocol=protocol)
    return dag.host().service([forward], host=parts.hostname)


def is_remote(address: Address) -> bool:
    """Whether a directory is fetched from elsewhere."""
    return address.text.startswith(("https://", "http://", "ssh://", "git@"))


def _directory(address: Address) -> dagger.Directory:
    if is_remote(address):
        return dag.address(address.text).directory()
    path = _existing(address.text, directory=True)
    return dag.host().directory(path, exclude=list(address.ignore))


_RESOLVERS: Mapping[str, Callable[[Address], Any]] = {
    "Directory": _directory,
    "File": lambda address: dag.host().file(_existing(address.text, directory=False)),
    "Container": lambda address: dag.container().from_(address.text),
    "Service": lambda address: _service(address.text),
    "Socket": lambda address: dag.host().unix_socket(str(Path(address.text).absolute())),
    "CacheVolume": lambda address: dag.cache_volume(address.text),
}


async def resolve(address: Address) -> Any:
    """The object that an address stands for.

    Raises
    ------
    UsageError
        Nothing is there, or it is something else.
    """
    if address.type == "Secret":
        return dag.set_secret(address.text, address.value or await secret_text(address.text))
    return _RESOLVERS[address.type](address)
