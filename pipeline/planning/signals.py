"""Which signal asks a container to end: the last STOPSIGNAL of a Dockerfile's result."""

from pipeline.planning.reads import Reads, final_stages


def stop_signal(reads: Reads) -> str:
    """``SIGINT``, or ``2``; empty where the Dockerfile leaves it to its base."""
    for stage in final_stages(reads):
        for instruction in reversed(stage.stage.instructions):
            if instruction.keyword == "STOPSIGNAL":
                return stage.scope.expand(instruction.text.strip()).text
    return ""
