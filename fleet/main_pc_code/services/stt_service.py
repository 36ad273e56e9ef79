"""STTService: hears spoken commands with PocketSphinx and the English model that ships in its wheel."""

import base64
import sys
import tempfile
import threading

import pocketsphinx
from main_pc_code.fleet_service import serve

RATE = 16_000
COMMANDS = """#JSGF V1.0;
grammar commands;
public <command> = <switch> | <move>;
<switch> = turn (on | off) the (light | radio | heating);
<move> = go (forward | back | left | right) <number> (meters | steps);
<number> = one | two | three | four | five | six | seven | eight | nine | ten;
"""


class Ear:
    """One decoder, for one utterance at a time."""

    def __init__(self):
        with tempfile.NamedTemporaryFile("w", suffix=".gram") as grammar:
            grammar.write(COMMANDS)
            grammar.flush()
            self._decoder = pocketsphinx.Decoder(samprate=RATE, lm=None, jsgf=grammar.name, loglevel="FATAL")
        self._one_at_a_time = threading.Lock()

    def hear(self, pcm):
        """The command that was said, or nothing if it was none of them."""
        with self._one_at_a_time:
            self._decoder.start_utt()
            self._decoder.process_raw(pcm, no_search=False, full_utt=True)
            self._decoder.end_utt()
            heard = self._decoder.hyp()
        return heard.hypstr if heard else ""


def answer(model, request):
    """`{"pcm": base64 of 16-bit samples, "rate": 16000}` → `{"text": "turn on the light"}`."""
    if request["rate"] != RATE:
        raise ValueError(f"a recording has {RATE} samples a second, not {request['rate']}")
    pcm = base64.b64decode(request["pcm"], validate=True)
    if not pcm or len(pcm) % 2:
        raise ValueError("a recording is a row of 16-bit samples")
    return {"text": model.hear(pcm)}


if __name__ == "__main__":
    sys.exit(serve("STTService", prepare=Ear, answer=answer, ports=(5800,)))
