"""What fleet.toml says, as immutable values. `load` checks links and files."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.catalog.durations import Seconds
from pipeline.catalog.entry import Entry
from pipeline.catalog.fields import (
    Digest,
    HostPorts,
    ImageReference,
    Line,
    Module,
    Name,
    Organisation,
    Place,
    Platform,
    Platforms,
    Port,
    PublicKey,
    Registry,
    Tag,
    Text,
    Version,
    Word,
)
from pipeline.catalog.platforms import USUAL
from pipeline.catalog.service import Health, Service
from pipeline.catalog.sizes import Size


class Fleet(Entry):
    """``[fleet]``: names, platform, and what concerns every image."""

    name: Word = Field(description="the fleet, as summaries call it")
    registry: Registry = Field(default="ghcr.io", description="where everything is pushed to, HOST[:PORT]")
    organisation: Organisation = Field(description="first part of every name: REGISTRY/ORGANISATION/…")
    namespace: Word = Field(
        default="ai_system", description="second part of the names of images and records, not of families"
    )
    platform: Platform = Field(default=USUAL, description="what is built for, where `platforms` does not say")
    platforms: Platforms = Field(
        default=(),
        description='what is built for, in place of `platform`: ["linux/amd64", "linux/arm64"] is one index',
    )
    epoch: int = Field(default=0, ge=0, description="raise it to build everything again")
    source_url: str = Field(
        default="",
        description="becomes the label org.opencontainers.image.source: GitHub links packages by it",
    )
    licenses: str = Field(
        default="", description="becomes the label org.opencontainers.image.licenses (SPDX)"
    )
    visibility: Literal["", "public", "private"] = Field(
        default="", description="who is to be able to pull: anybody, or only who has a token; preflight looks"
    )
    public_key: PublicKey = Field(
        default="", description="Ed25519, PEM: then `verify` demands that evidence and records are signed"
    )
    context_limit_mb: int = Field(
        default=100,
        ge=1,
        description="lint warns where what COPY reads for one image is more (MB of 10^6 bytes)",
    )
    probe_image: str = Field(
        default="",
        description="looks at services from beside: has sh, python3, curl, wget or bash; empty: their family",
    )
    untested_allows: Literal["nothing", "canary", "stable"] = Field(
        default="canary",
        description="how far a release may go whose smoke tests were skipped (no GPU, a foreign platform)",
    )

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        if self.platforms and "platform" in self.model_fields_set:
            raise ValueError("give platform or platforms, not both")
        return self


class Root(Entry):
    """``[root]``: the image on which the first family stands; pulled from ``source`` where it is absent."""

    name: Word = Field(
        default="root-cu121", description="looked up as REGISTRY/ORGANISATION/NAME before source is used"
    )
    tag: Annotated[Tag, Field(min_length=1)] = Field(default="12.1.1", description="its tag there")
    source: ImageReference = Field(
        default="docker.io/nvidia/cuda:12.1.1-runtime-ubuntu22.04",
        description="pulled where the registry does not have it",
    )


class Family(Entry):
    """``[families.NAME]``: built from a Dockerfile, or already pushed under a tag or digest."""

    name: Name
    dockerfile: str = Field(
        default="",
        description="built from this file (relative to the root of the fleet); else give tag or digest",
    )
    tag: Tag = Field(default="", description="already pushed: REGISTRY/ORGANISATION/NAME:TAG")
    digest: Digest = Field(default="", description="already pushed: REGISTRY/ORGANISATION/NAME@sha256:…")
    context: Text = Field(default=".", description="build context, relative to the root of the fleet")
    base: str = Field(default="", description="the family it stands on; empty for the root image")
    cuda: Version = Field(
        default="", description="its CUDA version: checked against the drivers of the targets"
    )
    distribution: str = Field(
        default="", description="what it is made of, e.g. debian12; for lint, where a tag is given"
    )
    python: Version = Field(default="", description='its Python, "3.10"; for lint, where tag is given')
    build_args: dict[str, str] = Field(
        default={}, description="build arguments; BASE_IMAGE is given by the pipeline"
    )
    libraries: tuple[Line, ...] = Field(
        default=(), description="sonames that its loader must find, e.g. libgomp.so.1"
    )
    programs: tuple[Line, ...] = Field(
        default=(), description='that run: "ffmpeg", or a whole command that ends with 0: "ffmpeg -version"'
    )
    imports: tuple[Module, ...] = Field(default=(), description="Python modules that its python3 imports")
    linked: tuple[Place, ...] = Field(
        default=(), description="paths below which every ELF file finds what it is linked with"
    )
    max_size: Size | None = Field(
        default=None, description='of its compressed layers, "2 GB"; else unlimited'
    )
    platforms: Platforms = Field(
        default=(), description="what it is for; empty: what it stands on is for, the first family: the fleet"
    )
    epoch: int = Field(
        default=0, ge=0, description="raise it to build this family, and what stands on it, again"
    )

    @property
    def is_built(self) -> bool:
        """Whether the fleet builds this family itself."""
        return bool(self.dockerfile)

    @model_validator(mode="after")
    def _exactly_one_origin(self) -> Self:
        given = [key for key in ("dockerfile", "tag", "digest") if getattr(self, key)]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of dockerfile, tag and digest, not {' and '.join(given) or 'none'}"
            )
        return self


class Image(Entry):
    """``[images.NAME]``: one image, the family it stands on, and its services."""

    name: Name
    family: Text = Field(description="the family that BASE_IMAGE becomes")
    dockerfile: Text = Field(description="relative to the root of the fleet")
    context: Text = Field(default=".", description="build context, relative to the root of the fleet")
    target: str = Field(default="", description="stage to build; empty: the last")
    build_args: dict[str, str] = Field(
        default={}, description="build arguments; BASE_IMAGE is given by the pipeline"
    )
    libraries: tuple[Line, ...] = Field(default=(), description="sonames that its loader must find")
    programs: tuple[Line, ...] = Field(
        default=(), description='that run: "ffmpeg", or a whole command that ends with 0: "ffmpeg -version"'
    )
    imports: tuple[Module, ...] = Field(default=(), description="Python modules that its python3 imports")
    linked: tuple[Place, ...] = Field(
        default=(), description="paths below which every ELF file finds what it is linked with"
    )
    max_size: Size | None = Field(
        default=None, description='of its compressed layers, "2 GB"; else unlimited'
    )
    services: tuple[Service, ...] = Field(
        default=(), description="what is started from it; none: its default command is the service"
    )
    health: Health | None = Field(
        default=None, description="of the default command, where no service is listed"
    )
    alive_for: Seconds | None = Field(default=None, description="of the default command, as for a service")
    stop_time: Annotated[Seconds, Field(gt=0)] = Field(
        default=10.0, description="of the default command, as for a service"
    )
    max_ready: Annotated[Seconds, Field(gt=0)] | None = Field(
        default=None, description="of the default command, as for a service"
    )
    max_memory: Size | None = Field(default=None, description="of the default command, as for a service")
    ports: tuple[Port, ...] = Field(
        default=(), description="of the default command, where no service is listed"
    )
    host_port: HostPorts = Field(default={}, description="of the default command, as for a service")
    core: bool = Field(default=False, description="of the default command, as for a service")
    depends_on: tuple[Text, ...] = Field(default=(), description="of the default command, as for a service")
    init: bool = Field(default=True, description="false for an image whose own init must be PID 1")
    platforms: Platforms = Field(default=(), description="what it is for; empty: what its family is for")
    epoch: int = Field(default=0, ge=0, description="raise it to build this image again")

    @property
    def smoked(self) -> tuple[Service, ...]:
        """What is smoke-tested: the services, or the default command under the image's name."""
        return self.services or (self._default_service(),)

    def table_of(self, service: Service) -> str:
        """The table in which a service stands; the image's own for its default command."""
        return f"images.{self.name}.services.{service.name}" if self.services else f"images.{self.name}"

    def _default_service(self) -> Service:
        return Service(
            name=self.name,
            ports=self.ports,
            health=self.health,
            alive_for=self.alive_for,
            stop_time=self.stop_time,
            max_ready=self.max_ready,
            max_memory=self.max_memory,
            host_port=self.host_port,
            core=self.core,
            depends_on=self.depends_on,
        )


class Target(Entry):
    """``[targets.NAME]``: a machine that the fleet is deployed to."""

    name: Text
    driver: Annotated[Version, Field(min_length=1)] = Field(description="version of its NVIDIA driver")
    cuda: Version = Field(default="", description="CUDA version that it is meant for")
    gpu: str = Field(default="", description="what it has, for people")
    reserved_ports: tuple[Port, ...] = Field(
        default=(), description="ports of the host that no service may want"
    )


class Acknowledgement(Entry):
    """``[[acknowledge]]``: a finding that the team knows and accepts, with its reason."""

    rule: Text = Field(description="id of the lint rule")
    subject: Text = Field(description="the service, image or family that the finding is about")
    reason: Text = Field(description="why it is accepted")


class Catalog(Entry):
    """The whole of fleet.toml."""

    fleet: Fleet
    root: Root = Root()
    families: dict[str, Family] = Field(default={})
    images: dict[str, Image] = Field(default={})
    targets: dict[str, Target] = Field(default={})
    acknowledge: tuple[Acknowledgement, ...] = ()
    filename: str = Field("fleet.toml", description="where it was read from, relative to the fleet's root")
