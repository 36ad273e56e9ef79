"""What Dockerfiles read from outside the fleet: images that they name themselves, URLs."""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.catalog.references import Reference, parse_reference
from pipeline.errors import CatalogError
from pipeline.planning.reads import INJECTED, Reads, StageReads


def external_images(readings: Mapping[str, Sequence[Reads]]) -> tuple[str, ...]:
    """The images that Dockerfiles name themselves without a digest, sorted."""
    used = [stage for unit in readings.values() for each in unit for stage in each.used]
    return tuple(sorted({str(image) for stage in used for image in _external(stage)}))


def remote_files(readings: Mapping[str, Sequence[Reads]]) -> tuple[str, ...]:
    """The URLs of ADD lines without a checksum, sorted."""
    used = [stage for unit in readings.values() for each in unit for stage in each.used]
    return tuple(sorted({each.url for stage in used for each in stage.remote if not each.checksum}))


def external_reference(text: str) -> Reference | None:
    """The image that a Dockerfile names, as it must be resolved; None where the text is no reference."""
    try:
        return parse_reference(text).tagged()
    except CatalogError:
        return None


def _external(used: StageReads) -> Iterator[Reference]:
    for image in used.images:
        reference = external_reference(image.text) if image.text != INJECTED else None
        if reference and not reference.digest:
            yield reference
