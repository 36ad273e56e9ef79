"""The transitions of the tag phase; see protocol.py for their values, and decision 0010 for the reasons."""

from collections.abc import Callable
from dataclasses import replace

from pipeline.registry.tag_phase.protocol import (
    Ask,
    Claim,
    End,
    Guard,
    Next,
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

Transition = Callable[[State, Seen, Rules], Next]


def begin(claim: Claim) -> Next:
    """The first state of a run, and what it asks."""
    return State(claim=claim), Ask(journal=True, record=True, tags=claim.named)


def advance(state: State, seen: Seen, rules: Rules) -> Next:
    """The next state and action, after the last action was carried out.

    ``seen`` answers an Ask; it is empty after anything else. NB: that a write was carried out is never
    believed: what it did is read.
    """
    return _TRANSITIONS[state.step](state, seen, rules)


def _looking(state: State, seen: Seen, rules: Rules) -> Next:
    if seen.record is None and seen.journal is not None:
        return _join(state, seen.journal)
    state = _notice(state, seen)
    if end := _foreign_record(state, seen) or _taken(state, seen):
        return _finish(state, end)
    if not state.closed:
        return replace(state, step=Step.PREPARING), Prepare(state.claim)
    missing = _missing(state, seen)
    return (
        _name(replace(state, left=missing), rules) if missing else _finish(state, End(outcome=Outcome.DONE))
    )


def _join(state: State, claim: Claim) -> Next:
    """Finish what somebody began: its digests, whatever our own plan says."""
    return replace(state, claim=claim, step=Step.JOINING), Prepare(claim)


def _joined(state: State, _seen: Seen, rules: Rules) -> Next:
    return _settle(state, rules)


def _prepared(state: State, _seen: Seen, rules: Rules) -> Next:
    if Guard.BEFORE_JOURNAL not in rules.guards:
        return replace(state, step=Step.CLAIMED), WriteJournal(state.claim)
    return replace(state, step=Step.CLAIMING), Ask(journal=True)


def _claiming(state: State, seen: Seen, _rules: Rules) -> Next:
    if seen.journal is not None:
        return _join(state, seen.journal)
    return replace(state, step=Step.CLAIMED), WriteJournal(state.claim)


def _claimed(state: State, _seen: Seen, rules: Rules) -> Next:
    if Guard.AFTER_SETTLING not in rules.guards:
        return _name(replace(state, left=state.claim.named), rules)
    return _settle(state, rules)


def _settle(state: State, rules: Rules) -> Next:
    return replace(state, step=Step.SETTLING), Wait(rules.wait)


def _waited(state: State, _seen: Seen, _rules: Rules) -> Next:
    ask = Ask(journal=True, record=True, tags=state.claim.named)
    return replace(state, step=Step.SETTLED), ask


def _settled(state: State, seen: Seen, rules: Rules) -> Next:
    state = _notice(state, seen)
    if end := _no_longer_ours(state, seen, rules):
        return _finish(state, end)
    if _vanished(state, seen):
        return _claim_again(state, rules)
    left = _missing(state, seen) if Guard.FREE_TAGS in rules.guards else state.claim.named
    return _name(replace(state, left=left), rules)


def _name(state: State, rules: Rules) -> Next:
    """The next batch of tags; after the last one, closing."""
    if state.left:
        batch = state.left[: rules.at_once]
        return replace(state, step=Step.NAMING), Ask(journal=not state.closed, tags=batch)
    if Guard.COMPLETE_TAGS in rules.guards:
        return replace(state, step=Step.COMPLETING), Ask(tags=state.claim.named)
    return _close(state)


def _naming(state: State, seen: Seen, rules: Rules) -> Next:
    if Guard.BEFORE_TAGS in rules.guards:
        state = _notice(state, seen)
        if end := _rival(state, seen):
            return _finish(state, end)
        if _vanished(state, seen):
            return _claim_again(state, rules)
    if Guard.FREE_TAGS in rules.guards and (end := _taken(state, seen)):
        return _finish(state, end)
    batch, left = state.left[: rules.at_once], state.left[rules.at_once :]
    missing = tuple(name for name in batch if seen.tags.get(name) != state.claim.digests[name])
    state = replace(state, left=left)
    return (
        (replace(state, step=Step.NAMED), WriteTags(state.claim, missing)) if missing else _name(state, rules)
    )


def _named(state: State, _seen: Seen, rules: Rules) -> Next:
    return _name(state, rules)


def _completing(state: State, seen: Seen, rules: Rules) -> Next:
    if end := _taken(state, seen):
        return _finish(state, end)
    if missing := _missing(state, seen):
        return _again(replace(state, left=missing, step=Step.NAMED), rules)
    return _finish(state, End(outcome=Outcome.DONE)) if state.closed else _close(state)


def _close(state: State) -> Next:
    return replace(state, step=Step.CLOSING), Ask(journal=True, record=True)


def _closing(state: State, seen: Seen, rules: Rules) -> Next:
    if Guard.NO_RECORD in rules.guards:
        state = _notice(state, replace(seen, journal=None))
        if end := _foreign_record(state, seen):
            return _finish(state, end)
        if state.closed:
            return _finish(state, End(outcome=Outcome.DONE))
    if Guard.BEFORE_CLOSING in rules.guards:
        state = _notice(state, replace(seen, record=None))
        if end := _rival(state, seen):
            return _finish(state, end)
        if _vanished(state, seen):
            return _claim_again(state, rules)
    return replace(state, step=Step.CLOSED), WriteRecord(state.claim)


def _closed(state: State, _seen: Seen, _rules: Rules) -> Next:
    return replace(state, step=Step.CONFIRMING), Ask(record=True)


def _confirming(state: State, seen: Seen, rules: Rules) -> Next:
    state = _notice(state, seen)
    if end := _foreign_record(state, seen):
        return _finish(state, end)
    if state.closed:
        return _finish(state, End(outcome=Outcome.DONE))
    return _again(replace(state, step=Step.NAMED), rules)


def _claim_again(state: State, rules: Rules) -> Next:
    """The journal is gone, or never arrived: whatever was known about it is void."""
    return _again(replace(state, step=Step.PREPARING), rules)


def _again(state: State, rules: Rules) -> Next:
    """Back to an earlier step, after a longer pause each time."""
    if state.tries >= rules.tries:
        return _finish(state, End(outcome=Outcome.UNSETTLED))
    tries = state.tries + 1
    return replace(state, tries=tries), Wait(rules.pause * tries)


def _finish(state: State, end: End) -> Next:
    return replace(state, step=Step.ENDED), end


def _notice(state: State, seen: Seen) -> State:
    """Take over the claim of who wants the same, so that all write the same record; note a record of it."""
    if seen.journal is not None and seen.journal.promise == state.claim.promise:
        state = replace(state, claim=seen.journal)
    if seen.record is not None and seen.record.promise == state.claim.promise:
        state = replace(state, closed=True)
    return state


def _no_longer_ours(state: State, seen: Seen, rules: Rules) -> End | None:
    end = _rival(state, seen)
    if end is None and Guard.NO_RECORD in rules.guards:
        end = _foreign_record(state, seen)
    if end is None and Guard.FREE_TAGS in rules.guards:
        end = _taken(state, seen)
    return end


def _foreign_record(state: State, seen: Seen) -> End | None:
    if seen.record is None or seen.record.promise == state.claim.promise:
        return None
    return End(outcome=Outcome.RECORDED, rival=seen.record)


def _rival(state: State, seen: Seen) -> End | None:
    if state.closed or seen.journal is None or seen.journal.promise == state.claim.promise:
        return None
    return End(outcome=Outcome.LOST, rival=seen.journal)


def _vanished(state: State, seen: Seen) -> bool:
    return seen.journal is None and not state.closed


def _taken(state: State, seen: Seen) -> End | None:
    wanted = state.claim.digests
    taken = tuple(
        (name, digest) for name, digest in seen.tags.items() if digest is not None and digest != wanted[name]
    )
    return End(outcome=Outcome.TAKEN, taken=taken) if taken else None


def _missing(state: State, seen: Seen) -> tuple[str, ...]:
    return tuple(name for name in state.claim.named if seen.tags.get(name) is None)


_TRANSITIONS: dict[Step, Transition] = {
    Step.LOOKING: _looking,
    Step.PREPARING: _prepared,
    Step.JOINING: _joined,
    Step.CLAIMING: _claiming,
    Step.CLAIMED: _claimed,
    Step.SETTLING: _waited,
    Step.SETTLED: _settled,
    Step.NAMING: _naming,
    Step.NAMED: _named,
    Step.COMPLETING: _completing,
    Step.CLOSING: _closing,
    Step.CLOSED: _closed,
    Step.CONFIRMING: _confirming,
}
