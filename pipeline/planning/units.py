"""Units: the families and images of a fleet as values to build, in the order in which they can be built."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.catalog.model import Service
from pipeline.catalog.references import Reference
from pipeline.planning.reads import Reads

Kind = Literal["family", "image"]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One family or image that the fleet builds.

    ``dockerfile`` and ``context`` are relative to the fleet's root; ``build_args`` are without BASE_IMAGE;
    ``base`` is the name of a family or of the root image; ``repository`` is without tag; ``epoch`` joins the
    fleet's and the unit's own; ``onbuild`` are the triggers of a base that the fleet builds; ``services`` are
    what is smoke-tested: of a family that promises libraries or programs, one service of the family's name.
    """

    kind: Kind
    name: str
    dockerfile: str
    context: str
    target: str
    platform: str
    build_args: Mapping[str, str]
    labels: Mapping[str, str]
    base: str
    repository: str
    epoch: str
    onbuild: tuple[str, ...]
    libraries: tuple[str, ...]
    programs: tuple[str, ...]
    services: tuple[Service, ...]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A family given by tag or digest, or the root image: nothing is built, its reference is resolved."""

    name: str
    reference: Reference


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What there is to plan.

    ``units`` are in build order; ``published`` holds the bases that must be resolved to digests (the root
    among them, where a unit stands on it); ``external`` are the images that Dockerfiles name themselves, to
    be resolved too; ``remote`` are the URLs of ADD lines without a checksum; ``reads`` is what each unit's
    Dockerfile says, by name.
    """

    units: tuple[Unit, ...]
    published: tuple[Published, ...]
    external: tuple[str, ...]
    remote: tuple[str, ...]
    reads: Mapping[str, Reads] = field(default_factory=dict[str, Reads], repr=False, compare=False)
