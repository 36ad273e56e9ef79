import pytest
from sound_fleet import SoundFleet

CMD = 'CMD ["python3", "/app/main.py"]'


@pytest.mark.parametrize(
    "line",
    [
        "CMD python3 /app/main.py",
        'CMD ["sh", "-c", "python3 /app/main.py"]',
        'CMD ["/bin/bash", "-lc", "a && b"]',
    ],
)
def test_a_shell_before_the_program(fleet: SoundFleet, line: str):
    number = fleet.line("speech/Dockerfile", CMD)
    fleet.edit("speech/Dockerfile", CMD, line)
    assert fleet.found() == [("signal-lost", "speech/Dockerfile", number, "speech")]
    assert fleet.lint()[0].severity == "warning"


@pytest.mark.parametrize(
    "line",
    [
        CMD,
        "CMD exec python3 /app/main.py",
        "CMD cd /app && exec python3 main.py",
        'CMD ["sh", "-c", "exec python3 /app/main.py"]',
        'ENTRYPOINT ["/usr/bin/start"]',
        "CMD []",
    ],
)
def test_none(fleet: SoundFleet, line: str):
    fleet.edit("speech/Dockerfile", CMD, line)
    assert fleet.found() == []


def test_an_inherited_entrypoint_is_found_once_and_where_it_stands(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001", "ENTRYPOINT start\nUSER 10001")
    found = [each for each in fleet.found() if each[0] == "signal-lost"]
    assert found == [("signal-lost", "families/torch", 5, "torch")]


def test_an_entrypoint_that_is_replaced_does_not_count(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001", "ENTRYPOINT start\nUSER 10001")
    fleet.edit("lone/Dockerfile", "EXPOSE", 'ENTRYPOINT ["a"]\nEXPOSE')
    fleet.edit("speech/Dockerfile", CMD, f'ENTRYPOINT ["a"]\n{CMD}')
    assert fleet.found() == []


def test_a_cmd_that_every_service_replaces_does_not_count(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, "CMD python3 /app/main.py")
    fleet.edit("fleet.toml", 'name = "STT"', 'name = "STT"\ncommand = ["a"]')
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\ncommand = ["b"]')
    assert fleet.found() == []


def test_a_command_of_the_catalog(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\ncommand = ["sh", "-c", "sleep 1; python3 x"]')
    line = fleet.line("fleet.toml", 'name = "TTS"') - 1
    assert fleet.found() == [("signal-lost", "fleet.toml", line, "TTS")]
    fleet.edit("fleet.toml", "sleep 1; python3", "sleep 1; exec python3")
    assert fleet.found() == []
