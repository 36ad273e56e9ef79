"""The tag phase, carried out: every question before the first name, the record as the last.

What to do next is decided by the pure transitions (transitions.py); here it is only done.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio

from pipeline.catalog.references import is_tag
from pipeline.errors import RegistryError, ReleaseError
from pipeline.registry.documents.record import Facts, Record, Released
from pipeline.registry.oci.answers import DeniedError
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import OCI_INDEX, Manifest, canonical_json
from pipeline.registry.tag_phase.fitness import demand_fit
from pipeline.registry.tag_phase.journal import (
    claim_of,
    find_closed,
    find_journal,
    journal_manifest,
    pending,
    put_claim_content,
    record_manifest,
    record_of,
)
from pipeline.registry.tag_phase.protocol import (
    Action,
    Ask,
    Claim,
    End,
    Outcome,
    Prepare,
    Rules,
    Seen,
    State,
    Step,
    Wait,
    WriteJournal,
    WriteRecord,
    WriteTags,
)
from pipeline.registry.tag_phase.refusals import UNRECORDED, UNTOUCHED, refusal_of
from pipeline.registry.tag_phase.transitions import advance, begin
from pipeline.together import together

_EMPTY_INDEX = canonical_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
_MARK = "about"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What is assumed about the registry, in seconds; docs/decisions/0010-release-protocol.md says why.

    Parameters
    ----------
    settle:
        Reads lag behind writes by less than this.
    gap:
        A write that is sent within this time after the question it stands on arrives within it, or never.
    """

    settle: float = 3.0
    gap: float = 2.0

    @property
    def rules(self) -> Rules:
        """Twice the lag: others may have looked that late, and this run may see it that late."""
        return Rules(wait=2 * self.settle + self.gap, pause=self.settle)


def new_run() -> str:
    """An id for a run, by which another one names it: when it began, and something random."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def _ignore(_line: str) -> None:
    """Report to nobody."""


async def release(
    registry: Registry,
    record_repository: str,
    tag: str,
    units: Sequence[Released],
    facts: Facts,
    *,
    run: str = "",
    timing: Timing = Timing(),
    report: Callable[[str], None] = _ignore,
) -> tuple[str, ...]:
    """Give a tag to candidates, then write the record; return all names as ``REFERENCE@DIGEST``.

    A release that was begun is finished with the digests of its journal, whatever ``units`` are. Raises
    ReleaseError when a candidate or its evidence is missing, when the tag is taken or recorded with another
    digest (before anything is written), or when another run came first; RegistryError when the registry does
    not say. ``run`` is an id by which others name this run, ``report`` gets lines worth telling.
    """
    if not is_tag(pending(tag)) or not tag or not units:
        raise ReleaseError(f"{tag!r} is no tag" if units else "nothing to release", consequence=UNTOUCHED)
    run = run or new_run()
    desk = _Desk(registry=registry, repository=record_repository, tag=tag, timing=timing, report=report)
    claim = claim_of(Record(tag=tag, facts=facts, units=tuple(units)), run)
    state, end, touched = await _carry_out(desk, claim)
    if end.outcome is not Outcome.DONE:
        raise await refusal_of(registry, record_repository, tag, state.claim, end, touched=touched)
    return await desk.names(state.claim)


async def _carry_out(desk: "_Desk", claim: Claim) -> tuple[State, End, bool]:
    """Drive the transitions to their end; with it, whether any name may have been given."""
    state, action = begin(claim)
    touched = False
    while not isinstance(action, End):
        touched = touched or state.step is Step.JOINING or isinstance(action, WriteTags | WriteRecord)
        seen = await desk.do(action, state)
        before, (state, action) = state, advance(state, seen, desk.timing.rules)
        if state.claim.run != before.claim.run and state.step is Step.JOINING:
            desk.report(f"release {desk.tag}: run {state.claim.run} began it; finished with its digests")
    return state, action, touched


@dataclass
class _Desk:
    """Does what the transitions ask for. ``asked``: when the last question was sent."""

    registry: Registry
    repository: str
    tag: str
    timing: Timing
    report: Callable[[str], None]
    asked: float = 0.0
    manifests: dict[str, Manifest] = field(default_factory=dict[str, Manifest])

    async def do(self, action: Action, state: State) -> Seen:
        """Carry an action out; only an Ask has an answer."""
        match action:
            case Ask():
                return await self._ask_opened(action, state)
            case Prepare(claim):
                self.manifests |= await demand_fit(self.registry, record_of(claim).units)
                await put_claim_content(self.registry, self.repository, claim)
            case Wait(seconds):
                await anyio.sleep(seconds)
            case WriteJournal(claim):
                await self._write(lambda: self._put(pending(self.tag), journal_manifest(claim)))
            case WriteRecord(claim):
                await self._write(lambda: self._put(self.tag, record_manifest(claim)))
            case WriteTags(claim, repositories):
                await self._write(lambda: together(repositories, lambda name: self._name(claim, name)))
            case End():
                raise ValueError("an end is nothing to do")
        return Seen()

    async def names(self, claim: Claim) -> tuple[str, ...]:
        """What a claim that is recorded has given: its names, and the record's."""
        closed = await self.registry.resolve(self.repository, self.tag)
        units = [unit for unit in record_of(claim).units if unit.build_key]
        names = [f"{self.registry.name(unit.repository, self.tag)}@{unit.digest}" for unit in units]
        return (*names, f"{self.registry.name(self.repository, self.tag)}@{closed}")

    async def _ask_opened(self, ask: Ask, state: State) -> Seen:
        """Ask; where the record's package is unknown, make it known first.

        NB: GHCR denies reading a package that does not exist, and a denial is never taken for absence. What
        is pushed there, without a meaning of its own, settles it: afterwards absent tags are known to be.
        """
        try:
            return await self._ask(ask)
        except DeniedError as denied:
            if state.step is not Step.LOOKING or not denied.where.startswith(f"{self._place()}:"):
                raise
        await self._put(_MARK, Manifest(media_type=OCI_INDEX, body=_EMPTY_INDEX))
        return await self._ask(ask)

    def _place(self) -> str:
        return self.registry.name(self.repository)

    async def _ask(self, ask: Ask) -> Seen:
        self.asked = time.monotonic()
        journal: list[Claim | None] = [None]
        record: list[Claim | None] = [None]
        tags: dict[str, str | None] = {}

        async def read_journal() -> None:
            journal[0] = await find_journal(self.registry, self.repository, self.tag)

        async def read_record() -> None:
            record[0] = await find_closed(self.registry, self.repository, self.tag)

        async def read_tag(name: str) -> None:
            tags[name] = await self.registry.resolve(name, self.tag)

        questions: list[Callable[[], Awaitable[None]]] = []
        questions += [read_journal] if ask.journal else []
        questions += [read_record] if ask.record else []
        questions += [lambda name=name: read_tag(name) for name in ask.tags]
        await together(questions, lambda question: question())
        return Seen(journal=journal[0], record=record[0], tags={name: tags[name] for name in ask.tags})

    async def _write(self, write: Callable[[], Awaitable[object]]) -> None:
        """Write within the gap, or leave it: what came of it is read afterwards."""
        left = self.asked + self.timing.gap - time.monotonic()
        with anyio.move_on_after(left) as limit:
            await write()
        if limit.cancelled_caught:
            self.report(f"release {self.tag}: a write took longer than {self.timing.gap:g} s; asking again")

    async def _put(self, tag: str, manifest: Manifest) -> None:
        await self.registry.put_manifest(self.repository, tag, manifest)

    async def _name(self, claim: Claim, repository: str) -> None:
        """Put the very bytes of the candidate's manifest under the tag: no blob moves."""
        digest = claim.digests[repository]
        manifest = self.manifests.get(repository)
        if manifest is None or manifest.digest != digest:
            manifest = await self.registry.manifest(repository, digest)
        if manifest is None:
            raise RegistryError(
                "the candidate vanished during the release",
                where=self.registry.name(repository, digest),
                consequence=UNRECORDED,
                next_step="see what deletes from the registry, then run the same command again",
            )
        await self.registry.put_manifest(repository, self.tag, manifest)
