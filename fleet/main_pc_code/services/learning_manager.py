"""LearningManager: plans when something learned is to be repeated."""

import math
import sys

from main_pc_code.fleet_service import serve

LONGEST = 365
LONGEST_ROW = 6000


def prepare():
    """How much is still known after each day, for every number of repetitions."""
    curves = []
    for repetitions in range(LONGEST_ROW):
        strength = 1.6 ** min(repetitions, 20)
        curves.append([math.exp(-day / strength) for day in range(LONGEST + 1)])
    return curves


def answer(model, request):
    """`{"repetitions": n, "threshold": 0..1}` → `{"days": n}` until less than the threshold is known."""
    curve = model[max(0, min(len(model) - 1, request["repetitions"]))]
    threshold = request.get("threshold", 0.8)
    return {"days": next((day for day, known in enumerate(curve) if known < threshold), LONGEST)}


if __name__ == "__main__":
    sys.exit(serve("LearningManager", prepare=prepare, answer=answer, ports=(5643,)))
