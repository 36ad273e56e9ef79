"""FaceRecognitionAgent: finds the faces in a picture with OpenCV and the cascade that ships in its wheel."""

import base64
import sys
import threading

import cv2
import numpy
from main_pc_code.fleet_service import serve

CASCADE = "haarcascade_frontalface_default.xml"
SMALLEST_FACE = 40
LARGEST_SIDE = 4096


class Eye:
    """One cascade, for one picture at a time."""

    def __init__(self):
        self._cascade = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE)
        # NB: OpenCV gives an empty cascade, and no error, where the file is not there.
        if self._cascade.empty():
            raise FileNotFoundError(cv2.data.haarcascades + CASCADE)
        self._one_at_a_time = threading.Lock()

    def find(self, picture):
        """Left, top, width and height of each face."""
        with self._one_at_a_time:
            return self._cascade.detectMultiScale(
                picture, scaleFactor=1.1, minNeighbors=5, minSize=(SMALLEST_FACE, SMALLEST_FACE)
            )


def answer(model, request):
    """`{"picture": base64 of PNG, JPEG, PGM, …}` → `{"faces": [{"x", "y", "width", "height"}, …]}`."""
    data = numpy.frombuffer(base64.b64decode(request["picture"], validate=True), numpy.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if picture is None or max(picture.shape) > LARGEST_SIDE:
        raise ValueError(f"not a picture of at most {LARGEST_SIDE} x {LARGEST_SIDE} points")
    keys = ("x", "y", "width", "height")
    return {"faces": [dict(zip(keys, map(int, face), strict=True)) for face in model.find(picture)]}


if __name__ == "__main__":
    sys.exit(serve("FaceRecognitionAgent", prepare=Eye, answer=answer, ports=(5610,)))
