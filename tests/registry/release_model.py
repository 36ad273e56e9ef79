"""Every interleaving of runs of the tag phase on a model registry whose reads are stale.

Time goes in ticks. A read sees a cell as it was at any instant of the last ``lag`` ticks. A write lands in
``gap`` ticks from the question that it stands on, may be lost with its answer, and its run may die first. All
else may take any time. The transitions are production's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, wraps
from itertools import product
from typing import Any, NamedTuple, TypeVar

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
    Wait,
    WriteJournal,
    WriteRecord,
    WriteTags,
)
from pipeline.registry.tag_phase.transitions import advance, begin

JOURNAL, RECORD = "journal", "record"
Value = Claim | str | None
Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Physics:
    """What the world may do. ``sleeper``: a run may sleep for any time before its journal lands."""

    lag: int
    gap: int
    sleeper: bool = False
    losses: int = 0


@dataclass(frozen=True)
class Cell:
    """What a tag holds, and what it held when it was last changed: (value, ticks since)."""

    value: Value = None
    old: tuple[tuple[Value, int], ...] = ()

    @cached_property
    def options(self) -> tuple[Value, ...]:
        return tuple(dict.fromkeys((self.value, *(value for value, _ in self.old))))

    def write(self, value: Value) -> "Cell":
        return self if value == self.value else Cell(value, ((self.value, 0), *self.old))

    def tick(self, lag: int) -> "Cell":
        return (
            Cell(self.value, tuple((v, age + 1) for v, age in self.old if age + 1 <= lag))
            if self.old
            else self
        )


# NB: there is one `Cells` and one `Runner` of each value (see cells_of, runner_of), so that a world, of which
# there are many thousands, is told from another by what it is made of, and not by all that is in it.
@dataclass(frozen=True, eq=False)
class Cells:
    """The cell of each name."""

    named: tuple[tuple[str, Cell], ...]

    @cached_property
    def there(self) -> dict[str, Cell]:
        return dict(self.named)


@dataclass(frozen=True, eq=False)
class Runner:
    """A run: its state, the action before it, targets that the action has yet to write, and a clock."""

    state: State
    action: Action | None
    targets: tuple[str, ...] = ()
    clock: int = 0

    @cached_property
    def writes(self) -> bool:
        return isinstance(self.action, WriteJournal | WriteTags | WriteRecord)

    @cached_property
    def done(self) -> bool:
        return isinstance(self.action, End) and self.action.outcome is Outcome.DONE


def once(method: Callable[..., Answer]) -> Callable[..., Answer]:
    """What an exploration finds out once for each value that it is asked about."""

    @wraps(method)
    def remembered(self: "Exploration", *asked: object) -> Answer:
        if (name := (method.__name__, *asked)) not in self.known:
            self.known[name] = method(self, *asked)
        return self.known[name]

    return remembered


cells_of = cache(Cells)
runner_of = cache(Runner)


class World(NamedTuple):
    """The names' cells, the runs, and how many more writes may be lost."""

    cells: Cells
    runners: tuple[Runner, ...]
    losses: int = 0


Move = tuple[Cells, Runner, int]


class Violation(AssertionError):  # noqa: N818 - what is looked for, not an error of the program
    """The protocol let something happen that it promises against."""


def targets_of(action: Action) -> tuple[str, ...]:
    match action:
        case WriteJournal():
            return (JOURNAL,)
        case WriteRecord():
            return (RECORD,)
        case WriteTags(_, repositories):
            return repositories
    return ()


def runner(state: State, action: Action) -> Runner:
    clock = int(action.seconds) if isinstance(action, Wait) else 0
    return runner_of(state, action, targets_of(action), clock)


@dataclass(frozen=True, kw_only=True, eq=False)
class Exploration:
    """All worlds that two or more claims on one tag can get to; ``converges``: also repeat from each."""

    claims: tuple[Claim, ...]
    rules: Rules
    physics: Physics
    converges: bool = True
    known: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False)

    def run(self) -> int:
        """The number of worlds seen. Raises Violation."""
        names = sorted({name for claim in self.claims for name in claim.named})
        cells = cells_of(tuple((name, Cell()) for name in (JOURNAL, RECORD, *names)))
        start = World(cells, tuple(runner(*begin(claim)) for claim in self.claims), self.physics.losses)
        seen, waiting = {start}, [start]
        while waiting:
            world = waiting.pop()
            self.judge_cells(world.cells)
            self.judge_runners(world.runners)
            for following in self.steps(world):
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return len(seen)

    def steps(self, world: World) -> Iterator[World]:
        for number, one in enumerate(world.runners):
            for cells, after, losses in self.moves(world.cells, one, world.losses):
                yield World(cells, replaced(world.runners, number, after), losses)
        later = self.tick(world)
        if later is not None:
            yield later

    def tick(self, world: World) -> World | None:
        """A tick later, unless a write must land before."""
        if any(self.is_due(one) for one in world.runners):
            return None
        later = World(self.older_cells(world.cells), tuple(map(self.older, world.runners)), world.losses)
        return None if later == world else later

    def is_due(self, one: Runner) -> bool:
        free = self.physics.sleeper and isinstance(one.action, WriteJournal)
        return one.writes and not free and one.clock >= self.physics.gap

    @once
    def older_cells(self, cells: Cells) -> Cells:
        return cells_of(tuple((name, cell.tick(self.physics.lag)) for name, cell in cells.named))

    @once
    def older(self, one: Runner) -> Runner:
        if isinstance(one.action, Wait):
            clock = max(0, one.clock - 1)
        else:
            clock = min(one.clock + 1, self.physics.gap) if one.writes else one.clock
        return runner_of(one.state, one.action, one.targets, clock)

    @once
    def moves(self, cells: Cells, one: Runner, losses: int) -> list[Move]:
        return [*self.each_move(cells, one, losses)]

    def each_move(self, cells: Cells, one: Runner, losses: int) -> Iterator[Move]:
        match one.action:
            case Ask() as ask:
                for seen in answers(ask, cells):
                    yield cells, runner(*advance(one.state, seen, self.rules)), losses
            case Prepare():
                yield cells, runner(*advance(one.state, Seen(), self.rules)), losses
            case Wait() if one.clock == 0:
                yield cells, runner(*advance(one.state, Seen(), self.rules)), losses
            case WriteJournal() | WriteTags() | WriteRecord() as action:
                # it dies; with fewer writes landed, earlier
                yield cells, runner_of(one.state, None, (), 0), losses
                for target in one.targets:
                    yield self.land(cells, action, target), self.less(one, target), losses
                    if losses:
                        yield cells, self.less(one, target), losses - 1

    def less(self, one: Runner, target: str) -> Runner:
        left = tuple(name for name in one.targets if name != target)
        if left:
            return runner_of(one.state, one.action, left, one.clock)
        return runner(*advance(one.state, Seen(), self.rules))

    def land(self, cells: Cells, action: WriteJournal | WriteTags | WriteRecord, target: str) -> Cells:
        value: Value = action.claim if target in (JOURNAL, RECORD) else action.claim.digests[target]
        there = cells.there[target].value
        if target == RECORD:
            self.judge_record(cells, action.claim, there)
        elif target != JOURNAL and there not in (None, value):
            raise Violation(f"the tag in {target} moved from {there} to {value}")
        return cells_of(
            tuple((name, cell.write(value) if name == target else cell) for name, cell in cells.named)
        )

    @staticmethod
    def judge_record(cells: Cells, claim: Claim, there: Value) -> None:
        if there is not None and there != claim:
            raise Violation(f"the record was of {there}, and became {claim}")
        tags = {name: cell.value for name, cell in cells.named}
        if any(tags[name] != claim.digests[name] for name in claim.named):
            raise Violation(f"a record of {claim} over the tags {tags}")

    @once
    def judge_cells(self, cells: Cells) -> None:
        tags = {name: cell.value for name, cell in cells.named if name not in (JOURNAL, RECORD)}
        if not any(all(tags[n] in (None, claim.digests[n]) for n in claim.named) for claim in self.claims):
            raise Violation(f"tags of two claims: {tags}")
        if self.converges:
            values = tuple((name, cell.value) for name, cell in cells.named)
            for claim in self.claims:
                repeat(values, replace(claim, run="repeat"), self.rules)

    @once
    def judge_runners(self, runners: tuple[Runner, ...]) -> None:
        promises = {one.state.claim.promise for one in runners if one.done}
        if len(promises) > 1:
            raise Violation("two runs succeeded with different digests")
        if len({claim.promise for claim in self.claims}) == 1:
            for one in runners:
                if isinstance(one.action, End) and not one.done:
                    raise Violation(f"all want the same, and yet: {one.action.outcome}")


def replaced(runners: tuple[Runner, ...], number: int, after: Runner) -> tuple[Runner, ...]:
    return (*runners[:number], after, *runners[number + 1 :])


def answers(ask: Ask, cells: Cells) -> Iterator[Seen]:
    """All that an Ask may see, each cell as stale as can be or not."""
    asked = {*ask.tags, *((JOURNAL,) if ask.journal else ()), *((RECORD,) if ask.record else ())}
    there = [(name, cell.options) for name, cell in cells.named if name in asked]
    names = [name for name, _ in there]
    for choice in product(*(options for _, options in there)):
        values = dict(zip(names, choice, strict=True))
        yield Seen(
            journal=values.get(JOURNAL),  # pyright: ignore[reportArgumentType]
            record=values.get(RECORD),  # pyright: ignore[reportArgumentType]
            tags={name: values[name] for name in ask.tags},  # pyright: ignore[reportArgumentType]
        )


@cache
def repeat(values: tuple[tuple[str, Value], ...], claim: Claim, rules: Rules) -> Outcome:
    """The same command once all others are gone: it must succeed, unless the record is of something else."""
    alone = Exploration(claims=(claim,), rules=rules, physics=Physics(lag=0, gap=0), converges=False)
    cells = cells_of(tuple((name, Cell(value)) for name, value in values))
    one = runner(*begin(claim))
    while not isinstance(one.action, End):
        one = runner_of(one.state, one.action, one.targets, 0) if isinstance(one.action, Wait) else one
        cells, one, _ = [*alone.each_move(cells, one, 0)][-1]
        cells = cells_of(tuple((name, Cell(cell.value)) for name, cell in cells.named))
    record = cells.there[RECORD].value
    other = isinstance(record, Claim) and record.promise != claim.promise
    expected = {Outcome.DONE, Outcome.RECORDED} if other else {Outcome.DONE}
    if one.action.outcome not in expected:
        raise Violation(f"the same command again ends with {one.action.outcome}, from {values}")
    return one.action.outcome
