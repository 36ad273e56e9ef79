from pathlib import Path

import pytest

from pipeline.catalog.settings import load_settings
from pipeline.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PIPELINE_REGISTRY", raising=False)
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet/fleet.toml").write_text(
        '[fleet]\nname = "x"\nregistry = "toml.io"\norganisation = "toml"\n'
    )
    return tmp_path


def test_each_level_wins_over_the_ones_below(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert load_settings({}, folder=folder).registry == "toml.io"
    (folder / ".env").write_text("PIPELINE_REGISTRY=dotenv.io\n")
    assert load_settings({}, folder=folder).registry == "dotenv.io"
    monkeypatch.setenv("PIPELINE_REGISTRY", "env.io")
    assert load_settings({}, folder=folder).registry == "env.io"
    assert load_settings({"registry": "flag.io"}, folder=folder).registry == "flag.io"
    assert load_settings({"registry": None}, folder=folder).registry == "env.io"


def test_defaults_where_nothing_says_anything(tmp_path: Path):
    settings = load_settings({}, folder=tmp_path)
    assert (settings.source, settings.catalog, settings.jobs, settings.registry) == (
        "fleet",
        "fleet.toml",
        0,
        "",
    )


def test_a_token_is_not_shown(folder: Path):
    settings = load_settings({"token": "s3cret"}, folder=folder)
    assert settings.token.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("flags", "why"), [({"jobs": "many"}, "PIPELINE_JOBS"), ({"job": 1}, "did you mean jobs")]
)
def test_what_cannot_be_used_is_told(folder: Path, flags: dict[str, object], why: str):
    with pytest.raises(UsageError, match=why):
        load_settings(flags, folder=folder)
