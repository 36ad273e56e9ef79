"""FaceRecognitionAgent: finds the known picture that looks most like a given one."""

import sys

from main_pc_code.fleet_service import serve

SIZE = 8
NAMES = ("ada", "alan", "grace", "edsger", "barbara", "donald")


def portrait(seed):
    """A generated picture of 64 x 64 grey values, smoothed twice."""
    side, pixels = 64, []
    for _ in range(side * side):
        seed = (6364136223846793005 * seed + 1442695040888963407) % 2**64
        pixels.append(seed >> 56)
    for _ in range(2):
        pixels = [
            sum(pixels[(i + d) % len(pixels)] for d in (-side, -1, 0, 1, side)) // 5
            for i in range(len(pixels))
        ]
    return [pixels[row * side : (row + 1) * side] for row in range(side)]


def shrink(picture):
    """The mean grey of 8 x 8 tiles."""
    tile_rows, tile_columns = len(picture) // SIZE, len(picture[0]) // SIZE
    return [
        sum(
            sum(row[x * tile_columns : (x + 1) * tile_columns])
            for row in picture[y * tile_rows : (y + 1) * tile_rows]
        )
        // (tile_rows * tile_columns)
        for y in range(SIZE)
        for x in range(SIZE)
    ]


def fingerprint(picture):
    """One bit per tile: lighter or darker than the mean."""
    tiles = shrink(picture)
    mean = sum(tiles) / len(tiles)
    return tuple(tile > mean for tile in tiles)


def prepare():
    """The fingerprints of the known faces, six portraits each."""
    return {name: [fingerprint(portrait(10 * n + k + 1)) for k in range(6)] for n, name in enumerate(NAMES)}


def answer(model, request):
    """`{"picture": [[0..255, …], …]}` (at least 8 x 8) → `{"name": "…", "likeness": 0..1}`."""
    picture = request["picture"]
    if len(picture) < SIZE or len(picture[0]) < SIZE:
        raise ValueError(f"a picture has at least {SIZE} x {SIZE} values")
    own = fingerprint(picture)

    def likeness(name):
        return max(sum(a == b for a, b in zip(own, known, strict=True)) for known in model[name]) / len(own)

    best = max(model, key=likeness)
    return {"name": best, "likeness": round(likeness(best), 3)}


if __name__ == "__main__":
    sys.exit(serve("FaceRecognitionAgent", prepare=prepare, answer=answer, ports=(5610,)))
