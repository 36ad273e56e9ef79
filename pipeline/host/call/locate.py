"""Which module is meant: the nearest dagger.json, its entry point, and what default paths stand on."""

import importlib
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.host.call.names import pascal

_OWN_PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class Location:
    """A module on disk.

    ``folder`` holds dagger.json, ``source`` pyproject.toml; ``DefaultPath("/…")`` stands on ``context``: the
    git work tree around it, else ``folder``. ``entry`` is ``package.module:Class``.
    """

    name: str
    folder: Path
    source: Path
    context: Path
    entry: str

    def default_path(self, path: str) -> Path:
        """Where a DefaultPath points: from the context when absolute, else from the module's folder.

        Raises
        ------
        UsageError
            It leaves the context.
        """
        start = self.context / path.lstrip("/") if path.startswith("/") else self.folder / path
        found = start.resolve()
        if not found.is_relative_to(self.context.resolve()):
            raise UsageError(f"DefaultPath {path} leaves the module's context", where=str(self.context))
        return found


def is_own(location: Location) -> bool:
    """Whether it is the pipeline that this command belongs to."""
    return location.folder == _OWN_PROJECT


def _nearest(folder: Path, name: str) -> Path | None:
    return next((each for each in (folder, *folder.parents) if (each / name).exists()), None)


def _entry_point(source: Path, name: str) -> str:
    try:
        project = tomllib.loads((source / "pyproject.toml").read_text())
    except FileNotFoundError:
        project = {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"not valid TOML: {error}", where=str(source / "pyproject.toml")) from None
    points = project.get("project", {}).get("entry-points", {}).get("dagger.mod", {})
    return points.get("main_object", f"main:{pascal(name)}")


def locate(mod: str | None, *, start: Path) -> Location:
    """Find the module.

    Parameters
    ----------
    mod:
        The folder of its dagger.json, from ``--mod``; None for the nearest one above ``start``, without one
        the pipeline that this command belongs to.

    Raises
    ------
    UsageError
        There is no such module, or it is not a Python module.
    """
    folder = (start / mod).resolve() if mod else _nearest(start.resolve(), "dagger.json") or _OWN_PROJECT
    config = _configuration(folder / "dagger.json")
    source = (folder / config.get("source", ".")).resolve()
    name = config.get("name", "")
    return Location(
        name=name,
        folder=folder,
        source=source,
        context=_nearest(folder, ".git") or folder,
        entry=_entry_point(source, name),
    )


def _configuration(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            "no module here", where=str(file), next_step="give its folder with --mod DIR"
        ) from None
    except ValueError as error:
        raise UsageError(f"not valid JSON: {error}", where=str(file)) from None
    sdk = config.get("sdk") or {}
    language = sdk if isinstance(sdk, str) else sdk.get("source", "")
    if language != "python":
        raise UsageError(
            f"a module written for the SDK {language!r}", where=str(file), next_step="use dagger call"
        )
    return config


def _displace(package: str, source: Path) -> None:
    """Make room for a module whose package has the name of a loaded one (a module called pipeline, say)."""
    for name, loaded in list(sys.modules.items()):
        at = getattr(loaded, "__file__", None)
        if name.partition(".")[0] == package and at and not Path(at).is_relative_to(source):
            del sys.modules[name]


def import_main(location: Location) -> type:
    """Import the module's main class.

    NB: what of this project is needed afterwards must be imported before: its package may be displaced.

    Raises
    ------
    UsageError
        The module cannot be imported.
    """
    module, _, name = location.entry.partition(":")
    for folder in (location.source / "src", location.source):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    _displace(module.partition(".")[0], location.source)
    importlib.invalidate_caches()
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        raise UsageError(f"the module cannot be imported: {error}", where=str(location.source)) from error
    if found is None or not hasattr(found, "__dagger_object_type__"):
        raise UsageError(
            "no class decorated with @dagger.object_type", where=f"{location.source}: {location.entry}"
        )
    return found
