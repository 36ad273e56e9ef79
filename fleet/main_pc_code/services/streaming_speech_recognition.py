"""StreamingSpeechRecognition: names the strongest pitch of each frame as it comes in."""

import cmath
import sys

from main_pc_code.fleet_service import serve

RATE = 16_000
SIZE = 1024


def prepare():
    """The twiddle factors of a discrete Fourier transform."""
    return [[cmath.exp(-2j * cmath.pi * k * n / SIZE) for n in range(SIZE)] for k in range(SIZE // 2 + 1)]


def answer(model, request):
    """`{"frame": [1024 samples]}` → `{"pitch": Hz}`."""
    frame = request["frame"]
    if len(frame) != SIZE:
        raise ValueError(f"a frame has {SIZE} samples, not {len(frame)}")
    power = [abs(sum(t * s for t, s in zip(row, frame, strict=True))) for row in model]
    strongest = max(range(1, len(power)), key=power.__getitem__)
    return {"pitch": strongest * RATE / SIZE}


if __name__ == "__main__":
    sys.exit(serve("StreamingSpeechRecognition", prepare=prepare, answer=answer, ports=(6553,)))
