"""EmpathyAgent: hears how a text is meant, with the lexicon and the rules of VADER.

C. J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis (ICWSM 2014).
"""

import sys

from main_pc_code.fleet_service import serve
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

LONGEST = 5000


def answer(model, request):
    """`{"text": "…"}` → `{"valence": -1 (sad, angry) to 1 (glad), "words": those that it was told by}`."""
    text = request["text"]
    if len(text) > LONGEST:
        raise ValueError(f"a text has at most {LONGEST} letters")
    words = {word.strip(".,!?;:\"'()").lower() for word in text.split()}
    return {
        "valence": model.polarity_scores(text)["compound"],
        "words": sorted(word for word in words if word in model.lexicon),
    }


if __name__ == "__main__":
    sys.exit(serve("EmpathyAgent", prepare=SentimentIntensityAnalyzer, answer=answer, ports=(5703,)))
