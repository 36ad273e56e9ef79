import pytest
from sound_fleet import SoundFleet

CMD = 'CMD ["python3", "/app/main.py"]'


@pytest.mark.parametrize(
    "line",
    [
        'CMD ["python3", "/app/mian.py"]',
        'ENTRYPOINT ["/usr/bin/tini", "--", "/app/start.sh"]',
        'ENTRYPOINT ["/app/start.sh"]',
        "CMD exec python3 /app/mian.py",
        'WORKDIR /app\nCMD ["python3", "mian.py"]',
        'CMD ["sh", "/app/deep/start.sh"]',
    ],
)
def test_no_copy_brings_it(fleet: SoundFleet, line: str):
    number = fleet.line("speech/Dockerfile", CMD) + line.count("\n")
    fleet.edit("speech/Dockerfile", CMD, line)
    assert fleet.found() == [("command-script", "speech/Dockerfile", number, "speech")]
    assert fleet.lint()[0].severity == "error" and "no COPY brings /app/" in fleet.lint()[0].message


def test_of_a_service(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\ncommand = ["python3", "/app/tts.py"]')
    line = fleet.line("fleet.toml", 'name = "TTS"') - 1
    assert fleet.found() == [("command-script", "fleet.toml", line, "TTS")]
    fleet.write("speech/src/tts.py", "")
    assert fleet.found() == []


def test_without_its_x_bit(fleet: SoundFleet):
    fleet.write("speech/src/start.sh", "#!/bin/sh\n")
    fleet.edit("speech/Dockerfile", CMD, 'ENTRYPOINT ["/app/start.sh"]')
    assert fleet.found() == [("command-script", "speech/Dockerfile", 10, "speech")]
    assert "is not executable" in fleet.lint()[0].message
    (fleet.root / "speech/src/start.sh").chmod(0o755)
    assert fleet.found() == []


def test_with_the_line_ends_of_windows(fleet: SoundFleet):
    (fleet.root / "speech/src/start.sh").write_bytes(b"#!/bin/sh\r\nexec x\r\n")
    (fleet.root / "speech/src/start.sh").chmod(0o755)
    fleet.edit("speech/Dockerfile", CMD, 'ENTRYPOINT ["/app/start.sh"]')
    assert fleet.found() == [("command-script", "speech/Dockerfile", 10, "speech")]
    assert r"asks for the program '/bin/sh\r'" in fleet.lint()[0].message
    fleet.edit("speech/Dockerfile", "ENTRYPOINT", r"RUN sed -i 's/\r$//' /app/start.sh" + "\nENTRYPOINT")
    assert fleet.found() == []


def test_an_interpreter_needs_no_x_bit(fleet: SoundFleet):
    fleet.write("speech/src/start.sh", "#!/bin/sh\n")
    fleet.edit("speech/Dockerfile", CMD, 'CMD ["sh", "/app/start.sh"]')
    assert fleet.found() == []


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param('RUN curl -o /app/start.sh x\nCMD ["/app/start.sh"]', id="RUN writes it"),
        pytest.param('RUN git clone x /app\nCMD ["python3", "/app/other.py"]', id="RUN fills the directory"),
        pytest.param('WORKDIR /app\nRUN tar xf a.tar\nCMD ["python3", "other.py"]', id="RUN works there"),
        pytest.param('CMD ["python3", "/opt/x/other.py"]', id="no COPY goes there"),
        pytest.param('CMD ["python3", "-m", "app.main"]', id="module"),
        pytest.param('CMD ["/usr/bin/start.sh"]', id="program of the system"),
        pytest.param('COPY --from=builder /x /app/x\nCMD ["python3", "/app/x/y.py"]', id="of another stage"),
        pytest.param('CMD ["python3", "$SCRIPT.py"]', id="variable"),
    ],
)
def test_what_cannot_be_told(fleet: SoundFleet, lines: str):
    fleet.edit("speech/Dockerfile", CMD, lines)
    assert fleet.found() == []


def test_on_a_published_family(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, 'CMD ["python3", "/app/mian.py"]')
    fleet.edit("fleet.toml", 'dockerfile = "families/torch"', 'tag = "1"')
    (fleet.root / "families/torch").unlink()
    assert "command-script" not in [each[0] for each in fleet.found()]


@pytest.mark.parametrize(
    "start",
    ['["tini", "/app/start.sh"]', '["tini", "-g", "--", "/app/start.sh"]', '["tini", "-s", "/app/start.sh"]'],
)
def test_behind_an_init(fleet: SoundFleet, start: str):
    fleet.edit("speech/Dockerfile", CMD, f"ENTRYPOINT {start}")
    assert [each[0] for each in fleet.found()] == ["command-script"]


def test_told_once_for_entrypoint_and_command(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, 'ENTRYPOINT ["sh", "/app/x.sh"]\nCMD ["sh", "/app/x.sh"]')
    assert fleet.found() == [("command-script", "speech/Dockerfile", 10, "speech")]


@pytest.mark.parametrize(("keyword", "count"), [("CMD", 0), ("ENTRYPOINT", 1)])
def test_a_command_that_every_service_replaces(fleet: SoundFleet, keyword: str, count: int):
    for name in ("STT", "TTS"):
        fleet.edit(
            "fleet.toml", f'name = "{name}"', f'name = "{name}"\ncommand = ["python3", "/app/main.py"]'
        )
    fleet.edit("speech/Dockerfile", CMD, f'{keyword} ["python3", "/app/mian.py"]')
    assert len(fleet.found()) == count


def test_a_variable_elsewhere_hides_nothing(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, 'EXPOSE $MORE\nCMD ["python3", "/app/mian.py"]')
    assert [each[0] for each in fleet.found()] == ["command-script"]


@pytest.mark.parametrize("copy", ["COPY $WHAT /app/", "COPY src/*.pyx /app/"])
def test_where_more_may_be_copied_it_is_not_known(fleet: SoundFleet, copy: str):
    fleet.edit("speech/Dockerfile", CMD, f'{copy}\nCMD ["python3", "/app/mian.py"]')
    assert [each[0] for each in fleet.found() if each[0] != "copy-pattern"] == []


def test_the_file_without_its_x_bit_is_named(fleet: SoundFleet):
    fleet.write("speech/src/start.sh", "#!/bin/sh\n")
    fleet.edit("speech/Dockerfile", CMD, 'ENTRYPOINT ["/app/start.sh"]')
    assert fleet.lint()[0].message == "/app/start.sh is not executable: speech/src/start.sh has no x bit"
