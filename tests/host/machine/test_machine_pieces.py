"""Ports, subnets, package sources, certificates and addresses: what set-up decides by."""

import importlib.util
import io
import socket
import tarfile
from pathlib import Path

import ports
import pytest

from pipeline.errors import EngineError
from pipeline.host.machine import bridge
from pipeline.host.machine.bootstrap import parse_targets
from pipeline.host.machine.certificates import archive, own_certificates, tar_of
from pipeline.host.machine.local_registry import free_port
from pipeline.host.machine.packages import distribution, is_debian, require_program
from pipeline.host.machine.root_image import RootImage, ensure_root, is_loopback
from pipeline.host.machine.setup import compile_package, shell_exports

HEADER = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


def test_a_taken_port_is_left_for_the_next_free_one() -> None:
    port = ports.free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert free_port(first=port) > port
    assert free_port(first=port) == port


def test_ports_of_tests_are_given_once() -> None:
    """NB: of two that look in the same order, as processes could; the kernel keeps what the first one got."""
    assert next(ports._unclaimed()) != next(ports._unclaimed())
    assert ports.free_port() != ports.free_port()


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        pytest.param("", "172.30.0.0/16", id="nothing is taken"),
        pytest.param(
            "eth0\t00000000\t0101A8C0\t3\t0\t0\t0\t00000000\t0\t0\t0\n", "172.30.0.0/16", id="a default route"
        ),
        pytest.param(
            "br0\t00001EAC\t0\t1\t0\t0\t0\t0000FFFF\t0\t0\t0\n", "172.29.0.0/16", id="the first is taken"
        ),
        pytest.param(
            "vpn\t000010AC\t0\t1\t0\t0\t0\t0000F0FF\t0\t0\t0\n", "10.211.0.0/16", id="a VPN has 172.16/12"
        ),
    ],
)
def test_the_bridge_takes_a_subnet_that_no_route_has(routes: str, expected: str) -> None:
    assert str(bridge.free_subnet(HEADER + routes)) == expected


def test_no_free_subnet_is_an_error() -> None:
    everything = "".join(
        f"x\t{octets}\t0\t1\t0\t0\t0\t{mask}\t0\t0\t0\n"
        for octets, mask in (("000010AC", "0000F0FF"), ("0000000A", "000000FF"))
    )
    with pytest.raises(EngineError, match="no private subnet is free"):
        bridge.free_subnet(HEADER + everything)


def test_only_the_distributions_own_sources_go_into_a_root() -> None:
    targets = (
        "Debian|http://mirror/debian/|bookworm|main|\n"
        "Debian|http://mirror/debian/|bookworm|contrib|\n"
        "Debian|http://mirror/debian/|bookworm|main|\n"
        "Docker|https://vendor/linux/debian/|bookworm|stable|\n"
        "|http://nowhere/|x|main|\n"
    ).replace("|\n", "\n")
    assert parse_targets(targets) == ("deb http://mirror/debian/ bookworm main contrib",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('ID=debian\nVERSION_CODENAME="bookworm"\n', True, id="Debian"),
        pytest.param("ID=linuxmint\nID_LIKE='ubuntu debian'\n", True, id="a descendant"),
        pytest.param("ID=fedora\nPRETTY_NAME=debian\n", False, id="another"),
        pytest.param("", False, id="nothing known"),
    ],
)
def test_the_distribution_is_read_from_os_release(tmp_path: Path, text: str, expected: bool) -> None:
    path = tmp_path / "os-release"
    path.write_text(text)
    assert is_debian(distribution(path)) is expected
    assert distribution(tmp_path / "absent") == {}


def test_a_program_that_is_here_is_not_installed() -> None:
    said: list[str] = []
    assert Path(require_program("sh", package="dash", say=said.append, otherwise="")).name == "sh"
    assert said == []


def test_a_program_that_cannot_be_installed_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(EngineError, match="only root on Debian or Ubuntu") as failure:
        require_program("no-such-daemon", package="none", say=print, otherwise="install it yourself")
    assert failure.value.next_step == "install it yourself"


def test_certificates_are_those_that_the_host_added(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "company").mkdir(parents=True)
    for name in ("b.crt", "company/a.crt", "readme.txt"):
        (own / name).write_text(name)
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("everything")
    found = own_certificates(own)
    assert [path.name for path in found] == ["b.crt", "a.crt"]
    with tarfile.open(fileobj=io.BytesIO(archive(found, directory=own, bundle=bundle))) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar if entry.isfile()}
        content = {name: file.read() for name, file in files.items() if file}
    assert content == {
        "usr/local/share/ca-certificates/b.crt": b"b.crt",
        "usr/local/share/ca-certificates/company/a.crt": b"company/a.crt",
        "etc/ssl/certs/ca-certificates.crt": b"everything",
    }


def test_the_same_files_give_the_same_tar() -> None:
    assert tar_of({"a/b": b"1", "c": b"2"}) == tar_of({"c": b"2", "a/b": b"1"})


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        ("127.0.0.1:5050", True),
        ("127.1.2.3", True),
        ("localhost:5000", True),
        ("localhost", True),
        ("[::1]:5000", True),
        ("ghcr.io", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com:5000", False),
        ("10.0.0.1:5000", False),
        ("0.0.0.0:5000", False),
    ],
)
def test_only_this_machine_is_loopback(registry: str, expected: bool) -> None:
    assert is_loopback(registry) is expected


async def test_certificates_never_go_into_a_root_for_a_registry_elsewhere() -> None:
    root = RootImage(registry="registry.example.com", repository="org/root", tag="1", source="docker.io/x:1")
    with pytest.raises(EngineError, match="only for a registry on this machine"):
        await ensure_root(root, docker_host="unix:///nonexistent", say=print)


async def test_a_registry_that_does_not_answer_is_not_one_without_the_root_image() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        root = RootImage(registry=address, repository="org/root", tag="1", source="docker.io/x:1")
        with pytest.raises(EngineError, match="did not answer within 60 s when it was asked for org/root:1"):
            await ensure_root(root, docker_host="unix:///nonexistent", say=print)


def test_the_shell_reads_values_as_they_are() -> None:
    assert shell_exports({"A": "x y", "B": "$(rm)"}) == "export A='x y'\nexport B='$(rm)'\n"


def test_the_package_has_bytecode_after_set_up_whatever_the_environment_says() -> None:
    bytecode = Path(importlib.util.cache_from_source(shell_exports.__code__.co_filename))
    bytecode.unlink(missing_ok=True)
    compile_package()
    assert bytecode.is_file()
