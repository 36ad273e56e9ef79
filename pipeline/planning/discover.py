"""From a catalog to the units that there are to plan, in build order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.catalog.model import Catalog, Family, Image
from pipeline.catalog.platform_choice import platforms_of
from pipeline.catalog.references import Names, Reference
from pipeline.catalog.service import Service
from pipeline.planning.choice import chosen, in_order
from pipeline.planning.dockerfile import read_dockerfile
from pipeline.planning.reads import (
    BASE_ARGUMENT,
    INJECTED,
    Reads,
    find_reads,
    onbuild_triggers,
)
from pipeline.planning.running import shell_of, stands_on_base, stop_signal
from pipeline.planning.sources import Sources
from pipeline.planning.units import Inherited, Promises, Published, Survey, Unit

_LABEL = "org.opencontainers.image"
_OF_BUILDER = re.compile(r"BUILD(?:PLATFORM|OS|ARCH|VARIANT)")
_ROOT = "user-root"  # the lint rule; who acknowledges it wants no smoke test to say the same


@dataclass(frozen=True)
class _Place:
    catalog: Catalog
    sources: Sources
    names: Names
    inherited: Mapping[str, Inherited]


def survey(
    catalog: Catalog,
    sources: Sources,
    names: Names,
    only: Sequence[str] = (),
    *,
    inherited: Mapping[str, Inherited] | None = None,
) -> Survey:
    """The units of a fleet.

    ``only`` are names of families (meaning their descendants too) and images; ancestors always come along.
    ``names`` is where things are looked up, ``catalog.fleet`` what is written into labels: a build key does
    not depend on the registry of one run. ``inherited`` is what bases that are not built here pass on, by
    name: only a registry knows it. Raises UsageError for a name in ``only`` that is neither.
    """
    place = _Place(catalog, sources, names, inherited or {})
    wanted = chosen(catalog, only)
    families = [catalog.families[name] for name in in_order(catalog) if name in wanted]
    units = [_family_unit(place, family) for family in families if family.is_built]
    units += [_image_unit(place, image) for image in catalog.images.values() if image.name in wanted]
    by_name = {unit.name: unit_readings(unit, place.sources) for unit in units}
    read: dict[str, Unit] = {}
    for unit in units:
        base = read[unit.base].promises if unit.base in read else place.inherited.get(unit.base, Inherited())
        read[unit.name] = _with_reads(unit, by_name[unit.name], base)
    return Survey(
        units=tuple(read.values()),
        published=tuple(_published(place, units)),
        readings=by_name,
    )


def unit_readings(unit: Unit, sources: Sources) -> tuple[Reads, ...]:
    """What a unit's build reads for each platform.

    NB: on which of its platforms a build runs is not known, so what depends on it is read for all of them.
    """
    text = sources.text(unit.dockerfile) or ""
    builders = unit.platforms if _OF_BUILDER.search(text) else ("",)
    return tuple(
        find_reads(
            sources.dockerfile(unit.dockerfile),
            build_args={**unit.build_args, BASE_ARGUMENT: INJECTED},
            platform=platform,
            builder=builder,
            target=unit.target,
            triggers={INJECTED: unit.onbuild},
        )
        for platform in unit.platforms
        for builder in builders
    )


def _published(place: _Place, units: Sequence[Unit]) -> Iterator[Published]:
    root, families = place.catalog.root, place.catalog.families
    for name in dict.fromkeys(unit.base for unit in units):
        if name == root.name:
            reference = _reference(place.names.root(name), tag=root.tag)
            yield Published(name=name, reference=reference, is_root=True)
        elif not families[name].is_built:
            family = families[name]
            reference = _reference(place.names.family(name), tag=family.tag, digest=family.digest)
            yield Published(name=name, reference=reference)


def _reference(name: str, *, tag: str = "", digest: str = "") -> Reference:
    registry, _, repository = name.partition("/")
    return Reference(registry=registry, repository=repository, tag=tag, digest=digest)


def _family_unit(place: _Place, family: Family) -> Unit:
    fleet = place.catalog.fleet
    promises = Promises(
        libraries=family.libraries,
        programs=family.programs,
        imports=family.imports,
        linked=family.linked,
        cuda=family.cuda,
        max_size=family.max_size or 0,
    )
    return Unit(
        kind="family",
        name=family.name,
        dockerfile=family.dockerfile,
        context=family.context,
        target="",
        platforms=platforms_of(place.catalog, family.name),
        build_args=family.build_args,
        labels=_labels(place.catalog, family.name, family.base),
        base=family.base or place.catalog.root.name,
        repository=place.names.family(family.name),
        epoch=f"{fleet.epoch}.{family.epoch}",
        onbuild=_onbuild(place, family.base or place.catalog.root.name),
        promises=promises,
        services=(Service(name=family.name),) if promises.any_contents or promises.max_size else (),
    )


def _image_unit(place: _Place, image: Image) -> Unit:
    fleet = place.catalog.fleet
    suite = image.services if len(image.services) > 1 and image.init else ()
    return Unit(
        kind="image",
        name=image.name,
        dockerfile=image.dockerfile,
        context=image.context,
        target=image.target,
        platforms=platforms_of(place.catalog, image.name),
        build_args=image.build_args,
        labels=_labels(place.catalog, image.name, image.family),
        base=image.family,
        repository=place.names.image(image.name),
        epoch=f"{fleet.epoch}.{image.epoch}",
        onbuild=_onbuild(place, image.family),
        promises=_image_promises(place.catalog, image),
        services=(*image.smoked, *((Service(name=image.name),) if suite else ())),
        suite=suite,
    )


def _image_promises(catalog: Catalog, image: Image) -> Promises:
    family = catalog.families[image.family]
    return Promises(
        libraries=image.libraries,
        programs=image.programs,
        imports=image.imports,
        linked=image.linked,
        cuda=family.cuda,
        init=image.init,
        root_may=any(each.rule == _ROOT and each.subject == image.name for each in catalog.acknowledge),
        max_size=image.max_size or 0,
        probe_image=catalog.fleet.probe_image,
    )


def _with_reads(unit: Unit, readings: Sequence[Reads], base: Promises | Inherited) -> Unit:
    """The unit with what its Dockerfile tells, and what it leaves to its base."""
    passing = {name for each in readings if each.final for name in each.final.scope.passing}
    reads = readings[0]
    below = base if stands_on_base(reads) else Inherited()
    promises = replace(
        unit.promises,
        stop_signal=stop_signal(reads) or below.stop_signal,
        shell=shell_of(reads) or below.shell,
    )
    return replace(unit, arguments=tuple(sorted(passing)), promises=promises)


def _onbuild(place: _Place, base: str) -> tuple[str, ...]:
    family = place.catalog.families.get(base)
    if family is None or not family.is_built:
        return place.inherited.get(base, Inherited()).onbuild
    text = place.sources.text(family.dockerfile) or ""
    return onbuild_triggers(read_dockerfile(text, base)) if "onbuild" in text.lower() else ()


def _labels(catalog: Catalog, name: str, base: str) -> Mapping[str, str]:
    """Constant labels only: what changes per commit stands in the record, not in the image."""
    fleet = catalog.fleet
    home = Names(registry=fleet.registry, organisation=fleet.organisation, namespace=fleet.namespace)
    base_name = home.family(base) if base else f"{home.root(catalog.root.name)}:{catalog.root.tag}"
    labels = {
        f"{_LABEL}.title": name,
        f"{_LABEL}.source": fleet.source_url,
        f"{_LABEL}.licenses": fleet.licenses,
        f"{_LABEL}.base.name": base_name,
    }
    return {key: value for key, value in labels.items() if value}
