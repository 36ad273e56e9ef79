"""The signal that ends a container: the last STOPSIGNAL of a Dockerfile, or of what it stands on."""

from pathlib import Path

import pytest
from small_fleet import survey_of, write_fleet

FINAL = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"


@pytest.mark.parametrize(
    ("family", "image", "signal"),
    [
        ("", FINAL, ""),
        ("", FINAL + "STOPSIGNAL SIGINT\n", "SIGINT"),
        ("", FINAL + "STOPSIGNAL SIGINT\nSTOPSIGNAL 3\n", "3"),
        ("", FINAL + "ARG S=SIGUSR1\nSTOPSIGNAL ${S}\n", "SIGUSR1"),
        ("", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS a\nSTOPSIGNAL SIGINT\nFROM a\n", "SIGINT"),
        ("", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS a\nSTOPSIGNAL SIGINT\nFROM ${BASE_IMAGE}\n", ""),
        ("STOPSIGNAL SIGQUIT\n", FINAL, "SIGQUIT"),
        ("STOPSIGNAL SIGQUIT\n", FINAL + "STOPSIGNAL SIGINT\n", "SIGINT"),
    ],
    ids=[
        "none",
        "one",
        "the last",
        "argument",
        "stage before",
        "stage beside",
        "family",
        "over the family's",
    ],
)
def test_the_signal_of_an_image(fleet: Path, family: str, image: str, signal: str) -> None:
    write_fleet(fleet, {"families/torch": FINAL + family, "speech/Dockerfile": image})
    units = {unit.name: unit for unit in survey_of(fleet).units}
    assert units["speech"].promises.stop_signal == signal
