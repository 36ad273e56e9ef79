"""Paths that a catalog names: they exist, and they stay under the fleet's root, also through symlinks."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipeline.catalog.mistakes import Mistake, nearest
from pipeline.catalog.model import Catalog, Family, Image
from pipeline.errors import CatalogError


def read_inside(root: Path, filename: str) -> str:
    """The text of a file under ``root``. Raises CatalogError if it is absent, outside, or not UTF-8."""
    try:
        if why := leaves_root(root, filename):
            raise CatalogError(why, where=filename, next_step="name a file within the fleet's root")
        return (root / filename).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise CatalogError(
            "there is no such file in the fleet's root",
            where=filename,
            consequence="the fleet is not known",
            next_step="name the fleet's root with --source, or the catalog in it with --catalog",
        ) from None
    except UnicodeDecodeError:
        raise CatalogError("it is not UTF-8", where=filename, next_step="save it as UTF-8") from None
    except OSError as error:
        raise CatalogError(f"it cannot be read: {error.strerror}", where=filename) from None


def wrong_paths(catalog: Catalog, root: Path) -> Iterator[Mistake]:
    """Every Dockerfile and context that is missing or leaves the root."""
    contexts: dict[str, str] = {}
    for table, entry in _entries(catalog):
        if entry.context not in contexts:
            contexts[entry.context] = _wrong_context(root, entry.context)
        if why := contexts[entry.context]:
            yield Mistake(table=table, key="context", what=why)
        if entry.dockerfile:
            yield from _wrong_dockerfile(root, table, entry.dockerfile)


def leaves_root(root: Path, text: str) -> str:
    """Why a path does not stay under ``root``, or nothing. The path need not exist."""
    path = PurePosixPath(text)
    if "\0" in text:
        return "a path cannot contain a NUL"
    if path.is_absolute():
        return f"{text} is absolute; paths are relative to the fleet's root"
    if ".." in path.parts:
        return f"{text} leaves the fleet's root"
    try:
        real = (root / path).resolve()
    except (OSError, RuntimeError):
        return f"{text} is a symlink that leads nowhere"
    if not real.is_relative_to(root.resolve()):
        return f"{text} leads out of the fleet's root through a symlink"
    return ""


def _entries(catalog: Catalog) -> Iterator[tuple[str, Family | Image]]:
    for family in catalog.families.values():
        yield f"families.{family.name}", family
    for image in catalog.images.values():
        yield f"images.{image.name}", image


def _wrong_context(root: Path, context: str) -> str:
    try:
        return leaves_root(root, context) or (
            "" if (root / context).is_dir() else f"{context} is not a directory"
        )
    except OSError as error:
        return f"{context} cannot be used: {error.strerror}"


def _wrong_dockerfile(root: Path, table: str, dockerfile: str) -> Iterator[Mistake]:
    try:
        why = leaves_root(root, dockerfile)
        if why:
            yield Mistake(table=table, key="dockerfile", what=why)
        elif not (root / dockerfile).is_file():
            hint = nearest(dockerfile, _dockerfiles_near(root, dockerfile))
            yield Mistake(table=table, key="dockerfile", what=f"there is no file {dockerfile}", hint=hint)
    except OSError as error:
        yield Mistake(table=table, key="dockerfile", what=f"{dockerfile} cannot be used: {error.strerror}")


def _dockerfiles_near(root: Path, dockerfile: str) -> list[str]:
    folder = PurePosixPath(dockerfile).parent
    while not (root / folder).is_dir():
        folder = folder.parent
    found = [*(root / folder).iterdir(), *(root / folder).glob("*/*")]
    return [str(path.relative_to(root)) for path in found if "dockerfile" in path.name.lower()]
