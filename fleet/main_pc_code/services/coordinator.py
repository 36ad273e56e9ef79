"""The coordination image's service: puts work where there is room. Requests go to its health port."""

import sys

from main_pc_code.fleet_service import serve

SLOTS = 16_000


def prepare():
    """The best use of every number of free slots by jobs of a few sizes (a knapsack table)."""
    sizes = ((3, 4.0), (5, 7.5), (8, 12.0), (13, 21.0), (21, 33.0))
    best = [(0.0, ())] * (SLOTS + 1)
    for slots in range(1, SLOTS + 1):
        options = [
            (best[slots - size][0] + worth, size) for size, worth in sizes for _ in range(25) if size <= slots
        ]
        best[slots] = max([(best[slots - 1][0], 0), *options])
    return best


def answer(model, request):
    """`{"free": slots}` → `{"jobs": [sizes]}`."""
    free = max(0, min(SLOTS, request["free"]))
    jobs = []
    while free > 0 and model[free][1] != ():
        size = model[free][1]
        jobs += [size] if size else []
        free -= size or 1
    return {"jobs": jobs}


if __name__ == "__main__":
    sys.exit(serve("coordination", prepare=prepare, answer=answer))
