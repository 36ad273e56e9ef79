"""What ends a container, and the shell of its HEALTHCHECK: the last said, or the base's."""

from pathlib import Path

import pytest
from small_fleet import FILES, survey_of, write_fleet

from pipeline.planning.running import passed_on
from pipeline.planning.units import Inherited

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


GIVEN = {"torch": Inherited(stop_signal="SIGQUIT", shell="/bin/bash -c")}


@pytest.mark.parametrize(
    ("image", "signal", "shell"),
    [
        (FINAL, "SIGQUIT", "/bin/bash -c"),
        (FINAL + 'STOPSIGNAL SIGINT\nSHELL ["sh", "-c"]\n', "SIGINT", "sh -c"),
        (FINAL + "FROM scratch\n", "", ""),
    ],
    ids=["left to it", "over it", "not on it"],
)
def test_what_a_family_that_is_not_built_passes_on(fleet: Path, image: str, signal: str, shell: str) -> None:
    built = 'dockerfile = "families/torch"\nbase = "base"'
    assert built in FILES["fleet.toml"]
    write_fleet(
        fleet, {"fleet.toml": FILES["fleet.toml"].replace(built, 'tag = "1"'), "speech/Dockerfile": image}
    )
    units = {unit.name: unit for unit in survey_of(fleet, inherited=GIVEN).units}
    assert (units["speech"].promises.stop_signal, units["speech"].promises.shell) == (signal, shell)


@pytest.mark.parametrize(
    ("config", "inherited"),
    [
        ({}, Inherited()),
        ({"Cmd": ["x"], "OnBuild": None, "StopSignal": "", "Shell": None}, Inherited()),
        ({"OnBuild": ["RUN a", "COPY b c"]}, Inherited(onbuild=("RUN a", "COPY b c"))),
        ({"StopSignal": "SIGINT"}, Inherited(stop_signal="SIGINT")),
        ({"Shell": ["/bin/bash", "-o", "pipefail", "-c"]}, Inherited(shell="/bin/bash -o pipefail -c")),
        ({"Shell": ["/opt/my shell", "-c"]}, Inherited(shell="'/opt/my shell' -c")),
        ({"OnBuild": "RUN a", "StopSignal": 9, "Shell": {"a": 1}}, Inherited()),
        ({"OnBuild": ["RUN a", 7]}, Inherited(onbuild=("RUN a",))),
    ],
    ids=[
        "nothing",
        "all empty",
        "ONBUILD",
        "STOPSIGNAL",
        "SHELL",
        "with a blank",
        "wrong types",
        "one of it wrong",
    ],
)
def test_what_a_configuration_passes_on(config: dict, inherited: Inherited) -> None:
    assert passed_on(config) == inherited
