"""DynamicIdentityAgent: chooses how formal and how brief to be, from how somebody writes."""

import sys

from main_pc_code.fleet_service import serve

FORMAL = ("would", "could", "please", "kindly", "regards", "sincerely", "respectfully", "sir", "madam")
CASUAL = ("hey", "gonna", "wanna", "yeah", "cool", "lol", "dude", "nope", "ok")


def distance(left, right):
    """Levenshtein's distance between two words."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def prepare():
    """Which markers each beginning of two letters is near to."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    starts = [first + second for first in letters for second in letters]
    return {start: [word for word in FORMAL + CASUAL if near(start, word)] for start in starts}


def near(start, word):
    """Whether a word could begin so, with one typing mistake anywhere in its first half."""
    return any(distance(start, word[:length]) <= length - 1 for length in range(2, len(word)))


def answer(model, request):
    """`{"text": "…"}` → `{"formality": -1..1, "brief": bool}`."""
    words = request["text"].lower().split()
    score = 0
    for word in words:
        for marker in model.get(word[:2], ()):
            if distance(word.strip(".,!?"), marker) <= 1:
                score += 1 if marker in FORMAL else -1
    return {"formality": max(-1.0, min(1.0, score / 3)), "brief": len(words) < 12}


if __name__ == "__main__":
    sys.exit(serve("DynamicIdentityAgent", prepare=prepare, answer=answer, ports=(5644,)))
