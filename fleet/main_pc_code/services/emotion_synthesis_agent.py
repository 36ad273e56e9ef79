"""EmotionSynthesisAgent: turns a feeling into the pace, pitch and loudness of a voice.

It has no port of its own: requests go to its health port.
"""

import math
import sys

from main_pc_code.fleet_service import serve

STEPS = 320


def prepare():
    """The prosody of a fine grid of valence and arousal."""
    grid = {}
    for i in range(-STEPS, STEPS + 1):
        for j in range(STEPS + 1):
            valence, arousal = i / STEPS, j / STEPS
            grid[i, j] = (
                1 + 0.4 * math.tanh(2 * arousal - 1),
                1 + 0.25 * math.sin(math.pi * valence / 2) * arousal,
                0.5 + 0.5 * arousal**1.5,
            )
    return grid


def answer(model, request):
    """`{"valence": -1..1, "arousal": 0..1}` → `{"pace": x, "pitch": x, "loudness": x}`."""
    i = round(max(-1.0, min(1.0, request["valence"])) * STEPS)
    j = round(max(0.0, min(1.0, request["arousal"])) * STEPS)
    return {
        key: round(value, 3) for key, value in zip(("pace", "pitch", "loudness"), model[i, j], strict=True)
    }


if __name__ == "__main__":
    sys.exit(serve("EmotionSynthesisAgent", prepare=prepare, answer=answer))
