"""What happens to one release, decided by its seed: faults, kills, a second run, newer bases."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from proxy import FAIR, Asked, Fate, Reply, errors

SETTLE, GAP = 0.15, 2.0
# NB: reads lag less than the settle time, and delays are shorter than the gap: that is what is assumed.
_MOST_LAG, _MOST_DELAY = 0.9 * SETTLE, GAP / 4

Mode = Literal["killed", "together", "faults"]


@dataclass(frozen=True, kw_only=True)
class Script:
    """How one release goes.

    Parameters
    ----------
    kills:
        For each run that is killed, the number of the request at which it is.
    plans:
        Which candidates each run in turn wants: 0, or 1 for those on newer bases. The last one lives.
    chance:
        The part of the requests that something happens to.
    settle:
        The settle time of its runs; reads ``lag`` by less, both in seconds.
    """

    seed: int
    mode: Mode
    kills: tuple[int, ...]
    plans: tuple[int, ...]
    lag: float
    chance: float
    settle: float = SETTLE


def unscaled(seed: int) -> Script:
    """Two releases of different digests at once, then one more, where reads are up to 5 seconds behind."""
    dice = random.Random(seed)
    plans = (0, 1, dice.choice((0, 1)))
    return Script(
        seed=seed,
        mode="together",
        kills=(),
        plans=plans,
        lag=5.0,
        chance=dice.choice((0.0, 0.02)),
        settle=5.5,
    )


def script_of(seed: int) -> Script:
    """The script of a seed; always the same."""
    dice = random.Random(seed)
    mode: Mode = dice.choices(("killed", "together", "faults"), (6, 3, 1))[0]
    kills = tuple(dice.randrange(1, 90) for _ in range(dice.randint(1, 3))) if mode == "killed" else ()
    if mode == "together":
        kills = tuple(dice.randrange(1, 90) for _ in range(dice.randint(0, 1)))
    runs = len(kills) + 1 + (mode == "together")
    return Script(
        seed=seed,
        mode=mode,
        kills=kills,
        plans=tuple(dice.choice((0, 0, 1)) for _ in range(runs)),
        lag=dice.choice((0.0, _MOST_LAG)),
        chance=dice.choice((0.0, 0.02, 0.08)),
    )


@dataclass
class Misfortune:
    """The behaviour of a proxy for one run: faults by chance, and the kill at its request."""

    dice: random.Random
    chance: float
    kill_at: int = 0
    kill: Callable[[], None] | None = None
    seen: int = 0
    faults: dict[str, int] = field(default_factory=dict[str, int])

    def __call__(self, asked: Asked) -> Fate:
        self.seen += 1
        if (kill := self.kill) is not None and self.seen == self.kill_at:
            self.note("kill")
            return Fate(then=lambda _status: kill())
        return self.some_fate(asked) if self.dice.random() < self.chance else FAIR

    def note(self, name: str) -> None:
        self.faults[name] = self.faults.get(name, 0) + 1

    def some_fate(self, asked: Asked) -> Fate:
        writes = asked.method == "PUT" and asked.manifest is not None
        fates = {
            "delay": Fate(delay=self.dice.uniform(0, _MOST_DELAY)),
            "429": Fate(instead=errors(429, "TOOMANYREQUESTS", retry_after="0")),
            "502": Fate(instead=Reply(status=502, body=b"<html>bad gateway</html>")),
            "503": Fate(instead=errors(503, "UNAVAILABLE")),
            "reset": Fate(reset=True),
        }
        if writes:
            fates["unknown blob"] = Fate(instead=errors(404, "BLOB_UNKNOWN"))
            fates["done, but 500"] = Fate(lie=errors(500, "UNKNOWN"))
        elif asked.method == "GET":
            fates["truncated"] = Fate(cut=20)
        elif asked.sends_blob:
            fates["reset in a blob"] = Fate(body_until=20)
        name = self.dice.choice(sorted(fates))
        self.note(name)
        return fates[name]
