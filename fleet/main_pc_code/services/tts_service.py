"""TTSService: says a text as a row of tones. Stands in for text to speech."""

import base64
import math
import string
import struct
import sys

from main_pc_code.fleet_service import serve

RATE = 8_000
TONE = 0.06
LONGEST = 500


def prepare():
    """One short tone, with its overtones, for every letter."""
    return {letter: tone(110 * 2 ** (index / 12)) for index, letter in enumerate(string.ascii_lowercase)}


def tone(pitch):
    """16-bit samples of a fading tone with eight overtones."""
    length = int(RATE * TONE)
    samples = []
    for n in range(length):
        fade = 1 - n / length
        value = sum(math.sin(2 * math.pi * pitch * k * n / RATE) / k for k in range(1, 41))
        samples.append(int(8000 * fade * value / 2))
    return struct.pack(f"<{length}h", *samples)


def answer(model, request):
    """`{"text": "…"}` → `{"rate": Hz, "pcm": base64 of 16-bit samples}`."""
    text = request["text"].lower()
    if len(text) > LONGEST:
        raise ValueError(f"a text has at most {LONGEST} letters")
    silence = bytes(int(RATE * TONE) * 2)
    pcm = b"".join(model.get(letter, silence) for letter in text)
    return {"rate": RATE, "pcm": base64.b64encode(pcm).decode()}


if __name__ == "__main__":
    sys.exit(serve("TTSService", prepare=prepare, answer=answer, ports=(5801,)))
