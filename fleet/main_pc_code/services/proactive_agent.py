"""ProactiveAgent: finds the rhythm of past events and says when the next one is due."""

import math
import sys

from main_pc_code.fleet_service import serve

PERIODS = range(2, 1000)


def prepare():
    """For each period, the phases of a circle on which events are laid."""
    return {
        n: [(math.cos(2 * math.pi * k / n), math.sin(2 * math.pi * k / n)) for k in range(n)] for n in PERIODS
    }


def answer(model, request):
    """`{"events": [hours, …]}` (whole, ascending) → `{"period": hours, "next": hour}`."""
    events = request["events"]
    if len(events) < 3:
        raise ValueError("a rhythm needs three events")

    def steadiness(period):
        circle = model[period]
        return math.hypot(
            *(sum(axis) for axis in zip(*(circle[event % period] for event in events), strict=True))
        )

    # Every divisor of a rhythm is as steady as the rhythm itself: take the longest.
    period = max(model, key=lambda p: (round(steadiness(p), 6), p if p <= events[-1] - events[0] else -p))
    return {"period": period, "next": events[-1] + period}


if __name__ == "__main__":
    sys.exit(serve("ProactiveAgent", prepare=prepare, answer=answer, ports=(5645,)))
