"""Two streams apart, in bounded memory, cut anywhere."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.docker.streams import Frames, Kept, Lines


def frame(number: int, data: bytes) -> bytes:
    return struct.pack(">BxxxI", number, len(data)) + data


FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=20)


@given(FRAMES, st.integers(1, 40))
def test_frames_come_apart_wherever_the_connection_cuts_them(frames: list, size: int) -> None:
    raw = b"".join(frame(*one) for one in frames)
    taken: list = []
    cut = Frames(lambda number, data: taken.append((number, data)))
    for start in range(0, len(raw), size):
        cut.add(raw[start : start + size])
    assert taken == frames


def test_a_frame_that_is_cut_off_is_left_out() -> None:
    taken: list = []
    Frames(lambda number, data: taken.append(data)).add(frame(1, b"whole") + frame(2, b"cut")[:-1])
    assert taken == [b"whole"]


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_beginning_and_end_are_kept(pieces: list[bytes]) -> None:
    kept, whole = Kept(half=20), b"".join(pieces)
    for piece in pieces:
        kept.add(piece)
    value = kept.value()
    assert len(value) == min(len(whole), 40)
    assert value[:20] == whole[:20]
    assert whole.endswith(value[20:])


def test_lines_are_told_when_they_are_whole() -> None:
    told: list[str] = []
    lines = Lines(told.append)
    lines.add(b"one\ntw")
    assert told == ["one"]
    lines.add("ö\n".encode()[:1])
    lines.add("ö\nrest".encode()[1:])
    lines.end()
    assert told == ["one", "twö", "rest"]
