"""How Docker runs a container: what ends it, and the shell of its HEALTHCHECK; and what a base passes on."""

import shlex
from collections.abc import Mapping
from typing import Any

from pipeline.planning.dockerfile import Instruction
from pipeline.planning.reads import INJECTED, Reads, StageReads, final_stages
from pipeline.planning.units import Inherited


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


def passed_on(config: Mapping[str, Any]) -> Inherited:
    """What the ``config`` of an image's configuration passes on to what stands on it; of wrong types nothing.

    Docker adds Shell and OnBuild to what image-spec 1.1 (config.md) has:
    https://github.com/moby/docker-image-spec/blob/main/spec.md
    """
    signal = config.get("StopSignal")
    return Inherited(
        onbuild=_texts(config.get("OnBuild")),
        stop_signal=signal if isinstance(signal, str) else "",
        shell=shlex.join(_texts(config.get("Shell"))),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _last(reads: Reads, keyword: str) -> tuple[StageReads, Instruction] | None:
    for stage in final_stages(reads):
        for instruction in reversed(stage.stage.instructions):
            if instruction.keyword == keyword:
                return stage, instruction
    return None
