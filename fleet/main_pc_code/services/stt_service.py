"""STTService: finds the voiced stretches of a recording. Stands in for speech to text."""

import math
import sys

from main_pc_code.fleet_service import serve

RATE = 16_000
FRAME = 320


def prepare():
    """The window of one frame, and the noise floor of forty seconds of generated noise."""
    window = [0.5 - 0.5 * math.cos(2 * math.pi * n / FRAME) for n in range(FRAME)]
    seed, noise = 1, []
    for _ in range(40 * RATE):
        seed = (1103515245 * seed + 12345) % 2**31
        noise.append((seed / 2**31 - 0.5) / 50)
    return window, max(energies(window, noise)) * 4


def energies(window, samples):
    """The energy of every frame."""
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        frame = samples[start : start + FRAME]
        yield sum((w * s) ** 2 for w, s in zip(window, frame, strict=True)) / FRAME


def answer(model, request):
    """`{"samples": [-1..1, …]}` → `{"voiced": [[start, end], …]}` in seconds."""
    window, floor = model
    voiced = []
    for index, energy in enumerate(energies(window, request["samples"])):
        if energy < floor:
            continue
        start, end = index * FRAME / RATE, (index + 1) * FRAME / RATE
        if voiced and voiced[-1][1] >= start:
            voiced[-1][1] = end
        else:
            voiced.append([start, end])
    return {"voiced": voiced}


if __name__ == "__main__":
    sys.exit(serve("STTService", prepare=prepare, answer=answer, ports=(5800,)))
