"""Units: the families and images of a fleet as values to build, in the order in which they can be built."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.catalog.references import Reference
from pipeline.catalog.service import Service
from pipeline.planning.outside import external_images, remote_files
from pipeline.planning.reads import Reads

Kind = Literal["family", "image"]


@dataclass(frozen=True, kw_only=True)
class Promises:
    """What the container of a unit is held against, whichever service runs in it.

    ``cuda`` is the family's version; ``init`` is false for an image whose own init must be PID 1;
    ``root_may`` whether it is acknowledged that it runs as root; ``stop_signal`` and ``shell`` (one line)
    are those of the Dockerfile or of its base, empty where none says; ``max_size`` is in bytes of compressed
    layers, 0 for no limit; ``probe_image`` is what looks at it from beside, empty for its base.
    """

    libraries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    cuda: str = ""
    init: bool = True
    root_may: bool = False
    stop_signal: str = ""
    shell: str = ""
    max_size: int = 0
    probe_image: str = ""

    @property
    def any_contents(self) -> bool:
        """Whether there is anything to look for in the image."""
        return bool(self.libraries or self.programs or self.imports or self.linked or self.cuda)


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One family or image that the fleet builds.

    ``dockerfile`` and ``context`` are relative to the fleet's root; ``platforms``, in their order, become one
    image, or an index of several; ``build_args`` are without BASE_IMAGE;
    ``arguments`` are the names that its ARG lines give a value and no ENV sets; ``base`` is the name of a
    family or of the root image; ``repository`` is without tag; ``epoch`` joins the fleet's and its own;
    ``onbuild`` are the triggers of its base, as far as they are known; ``promises`` are what its container is
    held against; ``services`` are what is smoke-tested: of a family that promises anything, one service of
    the family's name. ``suite`` are services that also run side by side, in a smoke test of the image's name
    that comes after theirs; empty for fewer than two.
    """

    kind: Kind
    name: str
    dockerfile: str
    context: str
    target: str
    platforms: tuple[str, ...]
    build_args: Mapping[str, str]
    labels: Mapping[str, str]
    base: str
    repository: str
    epoch: str
    onbuild: tuple[str, ...]
    promises: Promises
    services: tuple[Service, ...]
    suite: tuple[Service, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def several(self) -> tuple[str, ...]:
        """Its platforms where they are several: one goes without saying."""
        return self.platforms if len(self.platforms) > 1 else ()


@dataclass(frozen=True, kw_only=True)
class Inherited:
    """What a base that is not built here passes on: ``onbuild`` are triggers, the rest as in `Promises`."""

    onbuild: tuple[str, ...] = ()
    stop_signal: str = ""
    shell: str = ""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A family given by tag or digest, or the root image: nothing is built, its reference is resolved."""

    name: str
    reference: Reference
    is_root: bool = False


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What there is to plan.

    ``units`` are in build order; ``published`` holds the bases that must be resolved to digests (the root
    among them, where a unit stands on it); ``readings`` is what each unit's Dockerfile says, by name: once,
    or for several platforms once for each, the first of them first.
    """

    units: tuple[Unit, ...]
    published: tuple[Published, ...]
    readings: Mapping[str, tuple[Reads, ...]] = field(repr=False, compare=False)

    @property
    def external(self) -> tuple[str, ...]:
        """The images that Dockerfiles name themselves without a digest, sorted: to be resolved too."""
        return external_images(self.readings)

    @property
    def remote(self) -> tuple[str, ...]:
        """The URLs of ADD lines without a checksum, sorted."""
        return remote_files(self.readings)
