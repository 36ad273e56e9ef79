"""LearningOpportunityDetector: says how new a sentence is, measured against what is known."""

import hashlib
import sys

from main_pc_code.fleet_service import serve

KNOWN = (
    "every image stands on a family",
    "a service answers on its health port",
    "a release names what was tested",
    "the same bytes have the same digest",
)
HASHES = 512


def signature(text):
    """The MinHash signature of a text's words."""
    words = text.lower().split() or [""]
    return [min(number(seed, word) for word in words) for seed in range(HASHES)]


def number(seed, word):
    """One of a family of hash functions."""
    return int.from_bytes(
        hashlib.blake2b(word.encode(), digest_size=8, salt=seed.to_bytes(2, "big")).digest(), "big"
    )


def prepare():
    """The signatures of everything known, also without any one or two of its words."""
    return [signature(sentence) for known in KNOWN for sentence in shortened(known.split())]


def shortened(words):
    """The sentence without each one or two of its words."""
    for i in range(len(words)):
        for j in range(i, len(words)):
            yield " ".join(word for k, word in enumerate(words) if k not in (i, j))


def answer(model, request):
    """`{"text": "…"}` → `{"novelty": 0..1, "learn": bool}`."""
    own = signature(request["text"])
    nearest = max(sum(a == b for a, b in zip(own, other, strict=True)) for other in model)
    novelty = 1 - nearest / HASHES
    return {"novelty": round(novelty, 3), "learn": novelty > 0.5}


if __name__ == "__main__":
    sys.exit(serve("LearningOpportunityDetector", prepare=prepare, answer=answer, ports=(5642,)))
