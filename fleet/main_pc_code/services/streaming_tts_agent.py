"""StreamingTTSAgent: cuts a text into breaths, so that speaking can start before the text is complete."""

import re
import sys

from main_pc_code.fleet_service import serve

BREATH = 60
CHUNK = re.compile(r"[^.!?;,]+[.!?;,]*\s*")


def prepare():
    """How long a breath of each number of syllables takes, by the best division into stressed feet."""
    durations = [0.0]
    for syllables in range(1, 2400):
        best = min(durations[max(0, syllables - foot)] + 0.11 * foot + 0.04 for foot in range(1, 400))
        durations.append(best)
    return durations


def answer(model, request):
    """`{"text": "…"}` → `{"breaths": [{"text": "…", "seconds": s}, …]}`."""
    breaths, current = [], ""
    for chunk in CHUNK.findall(request["text"]):
        if current and len(current) + len(chunk) > BREATH:
            breaths.append(current)
            current = ""
        current += chunk
    breaths += [current] if current else []
    return {"breaths": [{"text": text.strip(), "seconds": seconds(model, text)} for text in breaths]}


def seconds(model, text):
    """How long it takes to say a text."""
    syllables = len(re.findall(r"[aeiouy]+", text.lower()))
    return round(model[min(syllables, len(model) - 1)], 2)


if __name__ == "__main__":
    sys.exit(serve("StreamingTTSAgent", prepare=prepare, answer=answer, ports=(5562,)))
