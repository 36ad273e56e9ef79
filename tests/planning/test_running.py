"""What ends a container, and the shell of its HEALTHCHECK: the last said, or the base's."""

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
        ("STOPSIGNAL SIGQUIT\n", FINAL + "FROM scratch\n", ""),
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
        "not on the family",
    ],
)
def test_the_signal_of_an_image(fleet: Path, family: str, image: str, signal: str) -> None:
    write_fleet(fleet, {"families/torch": FINAL + family, "speech/Dockerfile": image})
    units = {unit.name: unit for unit in survey_of(fleet).units}
    assert units["speech"].promises.stop_signal == signal


BASH = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\n'


@pytest.mark.parametrize(
    ("family", "image", "shell"),
    [
        ("", FINAL, ""),
        ("", FINAL + BASH, "/bin/bash -o pipefail -c"),
        (BASH, FINAL, "/bin/bash -o pipefail -c"),
        (BASH, FINAL + BASH + 'SHELL ["sh", "-c"]\n', "sh -c"),
        (BASH, FINAL + "FROM scratch\n", ""),
        ("", FINAL + 'SHELL ["/opt/my shell", "-c"]\n', "'/opt/my shell' -c"),
    ],
    ids=["none", "own", "family", "the last", "not on the family", "with a blank"],
)
def test_the_shell_of_an_image(fleet: Path, family: str, image: str, shell: str) -> None:
    write_fleet(fleet, {"families/torch": FINAL + family, "speech/Dockerfile": image})
    units = {unit.name: unit for unit in survey_of(fleet).units}
    assert units["speech"].promises.shell == shell
