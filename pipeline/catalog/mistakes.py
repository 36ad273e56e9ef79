"""Mistakes in a catalog, told with file, table, key and the nearest valid word."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.errors import CatalogError


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake: ``table`` as written in TOML (``images.speech_pipeline``), ``key`` within it, or empty."""

    table: str
    key: str = ""
    what: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"[{self.table}] {self.key}".strip() if self.table else self.key
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}: {self.what}{hint}" if place else f"{self.what}{hint}"


class InvalidCatalogError(CatalogError):
    """Everything that is wrong with one catalog, at once."""

    def __init__(self, mistakes: Sequence[Mistake], *, where: str, text: str = "") -> None:
        self.mistakes = tuple(mistakes)
        self.text = text  # the catalog's, so that a mistake can be shown on its line
        super().__init__(
            "\n".join(
                f"{where}: {mistake}" if index else str(mistake) for index, mistake in enumerate(mistakes)
            ),
            where=where,
            consequence="nothing is planned or built",
            next_step=f"correct {where}",
        )


def nearest(word: str, words: Iterable[str]) -> str:
    """``did you mean X?``, or the list of valid words where none is near, or nothing where there are none."""
    known = sorted(set(words))
    lowered = {candidate.lower(): candidate for candidate in reversed(known)}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.5)
    if close:
        return f"did you mean {lowered[close[0]]}?"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"there are {shown}" if known else ""
