"""Releases on a machine that may be slow: what a test knows of its registry, they need not wait for."""

from dataclasses import dataclass

from pipeline.registry.tag_phase.protocol import Rules
from pipeline.registry.tag_phase.release import Timing


@dataclass(frozen=True, kw_only=True)
class Unhurried(Timing):
    """A write may take as long as it likes; ``wait``: seconds until those of others have arrived."""

    settle: float = 0.02
    gap: float = 60.0
    wait: float = 0.05

    @property
    def rules(self) -> Rules:
        return Rules(wait=self.wait, pause=self.settle)
