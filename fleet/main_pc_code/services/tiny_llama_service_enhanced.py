"""TinyLlamaServiceEnhanced: goes on with a text, word by word. Stands in for a small language model.

It has no port of its own: requests go to its health port.
"""

import collections
import random
import sys

from main_pc_code.fleet_service import serve

CORPUS = (
    "the fleet is built from its families and every image stands on a family . "
    "the family is built first and the image is tested before it is named . "
    "a service is ready when its health answers and a service that is not ready is not named . "
    "every name stands for a digest and a digest stands for the same bytes for ever . "
)


def prepare():
    """Counts of the words that follow each pair and each single word."""
    words = CORPUS.split() * 7500
    following = collections.defaultdict(collections.Counter)
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        following[first, second][third] += 1
        following[second][third] += 1
    return dict(following)


def answer(model, request):
    """`{"prompt": "…", "words": n, "seed": n}` → `{"text": "…"}`; the same seed gives the same text."""
    chance = random.Random(request.get("seed", 0))  # noqa: S311 (nothing here is a secret)
    words = request["prompt"].lower().split() or ["the"]
    for _ in range(min(200, request.get("words", 20))):
        choices = model.get(tuple(words[-2:])) or model.get(words[-1]) or model["the"]
        words.append(chance.choices(list(choices), weights=list(choices.values()))[0])
    return {"text": " ".join(words)}


if __name__ == "__main__":
    sys.exit(serve("TinyLlamaServiceEnhanced", prepare=prepare, answer=answer))
