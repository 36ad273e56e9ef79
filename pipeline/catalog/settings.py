"""Settings of the host: flag > environment (PIPELINE_*) > .env > fleet.toml > default (DESIGN.md section 6).

Only what runs on the host reads them: a module of Dagger sees no environment, it gets flags.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline.catalog.mistakes import nearest
from pipeline.errors import UsageError

PREFIX = "PIPELINE_"
_FROM_FLEET = ("registry", "organisation")


class Settings(BaseSettings):
    """What the flags of the constructor are worth when they are not given. Empty means: not set anywhere."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    source: str = "fleet"
    catalog: str = "fleet.toml"
    registry: str = ""
    organisation: str = ""
    username: str = ""
    token: SecretStr = SecretStr("")
    scratch_registry: str = ""
    jobs: int = Field(default=0, ge=0)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, .env; what fleet.toml says comes in below them, in `load_settings`."""
        return init_settings, env_settings, dotenv_settings


def load_settings(flags: Mapping[str, object], *, folder: Path) -> Settings:
    """Settings for a command that runs in ``folder``, where .env and the fleet's directory are.

    ``flags`` by field name; those that were not given are left out. Raises UsageError for a flag, variable or
    line of .env that cannot be used.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    for name in given:
        if name not in Settings.model_fields:
            raise UsageError(f"unknown setting {name}; {nearest(name, Settings.model_fields)}")
    first = _read(given, folder)
    below = _from_fleet(folder / first.source / first.catalog)
    missing = {name: value for name, value in below.items() if not getattr(first, name)}
    return first.model_copy(update=missing)


def set_on_host(folder: Path) -> dict[str, Any]:
    """Field name to value of what environment or .env say, secrets as text. Raises as `load_settings`."""
    settings = _read({}, folder)
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }


def _read(given: Mapping[str, object], folder: Path) -> Settings:
    try:
        return Settings(_env_file=folder / ".env", **given)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        name = str(wrong["loc"][0])
        raise UsageError(
            f"{name}: {wrong['msg']}",
            where=f"--{name.replace('_', '-')} or {PREFIX}{name.upper()}",
            next_step="correct the flag, the environment variable or the line in .env",
        ) from None


def _from_fleet(path: Path) -> dict[str, Any]:
    """NB: a catalog that is absent or malformed is told by `load_catalog`, not here."""
    try:
        fleet = tomllib.loads(path.read_text(encoding="utf-8")).get("fleet", {})
    except (OSError, ValueError, RecursionError):
        return {}
    wanted = {name: fleet.get(name) for name in _FROM_FLEET} if isinstance(fleet, dict) else {}
    return {name: value for name, value in wanted.items() if isinstance(value, str)}
