"""LearningManager: plans when something learned is to be repeated, by what LightGBM makes of past reviews."""

import sys

import lightgbm
import numpy
from main_pc_code.fleet_service import serve

LONGEST = 60
REVIEWS = 20_000
# More repetitions: known for longer. More days: known by fewer.
MONOTONE = [1, -1]


def prepare():
    """A model of generated reviews: (repetitions, days since the last one) → whether it was still known."""
    chance = numpy.random.default_rng(1)
    repetitions = chance.integers(0, 9, REVIEWS)
    days = chance.integers(0, LONGEST + 1, REVIEWS)
    known = chance.random(REVIEWS) < numpy.exp(-days / (2.0 * 1.6**repetitions))
    data = lightgbm.Dataset(numpy.column_stack([repetitions, days]), label=known)
    settings = {
        "objective": "binary",
        "monotone_constraints": MONOTONE,
        "num_leaves": 31,
        "num_threads": 2,
        "seed": 1,
        "verbose": -1,
    }
    return lightgbm.train(settings, data, num_boost_round=100)


def answer(model, request):
    """`{"repetitions": n, "threshold": 0..1}` → `{"days": n}` until fewer than that still know it."""
    repetitions, threshold = int(request["repetitions"]), float(request.get("threshold", 0.8))
    if repetitions < 0:
        raise ValueError("nothing was repeated less than never")
    days = numpy.arange(LONGEST + 1)
    known = model.predict(numpy.column_stack([numpy.full_like(days, repetitions), days]), num_threads=1)
    forgotten = numpy.flatnonzero(known < threshold)
    return {"days": int(forgotten[0]) if forgotten.size else LONGEST}


if __name__ == "__main__":
    sys.exit(serve("LearningManager", prepare=prepare, answer=answer, ports=(5643,)))
