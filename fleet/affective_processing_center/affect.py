"""A feeling as a point on the circle of valence and arousal, and how it moves."""

import math

NAMES = ("glad", "excited", "tense", "angry", "sad", "tired", "calm", "content")


def compass(steps=420):
    """The name of the feeling at each point of a grid over the circle."""
    grid = {}
    for i in range(steps):
        for j in range(steps):
            x, y = 2 * i / (steps - 1) - 1, 2 * j / (steps - 1) - 1
            grid[i, j] = NAMES[round(math.atan2(y, x) / (math.pi / 4)) % len(NAMES)]
    return steps, grid


def name(chart, valence, arousal):
    """The name of one feeling; both from -1 to 1."""
    steps, grid = chart
    place = [round((max(-1.0, min(1.0, v)) + 1) / 2 * (steps - 1)) for v in (valence, arousal)]
    return grid[place[0], place[1]]


def blend(feelings):
    """The mean of feelings `[valence, arousal, weight]`."""
    total = sum(weight for *_, weight in feelings)
    if total <= 0:
        raise ValueError("the weights add up to nothing")
    return [sum(f[axis] * f[2] for f in feelings) / total for axis in (0, 1)]
