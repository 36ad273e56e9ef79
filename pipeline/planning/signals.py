"""Which signal asks a container to end: the last STOPSIGNAL of a Dockerfile's result."""

from pipeline.planning.reads import Reads, StageReads

__all__ = ["stop_signal"]


def stop_signal(reads: Reads) -> str:
    """``SIGINT``, or ``2``; empty where the Dockerfile leaves it to its base."""
    stage, seen = reads.final, set[int]()
    while stage is not None and stage.stage.index not in seen:
        seen.add(stage.stage.index)
        for instruction in reversed(stage.stage.instructions):
            if instruction.keyword == "STOPSIGNAL":
                return stage.scope.expand(instruction.text.strip()).text
        stage = _local_base(reads, stage)
    return ""


def _local_base(reads: Reads, stage: StageReads) -> StageReads | None:
    before = reads.stages[: stage.stage.index]
    named = [each for each in before if each.stage.name and each.stage.name.lower() == stage.base.lower()]
    return named[-1] if named else None
