"""Pictures for the face finder: drawn, so that it is known where the faces are, and seen by nobody before."""

from dataclasses import dataclass

# Parts of a face in hundredths of its width from its middle: x, y, half width, half height, grey.
_PARTS = (
    (0, 0, 50, 66, 190),
    (-22, -16, 16, 9, 110),
    (22, -16, 16, 9, 110),
    (-22, -14, 11, 6, 60),
    (22, -14, 11, 6, 60),
    (-22, -28, 16, 4, 70),
    (22, -28, 16, 4, 70),
    (0, 6, 7, 22, 225),
    (0, 24, 11, 4, 130),
    (0, 40, 20, 6, 90),
)


@dataclass(frozen=True, kw_only=True)
class Face:
    """Where a face's middle is, and how wide it is, in points."""

    x: int
    y: int
    width: int


def picture(*faces: Face, size: tuple[int, int] = (640, 480), background: int = 120) -> bytes:
    """A grey picture with these faces, as PGM (https://netpbm.sourceforge.net/doc/pgm.html)."""
    width, height = size
    rows = [bytearray([background]) * width for _ in range(height)]
    for face in faces:
        for part in _PARTS:
            _ellipse(rows, face, *part)
    return f"P5 {width} {height} 255\n".encode() + b"".join(rows)


def _ellipse(rows: list[bytearray], face: Face, x: int, y: int, wide: int, high: int, grey: int) -> None:
    scale = face.width / 100
    middle, radius = face.y + y * scale, high * scale
    for row in range(max(0, round(middle - radius)), min(len(rows), round(middle + radius) + 1)):
        share = 1 - ((row - middle) / radius) ** 2
        if share <= 0:
            continue
        reach = wide * scale * share**0.5
        left, right = round(face.x + x * scale - reach), round(face.x + x * scale + reach)
        rows[row][left:right] = bytes([grey]) * (right - left)
