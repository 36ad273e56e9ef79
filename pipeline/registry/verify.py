"""Whether a release is what its record says: everything there, nothing moved, all of it proven."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.catalog.platforms import missing_from
from pipeline.errors import ReleaseError
from pipeline.registry.channels import CHANNELS, BrokenHistoryError, Channel, entry_tag, read_channel
from pipeline.registry.documents.artifacts import ForeignError
from pipeline.registry.documents.candidates import candidate_tag
from pipeline.registry.documents.proof import Problem, evidence_problems
from pipeline.registry.documents.record import Released
from pipeline.registry.documents.records import Filed, absent_parts, find_record
from pipeline.registry.documents.seals import seal_problem
from pipeline.registry.documents.signing import Trust
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.images import image_config
from pipeline.registry.oci.media import Manifest
from pipeline.together import together

Outcome = Literal["verified", "incomplete", "tampered", "broken"]
# NB: 12 is what `pipeline gate` ends with after a failed smoke test, too.
EXIT_CODES: Mapping[Outcome, int] = {"verified": 0, "incomplete": 7, "tampered": 8, "broken": 12}
_WORST_FIRST: tuple[Outcome, ...] = ("tampered", "incomplete", "broken")


class IncompleteError(ReleaseError):
    """Something of a release is missing; nothing contradicts its record."""

    exit_code = EXIT_CODES["incomplete"]


class TamperedError(ReleaseError):
    """Something is not what the record of a release says."""

    exit_code = EXIT_CODES["tampered"]


class BrokenError(ReleaseError):
    """What is published is what it should be, and a smoke test of it fails."""

    exit_code = EXIT_CODES["broken"]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the source says about one family or image: its build key, platforms, labels, smoke tests."""

    build_key: str
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    services: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The result of `verify`: the record, if there is one, and every problem."""

    tag: str
    filed: Filed | None
    problems: tuple[Problem, ...]

    @property
    def outcome(self) -> Outcome:
        """``tampered`` outweighs ``incomplete``, and that ``broken``."""
        found = {problem.outcome for problem in self.problems}
        for outcome in _WORST_FIRST:
            if outcome in found:
                return outcome
        return "verified"


async def verify(
    registry: Registry,
    repository: str,
    tag: str,
    *,
    expected: Mapping[str, Expected] | None = None,
    trust: Trust | None = None,
) -> Checked:
    """Compare a release with its record, with the source, and with what was deployed of it.

    ``expected`` is by name, None where the source is not asked. Raises RegistryError when the registry does
    not say.
    """
    try:
        filed = await find_record(registry, repository, tag)
    except (ReleaseError, ForeignError) as error:
        return Checked(tag=tag, filed=None, problems=(_tampered(tag, error.what),))
    if filed is None:
        return Checked(tag=tag, filed=None, problems=(_incomplete(tag, "there is no record"),))
    problems = [problem for problem in (_misfiled(tag, filed), *_source(filed, expected)) if problem]
    problems += [
        p for ps in await together(filed.record.units, lambda u: _unit(registry, tag, u)) for p in ps
    ]
    problems += await evidence_problems(registry, filed.record, trust)
    if trust is not None:
        whole = {"tag": filed.record.tag, "digest": filed.digest, "kind": "record"}
        problem = await seal_problem(registry, repository, trust, **whole)
        problems += [problem] if problem else []
    problems += await _channels(registry, repository, filed, trust)
    if expected is not None:
        labelled = [unit for unit in filed.record.units if unit.name in expected]
        found = await together(labelled, lambda unit: _images(registry, unit, expected[unit.name]))
        problems += [problem for each in found for problem in each]
    return Checked(tag=tag, filed=filed, problems=tuple(problems))


def _misfiled(tag: str, filed: Filed) -> Problem | None:
    return None if filed.record.tag == tag else _tampered(tag, f"its record is the one of {filed.record.tag}")


def _source(filed: Filed, expected: Mapping[str, Expected] | None) -> list[Problem]:
    """NB: another key is no tampering by itself: a base may have moved, or the source be another commit's."""
    if expected is None:
        return []
    recorded = {unit.name: unit for unit in filed.record.units}
    other = [name for name, unit in expected.items() if name in recorded and _differs(recorded[name], unit)]
    problems = [
        _incomplete(name, "the catalog has it, the record does not")
        for name in expected
        if name not in recorded
    ]
    if other:
        commit = filed.record.facts.commit[:7] or "the released commit"
        what = f"build keys from this source are others: check out {commit}, with the bases of that day"
        problems.append(_incomplete(", ".join(other), what))
    for name, unit in expected.items():
        if name in recorded and name not in other:
            missing = [service for service in unit.services if service not in recorded[name].evidence]
            problems += [
                _incomplete(f"{name}/{service}", "no smoke test of it is recorded") for service in missing
            ]
    return problems


def _differs(recorded: Released, expected: Expected) -> bool:
    return bool(recorded.build_key) and recorded.build_key != expected.build_key


async def _unit(registry: Registry, tag: str, unit: Released) -> list[Problem]:
    problems: list[Problem | None] = []
    for absent in await absent_parts(registry, unit.repository, unit.digest):
        of_index = "" if absent == unit.digest else f", which its index {unit.digest[:19]} lists,"
        problems.append(_incomplete(unit.name, f"{absent}{of_index} is not in the registry"))
    if unit.build_key or unit.kind == "image":
        problems.append(await _name(registry, unit, tag, f"its name {tag}"))
    if unit.build_key:
        try:
            candidate = candidate_tag(unit.build_key)
        except ValueError as error:
            problems.append(_tampered(unit.name, str(error)))
        else:
            problems.append(await _name(registry, unit, candidate, "the candidate of its build key"))
    return [problem for problem in problems if problem]


async def _name(registry: Registry, unit: Released, tag: str, called: str) -> Problem | None:
    found = await registry.resolve(unit.repository, tag)
    if found is None:
        return _incomplete(unit.name, f"{called} is gone")
    return None if found == unit.digest else _tampered(unit.name, f"{called} is {found}, not {unit.digest}")


async def _channels(registry: Registry, repository: str, filed: Filed, trust: Trust | None) -> list[Problem]:
    """Whether what was deployed under this tag was this very record, by who may; with ``trust``, signed."""
    problems: list[Problem] = []
    for name in CHANNELS:
        try:
            channel = await read_channel(registry, repository, name)
        except BrokenHistoryError as error:
            problems.append(_tampered(name, error.what))
            continue
        deployed = {entry.record for entry in channel.entries if entry.tag == filed.record.tag}
        if deployed - {filed.digest}:
            problems.append(_tampered(name, "another record was deployed under this tag"))
        if trust is not None:
            problems += await _unsigned_entries(registry, repository, channel, filed, trust)
    return problems


async def _unsigned_entries(
    registry: Registry, repository: str, channel: Channel, filed: Filed, trust: Trust
) -> list[Problem]:
    """The entries that deployed this record, as far as they are not signed."""
    entries = zip(channel.entries, channel.digests, strict=True)
    asked = [
        (entry_tag(channel.name, entry.number), digest)
        for entry, digest in entries
        if entry.record == filed.digest
    ]
    found = await together(
        asked,
        lambda each: seal_problem(registry, repository, trust, tag=each[0], digest=each[1], kind="entry"),
    )
    return [problem for problem in found if problem]


async def _images(registry: Registry, unit: Released, expected: Expected) -> list[Problem]:
    """Whether each image of a unit has the constant labels that the source gives it, and none is missing."""
    manifest = await registry.manifest(unit.repository, unit.digest) if unit.build_key else None
    if manifest is None:
        return []  # NB: that it is gone is told elsewhere
    problems: list[Problem] = []
    platforms = manifest.platforms
    lacking = missing_from(expected.platforms, platforms) if len(expected.platforms) > 1 else ()
    if lacking and not _differs(unit, expected):
        problems.append(_tampered(unit.name, f"there is no image for {', '.join(lacking)} in it"))
    images = {platform: await registry.manifest(unit.repository, it) for platform, it in platforms.items()}
    for platform, image in images.items() if manifest.is_index else (("", manifest),):
        if image is None:
            continue  # NB: told elsewhere, too
        found = await _image_labels(registry, unit.repository, image)
        other = sorted(name for name, value in expected.labels.items() if found.get(name) != value)
        of_platform = f" for {platform}" if platform else ""
        if other:
            problems.append(_incomplete(unit.name, f"its labels{of_platform} differ: {', '.join(other)}"))
    return problems


async def _image_labels(registry: Registry, repository: str, image: Manifest) -> Mapping[str, str]:
    config = (await image_config(registry, repository, image)).get("config")
    return (config.get("Labels") if isinstance(config, dict) else None) or {}


def _incomplete(subject: str, what: str) -> Problem:
    return Problem(outcome="incomplete", subject=subject, what=what)


def _tampered(subject: str, what: str) -> Problem:
    return Problem(outcome="tampered", subject=subject, what=what)
