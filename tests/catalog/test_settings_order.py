from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.catalog.settings import Settings, set_on_host
from pipeline.errors import UsageError
from pipeline.main import Pipeline


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PIPELINE_{name.upper()}", raising=False)
    return tmp_path


def test_every_flag_of_the_module_can_be_set_on_the_host():
    assert sorted(Settings.model_fields) == sorted(field.name for field in fields(Pipeline))  # type: ignore[arg-type]


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert set_on_host(folder) == {}
    (folder / ".env").write_text("PIPELINE_REGISTRY=dotenv.io\nPIPELINE_MEMORY=2 GiB\nOTHER=1\n")
    assert set_on_host(folder) == {"registry": "dotenv.io", "memory": "2 GiB"}
    monkeypatch.setenv("PIPELINE_REGISTRY", "env.io")
    monkeypatch.setenv("PIPELINE_MEMORY", "")
    assert set_on_host(folder) == {"registry": "env.io", "memory": "2 GiB"}


def test_a_secret_is_given_as_text_and_not_shown(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIPELINE_TOKEN", "s3cret")
    assert set_on_host(folder) == {"token": "s3cret"}
    settings = Settings()
    assert "s3cret" not in f"{settings!r} {settings}"


def test_what_cannot_be_used_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIPELINE_JOBS", "many")
    with pytest.raises(UsageError, match="PIPELINE_JOBS: jobs: Input should be a valid integer"):
        set_on_host(folder)


@pytest.mark.parametrize("address", ["env://GHCR_TOKEN", "file:///run/token", "cmd://pass ghcr"])
def test_an_address_is_no_token(folder: Path, address: str):
    (folder / ".env").write_text(f"PIPELINE_TOKEN={address}\n")
    with pytest.raises(UsageError, match="PIPELINE_TOKEN: token: an address, which only flags take"):
        set_on_host(folder)
    (folder / ".env").write_text("PIPELINE_TOKEN=ghp_abc://def\n")
    assert set_on_host(folder) == {"token": "ghp_abc://def"}
