"""The emotion_system image's service: how a mood fades after an event. Requests go to its health port."""

import math
import sys

from main_pc_code.fleet_service import serve

TENTHS = 1_500_000


def prepare():
    """The share of a mood that is left after each tenth of a second."""
    return [0.7 * math.exp(-t / 9000) + 0.3 * math.exp(-t / 90_000) for t in range(TENTHS)]


def answer(model, request):
    """`{"mood": -1..1, "seconds": s}` → `{"mood": -1..1}`."""
    tenth = max(0, min(len(model) - 1, round(request["seconds"] * 10)))
    return {"mood": round(request["mood"] * model[tenth], 4)}


if __name__ == "__main__":
    sys.exit(serve("emotion_system", prepare=prepare, answer=answer))
