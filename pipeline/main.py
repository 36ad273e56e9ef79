"""Builds, smoke-tests and publishes a fleet of container images.

What to build is read from `fleet.toml` in the source directory. Every image is built on its family, its
services are smoke-tested inside their own container, and only what passed is pushed.
"""

import enum
from typing import TYPE_CHECKING, Annotated

import dagger
from dagger import DefaultPath, Doc, Ignore, Name, check, dag, enum_type, object_type

# NB: everything else is imported where it is needed: an engine pays for these imports at every single call.
from pipeline.functions.told import told
from pipeline.image import Image, uncached

if TYPE_CHECKING:
    from pipeline.stages.request import Request

_IGNORED = ["**/.git", "**/__pycache__", "**/.venv", "**/.mypy_cache", "**/.pytest_cache", "**/.ruff_cache"]

Only = Annotated[
    list[str] | None,
    Doc("Only these images and families (with what stands on them), and what they stand on"),
]
Fresh = Annotated[bool, Doc("Smoke-test again although there is evidence")]
Rebuild = Annotated[bool, Doc("Build again although there is a candidate")]
Candidates = Annotated[bool, Doc("Push what passed, under its build key; no name is given")]
Gpu = Annotated[bool, Doc("The engine has a GPU: services with gpu = true are tested on it")]
FailFast = Annotated[bool, Doc("Cancel everything at the first failure")]


@enum_type
class PlanFormat(enum.Enum):
    """How to show a plan."""

    TABLE = "table"
    """For people."""
    JSON = "json"
    """For programs."""
    COMMANDS = "commands"
    """The equivalent `docker buildx build` lines."""
    BAKE = "bake"
    """A file for `docker buildx bake`."""
    MATRIX = "matrix"
    """For `strategy.matrix` of GitHub Actions."""


@enum_type
class LintFormat(enum.Enum):
    """How to show findings."""

    TEXT = "text"
    """For people; an error among them fails the call."""
    JSON = "json"
    """For programs."""
    SARIF = "sarif"
    """SARIF 2.1.0, for code scanning."""
    GITHUB = "github"
    """Annotations of a GitHub Actions run."""


@enum_type
class ChannelName(enum.Enum):
    """Where releases are deployed."""

    CANARY = "canary"
    """Where a release is tried."""
    STABLE = "stable"
    """Where everything runs."""


@enum_type
class ShowFormat(enum.Enum):
    """How to show a result."""

    TEXT = "text"
    """For people."""
    JSON = "json"
    """For programs."""


Shown = Annotated[ShowFormat, Doc("How to show it")]


@object_type
class Pipeline:
    """Builds, smoke-tests and publishes a fleet of container images."""

    source: Annotated[dagger.Directory, DefaultPath("/fleet"), Ignore(_IGNORED), Doc("Root of the fleet")]
    catalog: Annotated[str, Doc("The fleet's file, relative to the root")] = "fleet.toml"
    registry: Annotated[str, Doc("Registry instead of the catalog's, HOST[:PORT]")] = ""
    organisation: Annotated[str, Doc("Organisation instead of the catalog's")] = ""
    username: Annotated[str, Doc("User name for the registry")] = ""
    token: Annotated[dagger.Secret | None, Doc("Token for the registry, e.g. env:GITHUB_TOKEN")] = None
    signing_key: Annotated[
        dagger.Secret | None,
        Doc("Ed25519 key in PEM form: signs evidence and records, e.g. file://signing.pem"),
    ] = None
    scratch_registry: Annotated[
        str, Doc("HOST[/PREFIX] for families that children need, where --candidates is not given")
    ] = ""
    jobs: Annotated[int, Doc("Builds at a time; half as many smoke tests")] = 16
    memory: Annotated[
        str, Doc("What services under test may take together, e.g. 8 GiB; empty: what this machine has free")
    ] = ""

    @uncached
    @told
    async def build_all(
        self,
        *,
        only: Only = None,
        fail_fast: FailFast = False,
        fresh: Fresh = False,
        rebuild: Rebuild = False,
        gpu: Gpu = False,
        candidates: Candidates = False,
    ) -> str:
        """Build and smoke-test the fleet; fails with the summary and its failure blocks."""
        from pipeline.functions.demand import demand
        from pipeline.functions.run import Wishes, run_fleet

        wishes = Wishes(
            only=tuple(only or ()),
            fail_fast=fail_fast,
            fresh=fresh,
            rebuild=rebuild,
            gpu=gpu,
            candidates=candidates,
        )
        return demand(await run_fleet(self._request(), wishes))

    @uncached
    async def run(
        self,
        *,
        only: Only = None,
        shard: Annotated[
            str, Doc("Part i of n machines, for example 1/4; or families: what all stand on")
        ] = "",
        fail_fast: FailFast = False,
        fresh: Fresh = False,
        rebuild: Rebuild = False,
        gpu: Gpu = False,
        candidates: Candidates = False,
        tag: Annotated[str, Doc("Release what passed under this tag, as release does")] = "",
        commit: Annotated[str, Doc("The commit of the source; recorded, and released with --tag")] = "",
        commit_date: Annotated[str, Doc("Its date, ISO 8601; checked against the tag")] = "",
        folder: Annotated[str, Doc("The fleet's folder in its repository; recorded for links")] = "",
    ) -> dagger.Directory:
        """Do the same as build-all, but always end with a directory: run.json and every view of it."""
        from pipeline.functions.run import Naming, Wishes, run_fleet
        from pipeline.reporting.views import all_views

        wishes = Wishes(
            function="run",
            only=tuple(only or ()),
            shard=shard,
            fail_fast=fail_fast,
            fresh=fresh,
            rebuild=rebuild,
            gpu=gpu,
            candidates=candidates or bool(tag),
            commit=commit,
            folder=folder,
        )
        naming = Naming(tag=tag, commit=commit, commit_date=commit_date) if tag else None
        directory = dag.directory()
        for name, content in all_views(await run_fleet(self._request(), wishes, naming)).items():
            directory = directory.with_new_file(name, content)
        return directory

    @uncached
    @told
    async def release(
        self,
        tag: Annotated[str, Doc("<commit date UTC, YYYYMMDD>-<7 digits of the commit>[.N]")],
        commit: Annotated[str, Doc("The commit that is released")],
        commit_date: Annotated[str, Doc("Its date, ISO 8601; checked against the tag")] = "",
        settle: Annotated[
            float, Doc("Seconds by which the registry's reads may lag behind its writes")
        ] = 3.0,
        *,
        gpu: Gpu = False,
    ) -> str:
        """Make what candidates are missing, then give all of them the tag, then write the record."""
        from pipeline.functions.demand import demand
        from pipeline.functions.run import Naming, Wishes, run_fleet

        wishes = Wishes(function="release", gpu=gpu, candidates=True)
        naming = Naming(tag=tag, commit=commit, commit_date=commit_date, settle=settle)
        return demand(await run_fleet(self._request(), wishes, naming))

    @uncached
    @told
    async def plan(
        self,
        *,
        format: Annotated[PlanFormat, Doc("How to show it")] = PlanFormat.TABLE,
        only: Only = None,
        tag: Annotated[str, Doc("The tag in commands and bake")] = "TAG",
        shards: Annotated[int, Doc("Machines of the matrix; 0: one for each image")] = 0,
        affected: Annotated[
            bool, Doc("In the matrix only that for which something is to be built or smoke-tested")
        ] = False,
        fresh: Fresh = False,
        rebuild: Rebuild = False,
        gpu: Gpu = False,
    ) -> str:
        """What would be done and why, image by image."""
        from pipeline.functions.show import PlanWishes, show

        wishes = PlanWishes(
            form=format.value,
            only=tuple(only or ()),
            tag=tag,
            shards=shards,
            affected=affected,
            fresh=fresh,
            rebuild=rebuild,
            gpu=gpu,
        )
        return await show(self._request(), wishes)

    @uncached
    @told
    async def preflight(self, *, format: Shown = ShowFormat.TEXT) -> str:
        """What a run would meet: registry, rights, clock, disk, drivers; text fails on an error."""
        from pipeline.functions.preflight import preflight

        return await preflight(self._request(), format.value)

    @uncached
    @told
    async def compose(
        self,
        *,
        tag: Annotated[str, Doc("The release that the file is pinned to, by the digests of its record")] = "",
        by_tag: Annotated[
            bool,
            Doc("Name tags, which FORCE_IMAGE_TAG and FORCE_IMAGE_TAG_<SERVICE> change; so without a tag"),
        ] = False,
        gpu: Annotated[
            bool, Doc("Reserve the GPU for every service, not only for those with gpu = true")
        ] = False,
    ) -> str:
        """A Compose file of the fleet: ports, health checks, core services first."""
        from pipeline.functions.compose import ComposeWishes, compose

        return await compose(self._request(), ComposeWishes(tag=tag, by_tag=by_tag, gpu=gpu))

    @uncached
    @told
    async def promote(
        self,
        tag: Annotated[str, Doc("The release to deploy")],
        *,
        channel: Annotated[ChannelName, Doc("Where")] = ChannelName.CANARY,
        force: Annotated[str, Doc("Reason for overruling what speaks against it; the history keeps it")] = "",
        settle: Annotated[float, Doc("As for release")] = 3.0,
        format: Shown = ShowFormat.TEXT,
    ) -> str:
        """Deploy a release on a channel from now on, without a rebuild; stable takes what was canary."""
        from pipeline.functions.channels import Promotion, promote_release

        wishes = Promotion(tag=tag, channel=channel.value, force=force, settle=settle, form=format.value)
        return await promote_release(self._request(), wishes)

    @uncached
    @told
    async def rollback(
        self,
        *,
        channel: Annotated[ChannelName, Doc("Where")] = ChannelName.CANARY,
        reason: Annotated[str, Doc("Why; the history keeps it")] = "",
        settle: Annotated[float, Doc("As for release")] = 3.0,
        format: Shown = ShowFormat.TEXT,
    ) -> str:
        """Deploy again what was deployed before; once more goes one further back."""
        from pipeline.functions.channels import roll_back

        return await roll_back(
            self._request(), channel=channel.value, reason=reason, settle=settle, form=format.value
        )

    @uncached
    @told
    async def status(self, *, format: Shown = ShowFormat.TEXT) -> str:
        """What is deployed on each channel, and which releases there are."""
        from pipeline.functions.channels import show_channels

        return await show_channels(self._request(), format.value)

    @uncached
    @told
    async def history(
        self,
        *,
        channel: Annotated[ChannelName, Doc("Of which channel")] = ChannelName.CANARY,
        format: Shown = ShowFormat.TEXT,
    ) -> str:
        """Every promotion and rollback of a channel, newest first."""
        from pipeline.functions.channels import show_channel_history

        return await show_channel_history(self._request(), channel=channel.value, form=format.value)

    @uncached
    @told
    async def diff(
        self,
        before: Annotated[str, Name("from"), Doc("A release, or a channel for what is deployed on it")],
        after: Annotated[str, Name("to"), Doc("Another one")],
        *,
        format: Shown = ShowFormat.TEXT,
    ) -> str:
        """What two releases differ in, image by image."""
        from pipeline.functions.releases import diff_releases

        return await diff_releases(self._request(), before=before, after=after, form=format.value)

    @uncached
    @told
    async def verify(
        self,
        tag: Annotated[str, Doc("The release")],
        *,
        smoke: Annotated[bool, Doc("Also run the smoke tests on what is published")] = False,
        format: Shown = ShowFormat.TEXT,
    ) -> str:
        """Whether a release is what its record says: all there, nothing moved, tested, signed."""
        from pipeline.functions.releases import verify_release

        return await verify_release(self._request(), tag=tag, smoke=smoke, form=format.value)

    @uncached
    @told
    async def adopt(
        self,
        tag: Annotated[str, Doc("The tag that all images have, without a record")],
        commit: Annotated[str, Doc("The commit that it is of")],
        commit_date: Annotated[str, Doc("Its date, ISO 8601; checked against the tag")] = "",
        *,
        format: Shown = ShowFormat.TEXT,
    ) -> str:
        """Make a record of tags that were given without one."""
        from pipeline.functions.releases import adopt_release

        return await adopt_release(
            self._request(), tag=tag, commit=commit, commit_date=commit_date, form=format.value
        )

    @uncached
    @told
    async def prune(
        self,
        *,
        dry_run: Annotated[bool, Doc("Only list what would be deleted")] = False,
        format: Shown = ShowFormat.TEXT,
    ) -> str:
        """Delete candidates and evidence that no release and no channel reaches."""
        from pipeline.functions.releases import prune_registry

        return await prune_registry(self._request(), dry_run=dry_run, form=format.value)

    @uncached
    @check
    @told
    async def lint(
        self, format: Annotated[LintFormat, Doc("How to show the findings")] = LintFormat.TEXT
    ) -> str:
        """Every rule over catalog and Dockerfiles, all findings at once; text fails on an error."""
        from pipeline.functions.show import show_lint

        return await show_lint(self._request(), format.value)

    @uncached
    @told
    async def lint_fix(self) -> dagger.Changeset:
        """What lint finds and can mend without a doubt, as changes to the source; -o SOURCE makes them."""
        from pipeline.functions.fix import fix_findings

        return await fix_findings(self._request())

    @uncached
    def image(
        self,
        name: Annotated[str, Doc("Name of the image")],
        base: Annotated[str, Doc("What to build it on, REPOSITORY@sha256:…; empty: as planned")] = "",
    ) -> Image:
        """One image: its container, its smoke tests, its candidate."""
        return self._one("image", name, base)

    @uncached
    def family(
        self,
        name: Annotated[str, Doc("Name of the family")],
        base: Annotated[str, Doc("What to build it on, REPOSITORY@sha256:…; empty: as planned")] = "",
    ) -> Image:
        """One family: its container, its smoke test, its candidate."""
        return self._one("family", name, base)

    def _one(self, kind: str, name: str, base: str) -> Image:
        given = {flag: value for flag, value in vars(self).items() if flag != "scratch_registry"}
        return Image(kind=kind, name=name, base=base, **given)

    def _request(self) -> "Request":
        from pipeline.stages.request import request_of

        return request_of(self)
