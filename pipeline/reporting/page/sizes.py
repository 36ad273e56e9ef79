"""Which part of an image's size comes from where: root, family, or the image itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.reporting.model import Layer, Run, UnitRun


@dataclass(frozen=True, kw_only=True)
class Share:
    """The layers that one base, family or image brings; ``depth`` counts from the lowest, -1 for its own."""

    origin: str
    depth: int
    size: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True, kw_only=True)
class SizeRow:
    """A unit's shares, lowest first. ``split`` is false where its base's layers are not known."""

    name: str
    kind: str
    anchor: str
    size: int
    shares: tuple[Share, ...]
    split: bool

    @property
    def own(self) -> int:
        """Bytes that it adds to its base."""
        return self.shares[-1].size if self.split and self.shares else 0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """``distinct`` are the bytes of all layers, each counted once: what a host has to pull."""

    rows: tuple[SizeRow, ...]
    largest: int
    total: int
    distinct: int


def weigh(run: Run, anchors: Mapping[str, str]) -> Sizes | None:
    """Sizes of the units whose size is known; None where it is of none. ``anchors`` are ids by unit name."""
    known: dict[str, tuple[Share, ...]] = {
        base.name: (_share(base.name, 0, base.layers),) for base in run.bases if base.layers
    }
    rows: list[SizeRow] = []
    for unit in run.units:
        if unit.layers:
            known[unit.name], split = _shares(unit, known)
            rows.append(_row(unit, known[unit.name], anchors, split=split))
        elif unit.size:
            rows.append(_row(unit, (), anchors, split=False))
    if not rows:
        return None
    layers = {layer.digest: layer.size for unit in run.units for layer in unit.layers}
    total = sum(row.size for row in rows if row.kind == "image")
    images = {layer.digest for unit in run.units if unit.kind == "image" for layer in unit.layers}
    return Sizes(
        rows=tuple(rows),
        largest=max(row.size for row in rows),
        total=total,
        distinct=sum(layers[digest] for digest in images),
    )


def _shares(unit: UnitRun, known: Mapping[str, tuple[Share, ...]]) -> tuple[tuple[Share, ...], bool]:
    """Its base's shares and its own; one share in all where the base's layers are not its first ones."""
    below = known.get(unit.family, ())
    lower = [layer.digest for share in below for layer in share.layers]
    if lower and [layer.digest for layer in unit.layers[: len(lower)]] == lower:
        return (*below, _share(unit.name, len(below), unit.layers[len(lower) :])), True
    return (_share(unit.name, 0, unit.layers),), False


def _share(origin: str, depth: int, layers: Sequence[Layer]) -> Share:
    return Share(origin=origin, depth=depth, size=sum(layer.size for layer in layers), layers=tuple(layers))


def _row(unit: UnitRun, shares: tuple[Share, ...], anchors: Mapping[str, str], *, split: bool) -> SizeRow:
    return SizeRow(
        name=unit.name,
        kind=unit.kind,
        anchor=anchors[unit.name],
        size=unit.size,
        shares=shares,
        split=split,
    )
