import pytest
from sound_fleet import SoundFleet

CURL = 'CMD ["curl", "-f", "http://localhost:8008/health"]'
FOUND = [("health-script", "lone/Dockerfile", 5, "lone")]


def ask(fleet: SoundFleet, command: str, *, copy: str = "", mode: int = 0o755) -> None:
    fleet.write("lone/check.sh", "#!/bin/sh\n")
    (fleet.root / "lone/check.sh").chmod(mode)
    fleet.edit("lone/Dockerfile", CURL, f"CMD {command}")
    fleet.edit("lone/Dockerfile", "EXPOSE", f"{copy}\nEXPOSE" if copy else "EXPOSE")


@pytest.mark.parametrize(
    "command",
    [
        '["/app/check.sh"]',
        "/app/check.sh || exit 1",
        "sh /app/check.sh",
        "./app/check.sh -x",
        "exec /healthz",
    ],
)
def test_nothing_brings_it(fleet: SoundFleet, command: str):
    ask(fleet, command)
    assert fleet.found() == FOUND
    assert fleet.lint()[0].message.startswith("no COPY brings /")


@pytest.mark.parametrize(
    "copy",
    [
        "COPY lone/check.sh /app/",
        "COPY lone/check.sh /app/check.sh",
        "COPY lone/check.sh lone/main.py /app",
        "COPY lone /app",
        "COPY lone/* /app/",
        "ADD lone/*.sh /app/",
        "WORKDIR /app\nCOPY lone/check.sh .",
        "WORKDIR /app\nCOPY lone/check.sh ./",
        "ADD lone/missing.tar.gz /app/",
        "ADD https://example.org/check.sh /app/",
        "RUN generate > /app/check.sh",
        "COPY --chmod=755 <<EOF /app/check.sh\nx\nEOF",
        "COPY --from=ghcr.io/x/y:1 /app /app",
    ],
)
def test_something_brings_it(fleet: SoundFleet, copy: str):
    ask(fleet, '["/app/check.sh"]', copy=copy)
    assert [each for each in fleet.found() if each[0] != "copy-source"] == []


@pytest.mark.parametrize(
    "copy",
    [
        "COPY lone/check.sh /app",
        "COPY lone/check.sh /opt/app/",
        "COPY lone/check.sh /app/other.sh",
        "COPY lone /",
        "COPY lone/m* /app/",
        "COPY lone/check.sh .",
        "RUN chmod +x /app/check.sh",
    ],
)
def test_brought_elsewhere(fleet: SoundFleet, copy: str):
    ask(fleet, '["/app/sub/check.sh"]', copy=copy)
    assert [each[0] for each in fleet.found()] == ["health-script"]


@pytest.mark.parametrize(
    "command", ["curl -f http://localhost:8008/health", "/usr/bin/curl x", "python3 -m x", "$CHECK", "check"]
)
def test_a_program_is_no_script(fleet: SoundFleet, command: str):
    ask(fleet, command)
    assert fleet.found() == []


@pytest.mark.parametrize(
    "copy",
    [
        "COPY lone/check.sh /app/",
        "COPY --chmod=644 lone/check.sh /app/",
        "COPY --chmod=0644 lone /app/",
        "COPY --chmod=1644 lone/check.sh /app/",
    ],
)
def test_not_executable(fleet: SoundFleet, copy: str):
    ask(fleet, '["/app/check.sh"]', copy=copy, mode=0o644)
    assert [each[0] for each in fleet.found()] == ["health-script"]
    assert "lone/check.sh has no x bit" in fleet.lint()[0].message
    assert fleet.lint()[0].fix == "git update-index --chmod=+x lone/check.sh, or add --chmod=755 to the COPY"


@pytest.mark.parametrize(
    "copy",
    [
        "COPY --chmod=755 lone/check.sh /app/",
        "COPY --chmod=a+x lone/check.sh /app/",
        "COPY lone/check.sh /app/\nRUN chmod +x /app/check.sh",
        "COPY lone/check.sh /app/\nRUN x && chmod -R 755 /app",
        "COPY lone/check.sh /app/\nWORKDIR /app\nRUN chmod +x *.sh",
    ],
)
def test_made_executable(fleet: SoundFleet, copy: str):
    ask(fleet, '["/app/check.sh"]', copy=copy, mode=0o644)
    assert fleet.found() == []


def test_an_interpreter_needs_no_x_bit(fleet: SoundFleet):
    ask(fleet, "sh /app/check.sh", copy="COPY lone/check.sh /app/", mode=0o644)
    assert fleet.found() == []


def test_another_chmod_does_not_help(fleet: SoundFleet):
    ask(fleet, '["/app/check.sh"]', copy="COPY lone/check.sh /app/\nRUN chmod +x /opt/run", mode=0o644)
    assert [each[0] for each in fleet.found()] == ["health-script"]


def test_through_a_builder(fleet: SoundFleet):
    ask(fleet, '["/app/check.sh"]', copy="COPY --from=made /out/check.sh /app/", mode=0o644)
    stage = "FROM docker.io/library/debian:12 AS made\nCOPY lone/check.sh /out/\n"
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", f"{stage}FROM ${{BASE_IMAGE}}")
    assert [each[0] for each in fleet.found()] == ["health-script"]
    (fleet.root / "lone/check.sh").chmod(0o755)
    assert fleet.found() == []


def test_a_script_of_the_catalog(fleet: SoundFleet):
    fleet.edit("fleet.toml", "port = 8008", 'port = 8008, script = "/app/check.sh --deep"')
    line = fleet.line("fleet.toml", "[images.lone]")
    assert fleet.found() == [("health-script", "fleet.toml", line, "lone")]


def test_both_ask_with_it_and_it_is_told_once(fleet: SoundFleet):
    ask(fleet, '["/app/check.sh"]')
    fleet.edit("fleet.toml", "port = 8008", 'port = 8008, script = "/app/check.sh"')
    assert fleet.found() == FOUND


def test_a_published_family_may_bring_it(fleet: SoundFleet):
    ask(fleet, '["/app/check.sh"]')
    fleet.publish()
    assert fleet.found() == []


def test_a_family_that_is_built_brings_it(fleet: SoundFleet):
    ask(fleet, "./check.sh")
    fleet.edit(
        "families/llm", "FROM ${BASE_IMAGE}\n", "FROM ${BASE_IMAGE}\nWORKDIR /app\nCOPY lone/check.sh .\n"
    )
    assert fleet.found() == []


def test_only_the_owners_x_bit_is_kept_by_git(fleet: SoundFleet):
    ask(fleet, '["/app/check.sh"]', copy="COPY lone/check.sh /app/", mode=0o645)
    assert [each[0] for each in fleet.found()] == ["health-script"]
