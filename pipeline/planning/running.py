"""How Docker runs a container, by the Dockerfiles: what ends it, and the shell of its HEALTHCHECK."""

import shlex

from pipeline.planning.dockerfile import Instruction
from pipeline.planning.reads import INJECTED, Reads, StageReads, final_stages


def stands_on_base(reads: Reads) -> bool:
    """Whether the result inherits what the injected base says."""
    stages = final_stages(reads)
    return bool(stages) and stages[-1].base == INJECTED


def stop_signal(reads: Reads) -> str:
    """``SIGINT``, or ``2``; empty where the Dockerfile leaves it to its base."""
    found = _last(reads, "STOPSIGNAL")
    return found[0].scope.expand(found[1].text.strip()).text if found else ""


def shell_of(reads: Reads) -> str:
    """The last SHELL as one line, ``/bin/bash -o pipefail -c``; empty where it is left to the base.

    Docker runs the shell form of a HEALTHCHECK in it: https://docs.docker.com/reference/dockerfile/#shell
    """
    found = _last(reads, "SHELL")
    return shlex.join(found[1].words) if found else ""


def _last(reads: Reads, keyword: str) -> tuple[StageReads, Instruction] | None:
    for stage in final_stages(reads):
        for instruction in reversed(stage.stage.instructions):
            if instruction.keyword == keyword:
                return stage, instruction
    return None
