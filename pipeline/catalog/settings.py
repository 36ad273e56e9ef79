"""What environment (PIPELINE_*) and .env say, in this order: below flags, above fleet.toml and defaults.

Only what runs on the host reads them: a module of Dagger sees no environment, it gets flags. (`dagger call`
reads a .env by itself, where a secret is an address; here it is the secret itself.)
"""

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import UsageError

PREFIX = "PIPELINE_"


class Settings(BaseSettings):
    """The flags of the module's constructor, by their names; only what is set anywhere counts."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    source: str = ""
    catalog: str = ""
    registry: str = ""
    organisation: str = ""
    username: str = ""
    token: SecretStr = SecretStr("")
    signing_key: SecretStr = SecretStr("")
    scratch_registry: str = ""
    jobs: int = Field(default=0, ge=0)
    memory: str = ""

    @field_validator("token", "signing_key")
    @classmethod
    def _no_address(cls, value: SecretStr) -> SecretStr:
        scheme, separator, _ = value.get_secret_value().partition("://")
        if separator and scheme in ("env", "file", "cmd"):
            raise ValueError("an address, which only flags take: write the secret itself")
        return value


def set_on_host(folder: Path) -> dict[str, Any]:
    """Field name to value of what the environment says, or a .env in ``folder``; secrets as text.

    Raises UsageError for what cannot be used.
    """
    try:
        settings = Settings(_env_file=folder / ".env")  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        name = str(wrong["loc"][0])
        raise UsageError(
            f"{name}: {wrong['msg'].removeprefix('Value error, ')}",
            where=f"{PREFIX}{name.upper()}",
            next_step="correct the environment variable or the line in .env",
        ) from None
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }
