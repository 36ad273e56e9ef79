"""Set-up against the real Docker Engine and a registry of its own."""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bystanders import bystanders
from docker_trees import single_file_tar
from ports import free_port
from tiny_docker import DockerCommand

from pipeline.errors import EngineError
from pipeline.host.kept import Begun, keep
from pipeline.host.machine import bridge, clean, docker_engine, local_registry, processes
from pipeline.host.machine.bridge import ensure_bridge, remove_bridge
from pipeline.host.machine.certificates import own_certificates
from pipeline.host.machine.docker_api import answers, ask
from pipeline.host.machine.docker_engine import ensure_docker
from pipeline.host.machine.local_registry import ensure_registry, has_manifest
from pipeline.host.machine.root_image import RootImage, ensure_root
from pipeline.host.machine.state import State

pytestmark = pytest.mark.integration


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state of its own, whose registry has a port that is nobody else's."""
    state = State(tmp_path / "state")
    state.write("registry", {"pid": 0, "started": 0, "port": free_port()})
    yield state
    processes.stop(state.read("registry"))


def test_the_registry_is_started_once_kept_and_started_again_with_its_data(state: State) -> None:
    said: list[str] = []
    address = ensure_registry(state, say=said.append)
    record = state.read("registry")
    assert ensure_registry(state, say=said.append) == address
    assert state.read("registry") == record, "a second one was started"
    _put_manifest(address)
    assert processes.stop(record)
    assert ensure_registry(state, say=said.append) == address
    assert state.read("registry")["pid"] != record["pid"]
    assert has_manifest(address, "some/thing", "1")
    assert not has_manifest(address, "some/thing", "2")
    assert said == [
        f"starting docker-registry on {address}",
        f"registry at {address}",
        f"starting docker-registry on {address}",
    ]


def test_a_registry_that_is_merely_slow_is_kept(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may push to it just now."""
    address, said = ensure_registry(state, say=print), list[str]()
    record = state.read("registry")
    monkeypatch.setattr(local_registry, "_SOON", 0.2)
    monkeypatch.setattr(local_registry, "_speaks", going_on(record["pid"], local_registry._speaks))
    halt(record["pid"])
    assert ensure_registry(state, say=said.append) == address
    assert (state.read("registry"), said) == (record, [f"registry at {address}"]), "another one was started"


def halt(pid: int) -> None:
    """A process that takes connections, and answers none until it is told to go on."""
    os.kill(pid, signal.SIGSTOP)
    while states(pid) != {"T"}:
        pass


def going_on(pid: int, asked: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Asks as before; a halted process goes on once it was asked in vain."""

    def ask_and_go_on(where: Any) -> bool:
        answered = asked(where)
        os.kill(pid, signal.SIGCONT)
        return answered

    return ask_and_go_on


def states(pid: int) -> set[str]:
    """Of all threads of a process: proc_pid_stat(5)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return {(each / "stat").read_text().rpartition(")")[2].split()[0] for each in threads}


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """The state of a set-up whose Docker Engine has a bridge of its own, and leaves the firewall alone."""
    name, command = f"test-{secrets.token_hex(4)}", docker_engine._command
    monkeypatch.setattr(bridge, "NAME", name)
    monkeypatch.setattr(bridge, "ensure_bridge", partial(ensure_bridge, name))
    monkeypatch.setattr(docker_engine, "_command", lambda *given: [*command(*given), "--iptables=false"])
    # NB: a socket's path is at most 107 characters, and pytest's directories are long.
    state = State(Path(tempfile.mkdtemp(prefix="pipeline-test-", dir="/tmp")))
    yield state
    processes.stop(state.read("docker"))
    for point in clean._mounts_under(state.home, Path("/proc/mounts").read_text()):
        subprocess.run(["umount", "--lazy", point], check=True)
    remove_bridge(name)
    shutil.rmtree(state.home)


@pytest.fixture
def start(apart: State) -> Callable[..., str]:
    """Set-up's step for Docker Engine, where the machine has none."""
    environ = {**os.environ, "DOCKER_HOST": "", "HOME": str(apart.home), "PIPELINE_HOME": str(apart.home)}
    return partial(ensure_docker, apart, environ=environ, system="unix:///nonexistent")


def test_a_docker_engine_that_was_killed_is_started_again(apart: State, start: Callable[..., str]) -> None:
    """NB: in a container nobody may wait for its containerd, which ends with it."""
    host = start(say=print)
    record = apart.read("docker")
    assert start(say=print) == host
    assert apart.read("docker") == record, "a second one was started"
    os.kill(record["pid"], signal.SIGKILL)
    while processes.is_running(record):
        pass
    assert start(say=print) == host
    assert answers(host)
    assert apart.read("docker") != record


def test_a_docker_engine_that_is_merely_slow_is_kept_and_one_that_hangs_is_replaced(
    apart: State, start: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds may run on it just now."""
    host, said = start(say=print), list[str]()
    record = apart.read("docker")
    monkeypatch.setattr(answers, "__kwdefaults__", {"timeout": 0.2})
    with monkeypatch.context() as slow:
        slow.setattr(docker_engine, "answers", going_on(record["pid"], answers))
        halt(record["pid"])
        assert start(say=said.append) == host
    assert (apart.read("docker"), said) == (record, [f"Docker Engine at {host}"]), "another one was started"
    said.clear()

    def say(text: str) -> None:
        said.append(text)
        patience.undo()

    with monkeypatch.context() as patience:
        patience.setattr(docker_engine, "START_DEADLINE", 0.0)
        patience.setattr(processes, "stop", partial(processes.stop, deadline=0.2))
        halt(record["pid"])
        assert start(say=say) == host
    assert said == [f"starting dockerd on {apart.docker}"]
    assert not processes.is_running(record)
    assert answers(host, timeout=60)


def test_the_environment_does_not_change_the_registrys_configuration(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_HTTP_ADDR", "127.0.0.1:1")
    assert ensure_registry(state, say=print) == f"127.0.0.1:{state.read('registry')['port']}"


def test_a_root_that_can_be_pulled_is_pulled_and_trusts_what_the_host_trusts(
    docker_host: str, base: str, registry: str
) -> None:
    root = RootImage(
        registry=registry, repository=f"set-up/root-{secrets.token_hex(4)}", tag="1", source=base
    )
    said: list[str] = []
    try:
        asyncio.run(ensure_root(root, docker_host=docker_host, say=said.append))
        assert has_manifest(registry, root.repository, "1")
        config = ask(docker_host, "GET", f"/images/{quote(str(root))}/json")["Config"]
        trusted = [value for value in config["Env"] if value.startswith("SSL_CERT_FILE=")]
        assert bool(trusted) >= bool(own_certificates())
        assert f"pulling {base}" in said
        said.clear()
        asyncio.run(ensure_root(root, docker_host=docker_host, say=said.append))
        assert said == [f"root image {root}"]
    finally:
        ask(docker_host, "DELETE", f"/images/{quote(str(root))}", force="1")
    assert str(root) not in never_started(docker_host, base)


def never_started(docker_host: str, image: str) -> list[str]:
    """Of which image, by its name, each container was made that nobody has started: other tests have some."""
    filters = json.dumps({"ancestor": [image], "status": ["created"]})
    found = ask(docker_host, "GET", "/containers/json", all="1", filters=filters)
    return [name for each in found for name in made_of(docker_host, each["Id"])]


def made_of(docker_host: str, container: str) -> list[str]:
    try:
        return [ask(docker_host, "GET", f"/containers/{container}/json")["Config"]["Image"]]
    except EngineError:  # it was another test's, and is gone
        return []


def test_bridges_that_are_made_at_the_same_time_have_subnets_of_their_own() -> None:
    names = [f"test-{secrets.token_hex(4)}" for _ in range(8)]
    try:
        with ThreadPoolExecutor(len(names)) as pool:
            [*pool.map(ensure_bridge, names)]
        assert len({address_of(name) for name in names}) == len(names)
        ensure_bridge(names[0])  # is there
    finally:
        removed = [*map(remove_bridge, names)]
    assert all(removed)
    assert not remove_bridge(names[0])


def address_of(interface: str) -> str:
    """Its address of IPv4: netdevice(7), SIOCGIFADDR."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        found = fcntl.ioctl(control, 0x8915, interface.encode().ljust(256, b"\0"))
    return socket.inet_ntoa(found[20:24])


@pytest.mark.parametrize(("variable", "value"), [("HOST", "unix:///nonexistent"), ("CONTEXT", "gone")])
def test_clean_removes_what_set_up_made_and_only_that(
    state: State,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
) -> None:
    """Also where no other Docker Engine can be asked."""
    monkeypatch.setenv("PIPELINE_HOME", str(state.home))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv(f"DOCKER_{variable}", value)
    ensure_registry(state, say=print)
    record = state.read("registry")
    keep(state.home, "{}", fleet="one", begun=Begun(source="/one"))
    (state.home / "a-file-of-mine").write_text("x")
    assert clean.main() == 0
    assert not processes.is_running(record)
    assert [path.name for path in state.home.iterdir()] == ["a-file-of-mine"]
    said = capsys.readouterr().out
    assert "a-file-of-mine" in said
    assert ('docker context "gone" cannot be used' in said) == (variable == "CONTEXT")
    (state.home / "a-file-of-mine").unlink()
    assert clean.main() == 0
    assert not state.home.exists()
    assert clean.main() == 0


def test_clean_removes_our_registrys_names_from_anothers_docker_and_no_other_name(
    state: State, docker_host: str, base: str, tmp_path: Path
) -> None:
    """NB: what was pulled by digest has no tag."""
    docker, said = DockerCommand(docker_host), list[str]()
    address, mine = ensure_registry(state, say=print), f"somebodys/image-{secrets.token_hex(4)}:1"
    (tmp_path / "tar").write_bytes(single_file_tar("file", mine.encode()))
    image = docker("import", str(tmp_path / "tar"), mine)
    names = [f"{address}/clean/{name}:1" for name in ("by-digest", "by-tag")]
    names.append(f"localhost:{address.partition(':')[2]}/clean/by-tag:1")
    for name in names:
        docker("tag", mine, name)
        docker("push", "-q", name)
    [by_digest] = [name for name in digests_of(docker, mine) if "/clean/by-digest@" in name]
    docker("rmi", names[0])
    docker("pull", "-q", by_digest)
    with bystanders(docker_host, base):
        clean.clean(state, say=said.append)
    assert docker("image", "inspect", "-f", "{{.Id}} {{.RepoTags}}", mine) == f"{image} [{mine}]"
    assert digests_of(docker, mine) == []
    docker("rmi", mine)
    assert {line for line in said if "image" in line} == {
        f"removing image {name}" for name in (by_digest, *names[1:])
    }


def digests_of(docker: DockerCommand, image: str) -> list[str]:
    return json.loads(docker("image", "inspect", "-f", "{{json .RepoDigests}}", image))


def _put_manifest(address: str) -> None:
    """The smallest image: a configuration and no layer."""
    empty = b"{}"
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    connection = HTTPConnection(address, timeout=120)
    connection.request("POST", "/v2/some/thing/blobs/uploads/")
    upload = connection.getresponse()
    upload.read()
    location = upload.headers["Location"]
    connection.request("PUT", f"{location}&digest={quote(digest)}", body=empty)
    connection.getresponse().read()
    media_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": digest},
        "layers": [],
    }
    connection.request(
        "PUT", "/v2/some/thing/manifests/1", body=json.dumps(manifest), headers={"Content-Type": media_type}
    )
    assert connection.getresponse().status == 201
    connection.close()
