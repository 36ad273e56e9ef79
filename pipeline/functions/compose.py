"""A Compose file of the fleet: pinned to what a release recorded, or switched by variables."""

from dataclasses import dataclass

from pipeline.catalog.model import Catalog
from pipeline.catalog.order import all_services
from pipeline.catalog.references import is_digest, is_tag
from pipeline.errors import ReleaseError, UsageError
from pipeline.registry.documents.record import Record
from pipeline.registry.documents.records import find_record
from pipeline.reporting.compose import VARIABLE, show_compose, switched_image, tag_variable
from pipeline.stages.request import Opened, Request, opened

_ORIGIN = "Fleet {}, written by `pipeline compose`: change the catalog, not this file."
_REPLACE = "Replace one service at a time, in the order of this file: docker compose up -d --no-deps SERVICE"


@dataclass(frozen=True, kw_only=True)
class ComposeWishes:
    """Flags of the function `compose`."""

    tag: str = ""
    by_tag: bool = False
    gpu: bool = False


async def compose(request: Request, wishes: ComposeWishes) -> str:
    """The file. Without a tag, or by tag, no registry is asked.

    Raises UsageError for what is no tag, ReleaseError where there is no such record, or one of another fleet.
    """
    if wishes.tag and not is_tag(wishes.tag):
        raise UsageError(f"{wishes.tag!r} is no tag", where="--tag", next_step="give a release's tag")
    async with opened(request) as fleet:
        if wishes.tag and not wishes.by_tag:
            return await _pinned(fleet, wishes)
        return _switched(fleet, wishes)


def _switched(fleet: Opened, wishes: ComposeWishes) -> str:
    images = {
        service.name: switched_image(fleet.access.names.image(image.name), service.name, wishes.tag)
        for image, service in all_services(fleet.catalog)
    }
    example = tag_variable(next(iter(images), "SERVICE"))
    remarks = (
        _ORIGIN.format(fleet.catalog.fleet.name),
        f"{VARIABLE}=TAG is another release for the whole fleet, {example}=TAG for one service.",
        _REPLACE,
    )
    return show_compose(fleet.catalog, images, remarks=remarks, gpu=wishes.gpu)


async def _pinned(fleet: Opened, wishes: ComposeWishes) -> str:
    record = await _record(fleet, wishes.tag)
    pinned = _pins(fleet, record)
    images = {service.name: pinned[image.name] for image, service in all_services(fleet.catalog)}
    remarks = (
        _ORIGIN.format(fleet.catalog.fleet.name),
        f"Pinned to release {record.tag}, commit {record.facts.commit}.",
        _REPLACE,
    )
    return show_compose(fleet.catalog, images, remarks=remarks, gpu=wishes.gpu)


async def _record(fleet: Opened, tag: str) -> Record:
    registry, repository = await fleet.records()
    filed = await find_record(registry, repository, tag)
    if filed is None:
        raise ReleaseError(
            "there is no record of this release",
            where=f"{repository}:{tag}",
            consequence="there are no digests to pin the file to",
            next_step="give the tag of a release, or --by-tag for references that name the tag itself",
        )
    return filed.record


def _pins(fleet: Opened, record: Record) -> dict[str, str]:
    """Image to ``REPOSITORY@DIGEST``, if the record is of the very images that the catalog has."""
    recorded = {unit.name: unit for unit in record.units if unit.kind == "image"}
    _insist_on_same_images(fleet.catalog, {*recorded}, record)
    for unit in recorded.values():
        if not is_digest(unit.digest):
            raise ReleaseError(f"the record has no digest for {unit.name}", where=record.tag)
    names = fleet.access.names
    return {name: f"{names.image(name)}@{unit.digest}" for name, unit in recorded.items()}


def _insist_on_same_images(catalog: Catalog, recorded: set[str], record: Record) -> None:
    missing, surplus = sorted({*catalog.images} - recorded), sorted(recorded - {*catalog.images})
    told = [f"the release has no {', '.join(missing)}"] if missing else []
    told += [f"the catalog has no {', '.join(surplus)}"] if surplus else []
    if told:
        raise ReleaseError(
            " and ".join(told),
            where=f"{catalog.filename} against release {record.tag}",
            consequence="the file would not be the release",
            next_step=f"run compose on the sources of commit {record.facts.commit}",
        )
