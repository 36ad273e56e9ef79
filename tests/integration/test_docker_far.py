"""A real Docker Engine over TLS and over SSH, from its address to an image that runs."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BaseConnector
from docker_trees import NO_BLOBS, tree
from far_docker import sshd, write_certificates
from ports import free_port
from small_base import write_base
from tiny_docker import Daemon, empty_daemon

from pipeline.docker_host.client import DockerError
from pipeline.errors import EngineError
from pipeline.host.machine.docker_api import ask
from pipeline.host.machine.find_docker import find_docker
from pipeline.local.blobs import Blobs
from pipeline.local.docker.build import Request, build
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute
from pipeline.local.docker.model import SecretMount
from pipeline.local.engine.seen import Seen
from pipeline.local.engine.walk import taker, walked
from pipeline.local.patterns import Filter

pytestmark = pytest.mark.integration

PORT = free_port()
Choose = Callable[..., None]
TLS, SSH = f"tcp://127.0.0.1:{PORT}", "ssh://root@127.0.0.1:"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificates(tmp_path_factory.mktemp("certificates") / "right")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Daemon]:
    files = {"cacert": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
    options = [f"--tls{name}={certificates / file}" for name, file in files.items()]
    with empty_daemon(tmp_path_factory.mktemp("docker"), f"--host={TLS}", "--tlsverify", *options) as found:
        yield found


@pytest.fixture(scope="module")
def ssh_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def ssh_host(ssh_folder: Path, daemon: Daemon) -> Iterator[str]:
    with sshd(ssh_folder) as port:
        yield f"{SSH}{port}{daemon.socket}"


@pytest.fixture
def ssh_knows(ssh_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{ssh_folder / 'bin'}:{os.environ['PATH']}")


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Sets Docker's variables, and no others of them."""
    for name in ("HOST", "CONTEXT", "TLS_VERIFY", "TLS", "CERT_PATH"):
        monkeypatch.delenv(f"DOCKER_{name}", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))

    def choose(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"DOCKER_{name}", value)

    return choose


def write_context(folder: Path, name: str, host: str, certificates: Path) -> None:
    """As `docker context create` does, which is not on every machine."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta, tls = folder / "contexts" / "meta" / digest, folder / "contexts" / "tls" / digest
    meta.mkdir(parents=True)
    tls.mkdir(parents=True)
    (tls / "docker").symlink_to(certificates)
    document = {"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (meta / "meta.json").write_text(json.dumps(document))


async def used(tmp_path: Path) -> None:
    """Build an image on the Engine that is found, and run it."""
    blobs = Blobs(tmp_path / "blobs")
    (tmp_path / "base").mkdir()
    context = walked(write_base(tmp_path / "base"), Filter(), taker(blobs, Seen()))
    async with Docker(find_docker(), blobs) as docker:
        image = await build(docker, Request(context=context))
        more = tree(blobs, {"given": "a file\n"})
        ended = await execute(docker, image, Command(args=["cat", "/given", "-"], files=more, stdin=b"input"))
        secret = Command(args=["true"], mounts=[SecretMount(target="/secret", plaintext=b"s")])
        with pytest.raises(DockerError, match=r"a secret can be mounted \(/secret\) on .* this machine only"):
            await execute(docker, image, secret)
    assert (ended.exit_code, ended.stdout) == (0, b"a file\ninput")


async def refused(expected: str) -> None:
    """The Engine that is found cannot be used: that is one line, for a call and for set-up."""
    with pytest.raises(EngineError) as failed:
        async with Docker(find_docker(), NO_BLOBS):
            pass
    assert re.search(expected, failed.value.what), failed.value.what
    assert failed.value.where == find_docker()
    with pytest.raises(EngineError) as again:
        version(find_docker())
    assert "\n" not in failed.value.what + again.value.what


def version(host: str | None) -> str:
    return ask(host or "", "GET", "/version")["Version"]


async def test_tls_by_variables(daemon: Daemon, chosen: Choose, certificates: Path, tmp_path: Path) -> None:
    chosen(HOST=TLS, TLS_VERIFY="1", CERT_PATH=str(certificates))
    await used(tmp_path)
    assert version(TLS)


async def test_tls_by_a_context(daemon: Daemon, chosen: Choose, certificates: Path, tmp_path: Path) -> None:
    write_context(tmp_path / "config", "far", TLS, certificates)
    chosen(CONTEXT="far")
    assert find_docker() == TLS
    await used(tmp_path)
    assert version(TLS)


OTHERS = "ca.pem, cert.pem and key.pem of .* must be this Engine's"


@pytest.mark.parametrize(
    ("same", "pause", "expected"),
    [
        ([], 0, f"TLS: certificate verify failed: .*; {OTHERS}"),
        (["ca.pem"], 0, f"TLS: .*alert bad certificate.*; {OTHERS}"),
        (["ca.pem"], 0.5, f"TLS: .*alert bad certificate.*; {OTHERS}"),
    ],
    ids=["the Engine's is of another authority", "ours is of another authority", "it says so too early"],
)
async def test_certificates_of_another_authority(
    daemon: Daemon,
    chosen: Choose,
    tmp_path: Path,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    same: list[str],
    pause: float,
    expected: str,
) -> None:
    """NB: from TLS 1.3 on an Engine refuses after the handshake: before or after it was asked something."""
    wrong = write_certificates(tmp_path / "wrong")
    for name in same:
        shutil.copy(certificates / name, wrong / name)
    chosen(HOST=TLS, TLS_VERIFY="1", CERT_PATH=str(wrong))
    connect = BaseConnector.connect

    async def slow(*asked: Any, **options: Any) -> Any:
        connection = await connect(*asked, **options)
        await asyncio.sleep(pause)
        return connection

    monkeypatch.setattr(BaseConnector, "connect", slow)
    await refused(expected)


async def test_tls_that_was_not_asked_for(daemon: Daemon, chosen: Choose) -> None:
    chosen(HOST=TLS)
    await refused("HTTPS server.*; it is reached over TLS: DOCKER_TLS_VERIFY=1, .* DOCKER_CERT_PATH")


async def test_ssh(
    ssh_host: str, ssh_knows: None, chosen: Choose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(HOST=ssh_host)
    with tempfile.TemporaryDirectory() as folder:  # NB: a socket in it has at most 107 characters
        monkeypatch.setattr("tempfile.tempdir", folder)
        await used(tmp_path)
        assert version(ssh_host)
        assert not list(Path(folder).glob("pipeline-ssh-*"))
        monkeypatch.undo()


async def test_ssh_to_a_machine_without_such_a_socket(ssh_host: str, ssh_knows: None, chosen: Choose) -> None:
    chosen(HOST=f"{ssh_host}.gone")
    await refused("ssh: .*open failed")


async def test_ssh_to_a_machine_that_is_not_known(ssh_host: str, chosen: Choose) -> None:
    chosen(HOST=ssh_host)
    await refused(r"ssh: Host key verification failed.\); `ssh 127.0.0.1 true` must work without a question")
