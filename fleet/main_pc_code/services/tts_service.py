"""TTSService: says a text with espeak-ng; ffmpeg brings it to the rate that STTService hears."""

import base64
import subprocess
import sys

from main_pc_code.fleet_service import serve

RATE = 16_000
LONGEST = 500
SECONDS = 20
SPEAK = ("espeak-ng", "-v", "en-us", "-s", "140", "--stdin", "--stdout")
RESAMPLE = ("ffmpeg", "-loglevel", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", str(RATE), "-")


def prepare():
    """The first word: whether both programs are there and work."""
    return say("ready")


def say(text):
    """A text as 16-bit samples."""
    wave = run(SPEAK, text.encode())
    return run(RESAMPLE, wave)


def run(command, data):
    """What a program makes of its input."""
    done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise OSError(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def answer(_model, request):
    """`{"text": "…"}` → `{"rate": Hz, "pcm": base64 of 16-bit samples}`."""
    text = request["text"].strip()
    if not 0 < len(text) <= LONGEST:
        raise ValueError(f"a text has 1 to {LONGEST} letters")
    return {"rate": RATE, "pcm": base64.b64encode(say(text)).decode()}


if __name__ == "__main__":
    sys.exit(serve("TTSService", prepare=prepare, answer=answer, ports=(5801,)))
