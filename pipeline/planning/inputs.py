"""What a unit's build depends on, as flat text: the inputs of its build key."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import CatalogError
from pipeline.planning.context import Context, context_files, open_context
from pipeline.planning.keys import BuildKey, key_of
from pipeline.planning.outside import external_reference
from pipeline.planning.reads import INJECTED, Reads, StageReads
from pipeline.planning.sources import Sources
from pipeline.planning.units import Survey, Unit


@dataclass
class Contexts:
    """The contexts of one call: units with the same folder and the same .dockerignore share theirs."""

    sources: Sources
    _open: dict[tuple[str, str], Context] = field(default_factory=dict[tuple[str, str], Context])

    def of(self, unit: Unit) -> Context:
        """The context of a unit."""
        own = f"{unit.dockerfile}.dockerignore"
        key = (unit.context, own if self.sources.node(own) else "")
        if key not in self._open:
            self._open[key] = open_context(self.sources, folder=unit.context, dockerfile=unit.dockerfile)
        return self._open[key]


def build_keys(survey: Survey, sources: Sources, digests: Mapping[str, str]) -> Mapping[str, BuildKey]:
    """The build key of every unit, by name.

    Parameters
    ----------
    survey:
        What `survey` found.
    sources:
        The fleet's files.
    digests:
        ``str(reference)`` of everything in ``survey.published``, ``survey.external`` and ``survey.remote`` ->
        ``sha256:…``. A URL may be left out: then only its text counts.

    Raises CatalogError where a digest is missing.
    """
    contexts = Contexts(sources)
    parents = {
        base.name: _digest_of(str(base.reference), base.reference.digest, digests)
        for base in survey.published
    }
    keys: dict[str, BuildKey] = {}
    for unit in survey.units:
        key = _build_key(unit, survey.readings[unit.name], contexts, parents[unit.base], digests)
        keys[unit.name] = key
        parents[unit.name] = key.hex
    return keys


def _build_key(
    unit: Unit, readings: Sequence[Reads], contexts: Contexts, parent: str, digests: Mapping[str, str]
) -> BuildKey:
    """The key of one unit; ``parent`` is the key (hex) of a base in the fleet or the digest of any other.

    NB: either of them stands for the base's ONBUILD triggers too; what they read is among the files.
    """
    used = [stage for reads in readings for stage in reads.used]
    files = context_files(contexts.sources, _context_paths(used, contexts.of(unit)))
    text = contexts.sources.text(unit.dockerfile) or ""
    inputs = {
        f"dockerfile:{unit.dockerfile}": hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest(),
        "target": unit.target,
        "platform": ",".join(unit.platforms),
        "epoch": unit.epoch,
        f"parent:{unit.base}": parent,
    }
    inputs |= {f"arg:{name}": value for name, value in unit.build_args.items()}
    inputs |= {f"label:{name}": value for name, value in unit.labels.items()}
    inputs |= {f"file:{file.path}": f"{file.mode} {file.digest}" for file in files}
    inputs |= _outside(used, digests)
    return key_of(inputs)


def _context_paths(used: Sequence[StageReads], context: Context) -> set[str]:
    return {path for stage in used for read in stage.context for path in context.read(read).files}


def _outside(used: Sequence[StageReads], digests: Mapping[str, str]) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for stage in used:
        for image in stage.images:
            if image.text == INJECTED:
                continue
            reference = external_reference(image.text)
            if reference is None:
                inputs[f"external:{image.text}"] = "not a reference"
            else:
                inputs[f"external:{reference}"] = _digest_of(str(reference), reference.digest, digests)
        for url in stage.remote:
            inputs[f"remote:{url.url}"] = url.checksum or digests.get(url.url, "")
    return inputs


def _digest_of(reference: str, pinned: str, digests: Mapping[str, str]) -> str:
    digest = pinned or digests.get(reference, "")
    if not digest:
        raise CatalogError(
            "its digest is not known",
            where=reference,
            consequence="no build key can be computed for what stands on it",
            next_step="make sure that the reference exists and that the registry can be reached",
        )
    return digest
