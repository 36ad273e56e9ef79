"""Several who write the same at once: whatever the machine does, in the order in which it is hardest."""

import asyncio
from dataclasses import dataclass, field

from proxy import FAIR, Asked, Fate


@dataclass
class Meeting:
    """The behaviour of a proxy: none of so many writes is done before all have come.

    And none is read before all are done. ``place``: repository and tag; ``came``: how many writes there were.
    """

    place: tuple[str, str]
    number: int
    came: int = 0
    done: int = 0
    all_came: asyncio.Event = field(default_factory=asyncio.Event)
    all_done: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, asked: Asked) -> Fate:
        if asked.manifest != self.place:
            return FAIR
        if asked.method != "PUT":
            return Fate(until=self.all_done) if self.done else FAIR
        self.came += 1
        if self.came == self.number:
            self.all_came.set()
        return Fate(until=self.all_came, then=self._answered)

    def _answered(self, status: int) -> None:
        # NB: where several write at once, a registry may not manage one of them; that comes again.
        self.done += status == 201
        if self.done == self.number:
            self.all_done.set()
