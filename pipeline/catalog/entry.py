"""What the tables of fleet.toml have in common."""

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """Base of the catalog's tables: immutable, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
