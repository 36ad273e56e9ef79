"""CognitiveModelAgent: keeps a belief about a yes-or-no matter and changes it with each observation."""

import sys

from main_pc_code.fleet_service import serve

STEPS = 4000


def prepare():
    """The posterior for every prior and reliability, in steps of a 4000th and of half a hundredth."""
    table = {}
    for prior in range(STEPS + 1):
        for reliability in range(100):
            p, r = prior / STEPS, 0.5 + reliability / 200
            weight = p * r + (1 - p) * (1 - r)
            table[prior, reliability] = p * r / weight
    return table


def answer(model, request):
    """`{"prior": 0..1, "observations": [[true, reliability 0.5..0.995], …]}` → `{"belief": 0..1}`."""
    belief = request["prior"]
    for seen, reliability in request["observations"]:
        chance = belief if seen else 1 - belief
        chance = model[round(chance * STEPS), min(99, round((reliability - 0.5) * 200))]
        belief = chance if seen else 1 - chance
    return {"belief": round(belief, 4)}


if __name__ == "__main__":
    sys.exit(serve("CognitiveModelAgent", prepare=prepare, answer=answer, ports=(5641,)))
