"""The small real jobs of the reference fleet's services, on input that none of them has seen.

Each job is given `serve`, which starts a service in its image and yields what asks it. They run as a part of
tests/integration/test_reference_fleet.py, where the images are.
"""

import array
import base64
import json
import math
import random
import wave
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from drawn_faces import Face, picture

PHOTOGRAPH = Path(__file__).with_name("astronaut.jpg")
# The face in it, by eye: left, top, right, bottom. NASA's portrait of Eileen Collins; public domain.
IN_THE_PHOTOGRAPH = (85, 45, 160, 125)


class Ask(Protocol):
    """``ask(port, path, body)``: status and JSON of an answer to a POST."""

    def __call__(self, port: int, path: str, body: bytes | object) -> tuple[int, Any]: ...


Serve = Callable[[str], AbstractContextManager[Ask]]


def faces_are_found(serve: Serve) -> None:
    """FaceRecognitionAgent: OpenCV, which needs libGL.so.1."""
    dice = random.Random(20261125)
    with serve("FaceRecognitionAgent") as ask:
        for count in (0, 1, 2):
            drawn = [
                Face(
                    x=dice.randint(120, 200) + 300 * n, y=dice.randint(160, 320), width=dice.randint(70, 130)
                )
                for n in range(count)
            ]
            status, answer = ask(5610, "/", {"picture": _text(picture(*drawn))})
            assert status == 200
            found = sorted(answer["faces"], key=lambda face: face["x"])
            assert len(found) == count, (drawn, found)
            for face, box in zip(drawn, found, strict=True):
                assert abs(box["x"] + box["width"] / 2 - face.x) < face.width / 4, (face, box)
                assert face.width < box["width"] < 2 * face.width, (face, box)
        status, answer = ask(5610, "/", {"picture": _text(PHOTOGRAPH.read_bytes())})
        (box,) = answer["faces"]
        left, top, right, bottom = IN_THE_PHOTOGRAPH
        assert left <= box["x"] + box["width"] / 2 <= right
        assert top <= box["y"] + box["height"] / 2 <= bottom
        assert ask(5610, "/", {"picture": _text(b"no picture")})[0] == 400


def what_is_said_is_heard(serve: Serve) -> None:
    """TTSService speaks (espeak-ng, ffmpeg), STTService understands (PocketSphinx and its model)."""
    with serve("TTSService") as speak, serve("STTService") as hear:
        for said, understood in {
            "turn on the light": "turn on the light",
            "turn off the radio": "turn off the radio",
            "go back three meters": "go back three meters",
            "the weather is fine today": "",
        }.items():
            status, speech = speak(5801, "/", {"text": said})
            assert (status, speech["rate"]) == (200, 16_000)
            assert hear(5800, "/", speech) == (200, {"text": understood})
        assert hear(5800, "/", {"pcm": "AAAA", "rate": 8000})[0] == 400
        assert speak(5801, "/", {"text": "  "})[0] == 400


def texts_are_felt(serve: Serve) -> None:
    """EmpathyAgent: the lexicon and the rules of VADER, negation and emphasis among them."""
    with serve("EmpathyAgent") as ask:
        scores = {}
        for text in ("the release went well", "the release went VERY well!!", "the release did not go well"):
            status, answer = ask(5703, "/", {"text": text})
            assert (status, answer["words"]) == (200, ["well"])
            scores[text] = answer["valence"]
        plain, loud, negated = scores.values()
        assert negated < 0 < plain < loud
        assert ask(5703, "/", {"text": "a table has four legs"}) == (200, {"valence": 0.0, "words": []})


def repetitions_are_planned(serve: Serve) -> None:
    """LearningManager: LightGBM, which needs libgomp.so.1; it is near the curve of its reviews."""
    with serve("LearningManager") as ask:
        days = []
        for repetitions in range(8):
            status, answer = ask(5643, "/", {"repetitions": repetitions, "threshold": 0.5})
            assert status == 200
            days.append(answer["days"])
            true = math.log(2) * 2.0 * 1.6**repetitions
            assert abs(answer["days"] - true) < 2 + 0.3 * true, (repetitions, answer, true)
        assert days == sorted(days)
        assert ask(5643, "/", {"repetitions": -1})[0] == 400


def a_recording_is_levelled(serve: Serve) -> None:
    """RealTimeAudioPipeline: ffmpeg reads the recording, libpulse knows the volume."""
    amplitude, rate, seconds = 0.5, 44_100, 0.75
    samples = (math.sin(2 * math.pi * 440 * n / rate) for n in range(int(rate * seconds)))
    pcm = array.array("h", [round(32767 * amplitude * sample) for sample in samples])
    file = BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(pcm.tobytes())
    with serve("RealTimeAudioPipeline") as ask:
        status, answer = ask(5802, "/volume", file.getvalue())
        assert status == 200
        assert abs(answer["seconds"] - seconds) < 0.01
        assert abs(answer["loudness"] - amplitude / math.sqrt(2)) < 0.01
        # PulseAudio's volume is cubic: https://www.freedesktop.org/software/pulseaudio/doxygen/volume_8h.html
        gain = 0.1 / answer["loudness"]
        assert abs(answer["volume"] - 65536 * gain ** (1 / 3)) < 5
        assert abs(answer["decibels"] - 20 * math.log10(gain)) < 0.05
        status, refused = ask(5802, "/volume", b"no recording")
        assert status == 400 and "not a recording" in refused["error"]


# Each job, and the services that do it: they need libraries and programs that only their images have.
JOBS: dict[Callable[[Serve], None], tuple[str, ...]] = {
    faces_are_found: ("FaceRecognitionAgent",),
    what_is_said_is_heard: ("TTSService", "STTService"),
    texts_are_felt: ("EmpathyAgent",),
    repetitions_are_planned: ("LearningManager",),
    a_recording_is_levelled: ("RealTimeAudioPipeline",),
}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def as_body(body: bytes | object) -> bytes:
    """Bytes as they are, anything else as JSON."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()
