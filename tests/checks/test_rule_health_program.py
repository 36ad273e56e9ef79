import pytest
from sound_fleet import SoundFleet

CURL = 'CMD ["curl", "-f", "http://localhost:8008/health"]'
INSTALL = "RUN apt-get update && apt-get install -y --no-install-recommends curl python3\n"
ROOT = '[root]\nsource = "{}"\n[targets.pc]'


def ask(fleet: SoundFleet, command: str, run: str = "") -> None:
    fleet.edit("lone/Dockerfile", CURL, f"CMD {command}")
    fleet.edit("lone/Dockerfile", "EXPOSE", f"{run}\nEXPOSE" if run else "EXPOSE")


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ("wget -qO- http://localhost:8008/health || exit 1", "wget"),
        ('["wget", "-q", "http://localhost:8008/health"]', "wget"),
        ('["sh", "-c", "nc -z localhost 8008"]', "nc"),
        ("true && exec /usr/bin/wget x", "wget"),
        ("curl -f x | jq -e .ok", "jq"),
        ("redis-cli ping", "redis-cli"),
        ("test $(wget -qO- x) = ok", "wget"),
    ],
)
def test_nothing_installs_it(fleet: SoundFleet, command: str, program: str):
    ask(fleet, command)
    assert fleet.found() == [("health-program", "lone/Dockerfile", 5, "lone")]
    assert f"needs {program}, which nothing installs" in fleet.lint()[0].message
    assert fleet.lint()[0].severity == "error"


@pytest.mark.parametrize(
    "run",
    [
        "RUN apt-get install -y wget",
        "RUN apt-get -yq install wget=1.21",
        "RUN apt install ca-certificates \\\n  wget:amd64",
        "RUN set -eux; \\\n  apt-get update; \\\n  apt-get install -y wget; \\\n  rm -rf /x",
        "RUN <<EOF\napt-get update\napt-get install -y wget\nEOF",
        'RUN ["apt-get", "install", "wget"]',
        "ENV TOOL=wget\nRUN apt-get install -y ${TOOL}",
        "COPY --from=ghcr.io/x/busybox:1 /bin/wget /usr/local/bin/wget",
        "RUN ln -s /bin/busybox /usr/bin/wget",
    ],
)
def test_something_installs_it(fleet: SoundFleet, run: str):
    ask(fleet, "wget x", run)
    assert fleet.found() == []


@pytest.mark.parametrize(
    "run",
    [
        "RUN apt-get remove wget",
        "RUN which wget || echo wget",
        "RUN apt-get update # wget",
        "RUN apt-get install -y wgetpaste",
    ],
)
def test_this_does_not(fleet: SoundFleet, run: str):
    ask(fleet, "wget x", run)
    assert [each[0] for each in fleet.found()] == ["health-program"]


def test_a_package_that_comes_along(fleet: SoundFleet):
    fleet.edit("families/torch", INSTALL, "RUN apt-get install -y curl supervisor\n")
    ask(fleet, "python3 -c 1")
    assert fleet.found() == []


def test_a_recommended_one_comes_only_with_recommends(fleet: SoundFleet):
    fleet.edit("families/torch", INSTALL, "RUN apt-get install -y curl ffmpeg\n")
    ask(fleet, "python3 -c 1")
    assert fleet.found() == []
    fleet.edit("families/torch", "install -y", "install --no-install-recommends -y")
    assert [each[0] for each in fleet.found()] == ["health-program"]


def test_a_builder_does_not_count(fleet: SoundFleet):
    fleet.edit("families/torch", INSTALL, "")
    fleet.edit("speech/Dockerfile", "COPY requirements", "RUN apt-get install -y curl\nCOPY requirements")
    assert ("health-program", "speech/Dockerfile", 10, "speech") in fleet.found()


def test_in_a_script_of_the_context(fleet: SoundFleet):
    fleet.write("lone/check.sh", "#!/bin/sh\n# wget is not used\nexec nc -z localhost 8008\n")
    ask(fleet, "sh /app/check.sh", "COPY lone/check.sh /app/")
    assert [each[0] for each in fleet.found()] == ["health-program"]
    assert "needs nc," in fleet.lint()[0].message
    fleet.write("lone/check.sh", "#!/bin/sh\ncurl -f localhost:8008/health\n")
    assert fleet.found() == []


def test_an_inherited_check_is_told_once(fleet: SoundFleet):
    fleet.edit("families/torch", INSTALL, "")
    fleet.edit("families/torch", "USER", "HEALTHCHECK --start-period=9s CMD curl -f localhost/health\nUSER")
    for path in ("speech/Dockerfile", "lone/Dockerfile"):
        fleet.edit(path, "HEALTHCHECK", "# HEALTHCHECK")
    assert [each[:3] for each in fleet.found()] == [("health-program", "families/torch", 4)]


@pytest.mark.parametrize(
    "run", ["RUN conda install -y x", "RUN ./setup.sh", "RUN apt-get install -y $(cat list)"]
)
def test_where_more_may_be_installed_it_is_a_warning(fleet: SoundFleet, run: str):
    ask(fleet, "wget x", run)
    assert [(each.rule, each.severity) for each in fleet.lint()] == [("health-program", "warning")]


def test_a_published_family_that_does_not_promise_it(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'dockerfile = "families/torch"', 'tag = "1"')
    line = fleet.line("fleet.toml", "[families.torch]")
    assert fleet.found() == [("health-program", "fleet.toml", line, "torch")]
    finding = fleet.lint()[0]
    assert finding.severity == "warning" and 'add "curl" to programs in [families.torch]' in finding.fix
    fleet.edit("fleet.toml", 'tag = "1"', 'tag = "1"\nprograms = ["curl"]')
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("docker.io/library/ubuntu:22.04", ["health-program"]),
        ("docker.io/library/debian:12-slim", ["health-program"]),
        ("docker.io/nvidia/cuda:12.1.1-runtime-ubuntu22.04", ["health-program"]),
        ("docker.io/library/python:3.11-slim", ["health-program"]),
        ("docker.io/library/python:3.11", []),
        ("docker.io/library/python:3.11-alpine", []),
        ("ghcr.io/example/own-base:1", []),
    ],
)
def test_what_the_root_image_has(fleet: SoundFleet, source: str, rules: list[str]):
    fleet.edit("fleet.toml", "[targets.pc]", ROOT.format(source))
    ask(fleet, "wget x")
    assert [each[0] for each in fleet.found()] == rules


def test_python_of_a_python_image(fleet: SoundFleet):
    fleet.edit("fleet.toml", "[targets.pc]", ROOT.format("docker.io/library/python:3.11-slim"))
    fleet.edit("families/torch", "curl python3", "curl")
    ask(fleet, "python -c 1")
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("check.sh", "wget x\n", ["health-program"]),
        ("healthz", "#!/bin/sh\nwget x\n", ["health-program"]),
        ("healthz", "wget x\n", []),
        ("check.sh", "#!/usr/bin/env python3\nwget\n", []),
        ("healthz", "#!/usr/bin/env python3\nwget\n", []),
    ],
)
def test_which_files_are_shell_scripts(fleet: SoundFleet, name: str, text: str, found: list[str]):
    fleet.write(f"lone/{name}", text)
    ask(fleet, f"sh /app/{name}", f"COPY lone/{name} /app/")
    assert [each[0] for each in fleet.found()] == found


def test_a_script_whose_text_is_not_known(fleet: SoundFleet):
    ask(fleet, "sh /opt/check.sh", "COPY --from=ghcr.io/x/y:1 /opt /opt")
    assert fleet.found() == []
