"""Responder: picks the prepared reply that shares most with what was said."""

import itertools
import sys

from main_pc_code.fleet_service import serve

REPLIES = {
    "hello good morning evening hi": "Hello. What can I do for you?",
    "what time is it now please": "I have no clock of my own; ask the coordinator.",
    "thank you very much thanks": "You are welcome.",
    "stop be quiet now please silence": "I am quiet.",
    "tell me who you are": "I am one service of a fleet.",
    "goodbye bye night": "Goodbye.",
}


def grams(text):
    """The letter triples of a text."""
    padded = f"  {text.lower()}  "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def prepare():
    """Every ordering of a topic's words, so that a phrase is met in any order."""
    return {reply: orderings(topic.split()) for topic, reply in REPLIES.items()}


def orderings(words):
    """The letter triples of every order of one to six words."""
    return {
        frozenset(grams(" ".join(order)))
        for count in range(1, min(6, len(words)) + 1)
        for order in itertools.permutations(words, count)
    }


def answer(model, request):
    """`{"text": "…"}` → `{"reply": "…", "score": 0..1}`."""
    said = grams(request["text"])

    def score(reply):
        return max(len(said & variant) / len(said | variant) for variant in model[reply])

    best = max(model, key=score)
    return {"reply": best, "score": round(score(best), 3)}


if __name__ == "__main__":
    sys.exit(serve("Responder", prepare=prepare, answer=answer, ports=(5637,)))
