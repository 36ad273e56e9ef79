"""Our own scripts as files of the engine. Mounted they are in no layer, and cost less than new files."""

from dataclasses import dataclass, field

import anyio
import dagger
from dagger import dag


def script(text: str) -> dagger.File:
    """An executable file."""
    return dag.directory().with_new_file("script", text, permissions=0o755).file("script")


@dataclass(kw_only=True)
class Scripts:
    """The scripts of one run: each is sent to the engine once, however often it is mounted."""

    _sent: dict[str, dagger.File] = field(default_factory=dict[str, dagger.File])
    _turn: anyio.Lock = field(default_factory=anyio.Lock)

    async def of(self, text: str) -> dagger.File:
        """The file with this text. Raises dagger.QueryError when the engine does not take it."""
        async with self._turn:
            if text not in self._sent:
                self._sent[text] = await script(text).sync()
            return self._sent[text]
