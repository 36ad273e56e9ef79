"""Which fleet is meant where no ``--source`` says so."""

import os
from pathlib import Path

SOURCE_HELP = "the fleet's directory (default: PIPELINE_SOURCE, the fleet that you are in, else fleet)"
_CATALOG = "fleet.toml"
_USUAL = "fleet"


def fleet_here(folder: Path, catalog: str = "") -> Path | None:
    """The nearest folder with a catalog, from ``folder`` up to the git work tree's top; None without one."""
    for each in (folder, *folder.parents):
        if (each / (catalog or _CATALOG)).is_file():
            return each
        if (each / ".git").exists():
            return None
    return None


def meant_source(folder: Path) -> Path:
    """What a command without ``--source`` means: as `pipeline call`, else the folder ``fleet``.

    Raises UsageError for a setting that cannot be used.
    """
    if (folder / ".env").exists() or "PIPELINE_SOURCE" in os.environ:
        from pipeline.catalog.settings import set_on_host  # dear to import

        if said := set_on_host(folder).get("source"):
            return folder / Path(said.removeprefix("file://")).expanduser()
    found = fleet_here(folder)
    return Path(os.path.relpath(found, folder)) if found else Path(_USUAL)
