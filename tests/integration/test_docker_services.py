"""Services on real Docker: ready when they are, and seen when they are not."""

import asyncio
from pathlib import Path

import pytest
from docker_trees import NO_BLOBS, docker_says, pull
from tiny_docker import secluded_docker

from pipeline.docker_host.client import Client
from pipeline.local.docker import services
from pipeline.local.docker.command import Command
from pipeline.local.docker.docker import Docker
from pipeline.local.docker.execute import execute, wait
from pipeline.local.docker.model import DockerImage, ExecFailed

pytestmark = pytest.mark.integration

LATE = "import time, http.server as h; time.sleep(1); h.test(h.SimpleHTTPRequestHandler, port=8080)"


@pytest.fixture
async def image(docker: Docker, base: str) -> DockerImage:
    return await pull(docker, base)


async def test_a_service_is_ready_and_reached_by_name(
    docker: Docker, docker_host: str, image: DockerImage
) -> None:
    service = await services.start(
        docker, image, Command(args=["python3", "-c", LATE], workdir="/etc", hostname="web"), ports=[8080]
    )
    ask = ["curl", "-sf", "-o", "/dev/null", "-w", "%{http_code}", "http://web:8080/hostname"]
    assert (await execute(docker, image, Command(args=ask, hosts={"web": service.address}))).stdout == b"200"
    assert b"GET /hostname" in b"".join(await services.logs(docker, service))
    await services.stop(docker, service, grace=1)
    assert service.id not in docker_says(docker_host, "ps", "--all")
    await services.stop(docker, service)
    refused = await execute(
        docker,
        image,
        Command(args=["curl", "-s", "-m", "3", "http://web:8080/"], hosts={"web": service.address}),
    )
    assert refused.exit_code != 0


@pytest.mark.parametrize(
    ("args", "init", "code", "stdout", "stderr"),
    [
        (["sh", "-c", "echo started; echo boom >&2; exit 4"], True, 4, b"started\n", b"boom\n"),
        (["sh", "-c", "exit 0"], True, 0, b"", b""),
        (["/no/such"], True, 1, b"", b"fork/exec /no/such: no such file or directory"),
        (["/no/such"], False, 1, b"", b"fork/exec /no/such: no such file or directory"),
    ],
    ids=["crash", "ends-well", "absent", "absent-without-init"],
)
async def test_a_service_that_ends_before_it_is_ready(
    docker: Docker, image: DockerImage, args: list[str], init: bool, code: int, stdout: bytes, stderr: bytes
) -> None:
    async with asyncio.timeout(120):
        with pytest.raises(ExecFailed) as failed:
            await services.start(docker, image, Command(args=args, init=init), ports=[8080])
    assert failed.value.command == tuple(args)
    assert (failed.value.exit_code, failed.value.stdout, failed.value.stderr) == (code, stdout, stderr)


async def test_where_networks_are_not_seen_the_service_itself_is_asked(
    docker: Docker, image: DockerImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a rootless Docker Engine, in Docker Desktop, or on another machine."""
    monkeypatch.setattr(Client, "is_beside", False)
    service = await services.start(docker, image, Command(args=["python3", "-c", LATE]), ports=[8080])
    ask = Command(args=["curl", "-sf", "http://web:8080/"], hosts={"web": service.address})
    assert (await execute(docker, image, ask)).exit_code == 0
    await services.stop(docker, service, kill=True)
    with pytest.raises(ExecFailed, match="exit code: 4"):
        await services.start(docker, image, Command(args=["sh", "-c", "sleep 0.5; exit 4"]), ports=[8080])


async def test_without_an_init_the_command_is_process_one(docker: Docker, image: DockerImage) -> None:
    service = await services.start(
        docker, image, Command(args=["sh", "-c", "cat /proc/1/comm; exit 5"], init=False)
    )
    assert await wait(docker, service.id) == 5
    assert await services.logs(docker, service) == (b"sh\n", b"")
    await services.stop(docker, service, kill=True)


async def test_a_service_that_listens_on_loopback_only_is_not_ready(
    docker: Docker, docker_host: str, image: DockerImage
) -> None:
    args = ["python3", "-m", "http.server", "8080", "--bind", "127.0.0.1"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4):
            await services.start(docker, image, Command(args=args), ports=[8080])


async def test_nothing_is_left_of_services_and_networks(docker_host: str, base: str) -> None:
    async with asyncio.timeout(120), Docker(docker_host, NO_BLOBS) as docker:
        image = await pull(docker, base)
        service = await services.start(docker, image, Command(args=["sleep", "300"]))
    run = service.id.split("-")[1]
    assert run not in docker_says(docker_host, "ps", "--all") + docker_says(docker_host, "network", "ls")


async def test_a_run_has_a_network_of_its_own_where_the_bridge_keeps_containers_apart(
    tmp_path: Path,
) -> None:
    with secluded_docker(tmp_path, "--icc=false") as docker:
        async with Docker(docker.host, NO_BLOBS) as run:
            network = await run.network()
            assert network == await run.network() != "bridge"
            assert network in docker("network", "ls")
        assert network not in docker("network", "ls")


async def test_a_run_shares_the_bridge_where_containers_can_talk_on_it(docker_host: str) -> None:
    async with Docker(docker_host, NO_BLOBS) as run:
        assert await run.network() == "bridge"
    assert "bridge" in docker_says(docker_host, "network", "ls").split()
