"""Brings frames of audio to the same loudness."""

import math

TARGET = 0.1
LOUDEST = 8.0
TABLE_STEPS = 1_200_000


class Leveller:
    """Keeps a slowly moving gain; the soft limit is looked up in a table."""

    def __init__(self):
        self._gain = 1.0
        self._limit = [math.tanh(LOUDEST * step / TABLE_STEPS) for step in range(TABLE_STEPS + 1)]
        self.frames = 0

    def level(self, frame):
        """One frame, levelled."""
        if not frame:
            raise ValueError("an empty frame")
        loudness = math.sqrt(sum(sample * sample for sample in frame) / len(frame))
        if loudness > 1e-4:
            self._gain += 0.2 * (min(LOUDEST, TARGET / loudness) - self._gain)
        self.frames += 1
        return [self._soft(sample * self._gain) for sample in frame]

    def _soft(self, value):
        step = min(TABLE_STEPS, round(abs(value) / LOUDEST * TABLE_STEPS))
        return math.copysign(self._limit[step], value)
