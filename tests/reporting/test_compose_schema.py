"""Compose files against the Compose specification's own schema, as check-jsonschema brings it."""

import subprocess
import sys
from pathlib import Path

import pytest
from compose_fleets import catalog

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import Catalog
from pipeline.catalog.order import all_services
from pipeline.reporting.compose import show_compose, switched_image

ROOT = Path(__file__).parents[2]
EVERYTHING = catalog(
    {
        "name": "suite",
        "services": [
            {"name": "core", "core": True, "health": {"port": 80, "start_period": "90s"}},
            {"name": "gpu", "gpu": True, "command": ["sh", "-c", "$A"], "environment": {"A": "$$ 'x'"}},
            {"name": "last", "depends_on": ["gpu"], "ports": [5000], "host_port": {5000: 5001}},
        ],
    },
    {"name": "own-init", "init": False},
)


def validated(*files: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("check-jsonschema")
    words = [program, "--builtin-schema", "vendor.compose-spec", "--default-filetype", "yaml", *files]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def written(path: Path, fleet: Catalog, *, tag: str = "", digest: str = "", gpu: bool = False) -> Path:
    images = {
        service.name: f"ghcr.io/o/{image.name}@{digest}"
        if digest
        else switched_image(f"ghcr.io/o/{image.name}", service.name, tag)
        for image, service in all_services(fleet)
    }
    path.write_text(show_compose(fleet, images, remarks=["test"], gpu=gpu))
    return path


def test_every_form_of_the_file_is_valid(tmp_path: Path) -> None:
    fleet = load_catalog(ROOT / "fleet")
    ended = validated(
        written(tmp_path / "switched.yaml", fleet, tag="20250810-9c99cc9"),
        written(tmp_path / "unset.yaml", fleet),
        written(tmp_path / "gpu.yaml", fleet, digest=f"sha256:{'0' * 64}", gpu=True),
        written(tmp_path / "everything.yaml", EVERYTHING, tag="1"),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("healthcheck:", "health_check:", id="unknown key"),
        pytest.param("init: true", "init: [true]", id="wrong type"),
        pytest.param("service_healthy", "service_well", id="unknown condition"),
    ],
)
def test_the_schema_notices_what_is_wrong(tmp_path: Path, old: str, new: str) -> None:
    path = written(tmp_path / "file.yaml", EVERYTHING, tag="1")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert validated(path).returncode == 1
