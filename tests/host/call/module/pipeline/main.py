# pyright: reportCallIssue=false, reportArgumentType=false
"""A module with one function for each thing that a command line can do with one.

NB: its package is called like this project's own on purpose: both must get along in one process.
"""

import enum
import os
import sys
from typing import Annotated

import dagger
from dagger import DefaultPath, Doc, Ignore, check, dag, enum_type, field, function, object_type


@enum_type
class Format(enum.Enum):
    """Shape of a text."""

    TABLE = "table"
    """Columns."""
    JSON = "json"
    """One document."""


class RefusedError(Exception):
    """What the functions here fail with."""


@object_type
class Image:
    """An image."""

    name: Annotated[str, Doc("Name of the image")] = field()
    context: dagger.Directory = field()

    @function
    def container(self) -> dagger.Container:
        """The built container."""
        return dag.container().with_new_file("/name", self.name)

    @function
    async def smoke(self, service: Annotated[str, Doc("Only this service")] = "") -> str:
        """Run the smoke test."""
        return f"{self.name} {service} ok\n"


@object_type
class Pipeline:
    """Build, test and publish a fleet of images.

    Another paragraph.
    """

    source: Annotated[
        dagger.Directory, DefaultPath("/fleet"), Ignore(["**/*.log"]), Doc("Root of the fleet")
    ] = field()
    jobs: Annotated[int, Doc("Images in flight")] = 4

    @function(cache="never")
    async def entries(self) -> list[str]:
        """Every path of the source."""
        return sorted(await self.source.glob("**"))

    @function(cache="never")
    async def fail(self) -> str:
        """Raise with several lines."""
        print("on stdout")
        print("on stderr", file=sys.stderr)
        raise RefusedError(
            "2 of 8 images failed\n  speech: exit 3\n    reproduce: dagger call image --name speech smoke"
        )

    @function(cache="never")
    async def fail_together(self) -> str:
        """Raise what a task group raises."""
        raise ExceptionGroup(
            "unhandled errors", [RefusedError("the first"), ExceptionGroup("", [ValueError("a second")])]
        )

    @function(cache="never")
    async def fail_exec(self) -> str:
        """Let an ExecError through."""
        base = dag.container().from_(os.environ["PIPELINE_TEST_BASE"])
        return await base.with_exec(["sh", "-c", "echo oo; echo ee >&2; exit 3"]).stdout()

    @function
    def image(self, name: Annotated[str, Doc("Name of the image")]) -> Image:
        """One image."""
        return Image(name=name, context=self.source.directory(name))

    @function
    def images(self) -> list[Image]:
        """All images."""
        return [Image(name=name, context=self.source.directory(name)) for name in ("a", "b")]

    @function(cache="never")
    async def values(
        self,
        text: str = "x",
        number: int = 1,
        ratio: float = 0.5,
        flag: bool = False,
        maybe: str | None = None,
        only: list[str] | None = None,
        format: Annotated[Format, Doc("Output format")] = Format.TABLE,
    ) -> str:
        """Echo the arguments as Python sees them."""
        return f"{text!r} {number!r} {ratio!r} {flag!r} {maybe!r} {only!r} {format!r}\n"

    @function(cache="never")
    async def nothing(self) -> None:
        """Return nothing."""

    @function(cache="never")
    async def number(self) -> int:
        """Return a number."""
        return 42

    @function(cache="never")
    async def half(self) -> float:
        """Return a fraction."""
        return self.jobs / 8

    @function(cache="never")
    async def truth(self) -> bool:
        """Return a truth value."""
        return True

    @function(cache="never")
    async def choice(self) -> Format:
        """Return an enum."""
        return Format.JSON

    @function
    @check
    async def lint(self) -> None:
        """A check that passes."""

    @function
    @check
    async def lint_bad(self) -> None:
        """A check that fails."""
        raise RefusedError("port 8008 is used by A and B")

    @function(cache="never")
    async def secret_length(self, token: Annotated[dagger.Secret, Doc("A token")]) -> int:
        """Length of a secret."""
        return len(await token.plaintext())

    @function(cache="never")
    async def show(self, token: dagger.Secret) -> str:
        """Return a secret's text."""
        return await token.plaintext()

    @function(cache="never")
    async def read(self, file: dagger.File) -> str:
        """Contents of a file."""
        return await file.contents()

    @function(cache="never")
    def report(self) -> dagger.Directory:
        """A directory with a page."""
        return dag.directory().with_new_file("page.html", "<p>").with_new_file("d/run.json", "{}")

    @function(cache="never")
    def page(self) -> dagger.File:
        """A file."""
        return self.report().file("page.html")
