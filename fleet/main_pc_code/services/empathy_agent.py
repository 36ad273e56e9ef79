"""EmpathyAgent: hears how a text is meant, on a scale from -1 (sad, angry) to 1 (glad)."""

import sys

from main_pc_code.fleet_service import serve

GLAD = "good great glad happy love nice thanks"
SAD = "bad sad angry hate awful tired"


def spellings(word):
    """A word and everything one typing mistake away."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    found = {word}
    for i in range(len(word)):
        found.add(word[:i] + word[i + 1 :])
        found.update(word[:i] + letter + word[i + 1 :] for letter in letters)
        found.update(word[:i] + letter + word[i:] for letter in letters)
    return found


def prepare():
    """The lexicon with its spellings; the spelling of two opposite words counts for neither."""
    lexicon = {}
    for value, words in ((1.0, GLAD), (-1.0, SAD)):
        for word in words.split():
            for near in spellings(word):
                for spelling in {near, *(near + end for end in spellings("s"))}:
                    lexicon[spelling] = lexicon.get(spelling, 0.0) + value
    return {word: max(-1.0, min(1.0, value)) for word, value in lexicon.items() if value}


def answer(model, request):
    """`{"text": "…"}` → `{"valence": -1..1, "words": […]}`."""
    words = [word.strip(".,!?;:").lower() for word in request["text"].split()]
    known = {word: model[word] for word in words if word in model}
    return {"valence": sum(known.values()) / max(1, len(known)), "words": sorted(known)}


if __name__ == "__main__":
    sys.exit(serve("EmpathyAgent", prepare=prepare, answer=answer, ports=(5703,)))
