"""One image or family as an object whose functions can be chained: this is what a reproduction line calls."""

from typing import TYPE_CHECKING, Annotated

import dagger
from dagger import Doc, function, object_type

from pipeline.functions.told import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pipeline.functions.single import Choice

# For what reads a registry, runs a smoke test or has a side effect: an engine remembers the rest for days.
# NB: dagger-io's own types of `function` lack `cache`.
uncached: "Callable[[Any], Any]" = function(cache="never")  # pyright: ignore[reportCallIssue]


@object_type
class Image:
    """One image or family of the fleet."""

    kind: Annotated[str, Doc("image or family")]
    name: Annotated[str, Doc("Its name in the catalog")]
    base: Annotated[str, Doc("What it is built on, REPOSITORY@sha256:…; empty: as planned")]
    source: Annotated[dagger.Directory, Doc("Root of the fleet")]
    catalog: str
    registry: str
    organisation: str
    username: str
    token: dagger.Secret | None = None
    signing_key: dagger.Secret | None = None
    jobs: int
    memory: str = ""

    @uncached
    @told
    async def container(self) -> dagger.Container:
        """The built container, labels and all."""
        from pipeline.functions.single import container_of

        return await container_of(self._choice())

    @uncached
    @told
    async def smoke(
        self,
        *,
        service: Annotated[str, Doc("Only this service")] = "",
        fresh: Annotated[bool, Doc("Run again although nothing changed")] = False,
        gpu: Annotated[bool, Doc("The engine has a GPU: services with gpu = true are tested on it")] = False,
    ) -> str:
        """Build it and run its smoke tests; fails with the failure blocks."""
        from secrets import token_hex

        from pipeline.functions.demand import demand
        from pipeline.functions.single import smoke_one

        run = await smoke_one(self._choice(gpu=gpu), service=service, fresh=token_hex(4) if fresh else "")
        return demand(run)

    @uncached
    @told
    async def terminal(self) -> None:
        """Build it and open a shell in it, on the terminal that this is called from."""
        from pipeline.functions.single import container_of

        container = await container_of(self._choice())
        await container.terminal().sync()

    @uncached
    @told
    async def candidate(self) -> str:
        """Build it, smoke-test it, push it under its build key; returns REPOSITORY@sha256:…."""
        from pipeline.functions.demand import demand
        from pipeline.functions.single import push_one

        run = await push_one(self._choice())
        demand(run)
        return f"{run.units[0].reference}\n"

    def _choice(self, *, gpu: bool = False) -> "Choice":
        from pipeline.functions.single import Choice
        from pipeline.stages.request import request_of

        return Choice(
            request=request_of(self),
            kind="family" if self.kind == "family" else "image",
            name=self.name,
            base=self.base,
            gpu=gpu,
        )
