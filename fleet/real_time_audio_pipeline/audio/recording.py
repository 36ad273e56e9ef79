"""Recordings of any format, by ffmpeg; loudness as PulseAudio counts it, by libpulse."""

import array
import ctypes
import math
import subprocess

RATE = 16_000
SECONDS = 20
DECODE = ("ffmpeg", "-loglevel", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", str(RATE), "-")
FULL_SCALE = 32_768


class Pulse:
    """The part of libpulse that needs no server: its scale of volumes.

    https://www.freedesktop.org/software/pulseaudio/doxygen/volume_8h.html
    """

    def __init__(self):
        library = ctypes.CDLL("libpulse.so.0")
        self._from_linear = library.pa_sw_volume_from_linear
        self._from_linear.argtypes, self._from_linear.restype = [ctypes.c_double], ctypes.c_uint32
        self._to_decibels = library.pa_sw_volume_to_dB
        self._to_decibels.argtypes, self._to_decibels.restype = [ctypes.c_uint32], ctypes.c_double

    def volume(self, gain):
        """A factor as PulseAudio's volume (65536 is 100 %) and in decibels."""
        volume = self._from_linear(gain)
        return volume, self._to_decibels(volume)


def decode(recording):
    """Samples from -1 to 1; ValueError for what ffmpeg cannot read."""
    done = subprocess.run(DECODE, input=recording, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(f"not a recording: {said[-1] if said else 'it is empty'}")
    return [sample / FULL_SCALE for sample in array.array("h", done.stdout)]


def loudness(samples):
    """The root of the mean square."""
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))
