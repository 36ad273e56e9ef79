from typing import Any

import pytest

from pipeline.catalog.service import Health, Service
from pipeline.planning import keys
from pipeline.planning.units import Promises

DIGEST = "sha256:" + "a" * 64
SERVICE = Service(name="STT", command=("python3",), ports=(5800,), health=Health(port=6800))


def key(
    service: Service = SERVICE,
    digest: str = DIGEST,
    probe: str = "1",
    hardware: str = "cpu",
    suite: tuple[Service, ...] = (),
    **promises: Any,
) -> str:
    return keys.test_key(digest, service, probe, hardware, promises=Promises(**promises), suite=suite)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(key(digest="sha256:" + "b" * 64), id="image"),
        pytest.param(key(probe="2"), id="probe"),
        pytest.param(key(hardware="gpu"), id="hardware"),
        pytest.param(key(libraries=("libx.so",)), id="libraries"),
        pytest.param(key(programs=("ffmpeg",)), id="programs"),
        pytest.param(key(imports=("cv2",)), id="imports"),
        pytest.param(key(cuda="12.1"), id="cuda"),
        pytest.param(key(root_may=True), id="may run as root"),
        pytest.param(key(stop_signal="SIGINT"), id="stop signal"),
        pytest.param(key(shell="/bin/bash -c"), id="shell of HEALTHCHECK"),
        pytest.param(key(suite=(SERVICE,)), id="side by side"),
        pytest.param(key(SERVICE.model_copy(update={"name": "TTS"})), id="name"),
        pytest.param(key(SERVICE.model_copy(update={"command": ("python",)})), id="command"),
        pytest.param(key(SERVICE.model_copy(update={"ports": (5801,)})), id="ports"),
        pytest.param(key(SERVICE.model_copy(update={"health": Health(port=6801)})), id="health port"),
        pytest.param(
            key(SERVICE.model_copy(update={"health": Health(port=6800, deadline=1)})), id="deadline"
        ),
        pytest.param(key(SERVICE.model_copy(update={"environment": {"A": "1"}})), id="environment"),
        pytest.param(key(SERVICE.model_copy(update={"alive_for": 1.0})), id="alive_for"),
        pytest.param(key(SERVICE.model_copy(update={"gpu": True})), id="gpu"),
    ],
)
def test_what_changes_a_test_key(other: str):
    assert other != key()


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(key(SERVICE.model_copy(update={"host_port": {5800: 1}})), id="port on the host"),
        pytest.param(key(SERVICE.model_copy(update={"listed_family": "x"})), id="listed family"),
        pytest.param(key(SERVICE.model_copy(update={"core": True})), id="core"),
        pytest.param(key(SERVICE.model_copy(update={"depends_on": ("TTS",)})), id="depends on"),
    ],
)
def test_what_does_not(same: str):
    assert same == key()


def test_order_of_libraries_does_not_matter():
    assert key(libraries=("a", "b")) == key(libraries=("b", "a"))


def test_it_can_stand_in_a_tag():
    assert len(key()) == 64 and len(f"evidence-{key()}") <= 128
