"""A fleet as lint rules look at it: catalog, Dockerfiles and contexts, each read once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipeline.catalog.model import Catalog, Image
from pipeline.catalog.references import Names
from pipeline.catalog.service import Service
from pipeline.checks.places import Places, find_places
from pipeline.planning.choice import family_chain
from pipeline.planning.context import Context, SourceReading
from pipeline.planning.discover import survey
from pipeline.planning.dockerfile import Dockerfile, Instruction
from pipeline.planning.inputs import Contexts
from pipeline.planning.reads import Reads, StageReads, final_stages, stages_below
from pipeline.planning.sources import Sources
from pipeline.planning.units import Unit

Kept = TypeVar("Kept")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One family or image with its Dockerfile; ``copied`` is what each source of each COPY comes to."""

    unit: Unit
    reads: Reads
    context: Context
    copied: tuple[SourceReading, ...]

    @property
    def dockerfile(self) -> Dockerfile:
        """The Dockerfile as read."""
        return self.reads.dockerfile

    @property
    def final_line(self) -> int:
        """The line of the FROM that the result starts with; 1 where there is none."""
        return self.reads.final.stage.line if self.reads.final else 1

    @property
    def final_stages(self) -> tuple[StageReads, ...]:
        """The stages whose settings the result has: the last one, and the local stages it starts from."""
        return final_stages(self.reads)

    @property
    def last_first(self) -> Iterator[Instruction]:
        """The instructions that make up the result, the last one first."""
        for stage in self.final_stages:
            yield from reversed(stage.stage.instructions)

    def stages_below(self, stage: StageReads) -> tuple[StageReads, ...]:
        """A stage and the local stages that it starts from, itself first."""
        return stages_below(self.reads, stage)


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """Everything that rules may look at."""

    catalog: Catalog
    sources: Sources
    places: Places
    subjects: Mapping[str, Subject]
    _kept: dict[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)

    def keep(self, key: str, find: Callable[[], Kept]) -> Kept:
        """What ``find`` gives, found once for all rules."""
        if key not in self._kept:
            self._kept[key] = find()
        return self._kept[key]

    @property
    def images(self) -> Iterator[tuple[Image, Subject]]:
        """Every image of the catalog with its Dockerfile."""
        for image in self.catalog.images.values():
            yield image, self.subjects[image.name]

    def service_line(self, image: Image, service: Service) -> int:
        """Where the catalog has a service, or the image whose default command it is."""
        return self.places.service(image.name, service.name)

    def chain(self, subject: Subject) -> tuple[Subject, ...]:
        """A subject and the families below it that are built here, itself first."""
        catalog = self.catalog
        names = family_chain(catalog, subject.unit.base) if subject.unit.base in catalog.families else ()
        return (subject, *(self.subjects[name] for name in names if name in self.subjects))

    def stands_on_unknown(self, subject: Subject) -> bool:
        """Whether its chain ends in a family given by tag or digest, whose Dockerfile is not here."""
        return self.chain(subject)[-1].unit.base != self.catalog.root.name


def inspect(catalog: Catalog, sources: Sources) -> Inspection:
    """Read what the rules need."""
    fleet = catalog.fleet
    names = Names(registry=fleet.registry, organisation=fleet.organisation, namespace=fleet.namespace)
    found = survey(catalog, sources, names)
    contexts = Contexts(sources)
    return Inspection(
        catalog=catalog,
        sources=sources,
        places=find_places(sources.text(catalog.filename) or "", catalog.filename),
        subjects={unit.name: _subject(unit, found.readings[unit.name][0], contexts) for unit in found.units},
    )


def _subject(unit: Unit, reads: Reads, contexts: Contexts) -> Subject:
    context = contexts.of(unit)
    return Subject(
        unit=unit,
        reads=reads,
        context=context,
        copied=tuple(_copied(reads.stages, context)),
    )


def _copied(stages: Sequence[StageReads], context: Context) -> Iterator[SourceReading]:
    for stage in stages:
        # NB: where a variable of the base decides, keys count the whole context; here nothing is known.
        yield from (context.read(read) for read in stage.context if read.path)
