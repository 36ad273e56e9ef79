from sound_fleet import SoundFleet

CMD = 'CMD ["python3", "/app/main.py"]'


def found(fleet: SoundFleet) -> list[tuple[str, int, str]]:
    return [
        (file, line, subject) for rule, file, line, subject in fleet.found() if rule == "entrypoint-shell"
    ]


def test_it_drops_cmd(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, f"ENTRYPOINT exec start\n{CMD}")
    assert found(fleet) == [("speech/Dockerfile", 10, "speech")]
    assert fleet.lint()[0].message == "ENTRYPOINT is run by a shell: CMD is never run"


def test_it_drops_a_services_command(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, "ENTRYPOINT exec start")
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\ncommand = ["b"]')
    assert found(fleet) == [("speech/Dockerfile", 10, "speech")]
    assert "the command of TTS is never run" in fleet.lint()[0].message


def test_an_inherited_one(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001", "ENTRYPOINT exec start\nUSER 10001")
    assert found(fleet) == [("families/torch", 5, "speech")]


def test_nothing_to_drop(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, "ENTRYPOINT exec start")
    assert found(fleet) == []


def test_json_passes_them_on(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, f'ENTRYPOINT ["start"]\n{CMD}')
    assert found(fleet) == []


def test_it_resets_the_cmd_of_the_family(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001", 'CMD ["a"]\nUSER 10001')
    fleet.edit("lone/Dockerfile", "EXPOSE", "ENTRYPOINT exec start\nEXPOSE")
    assert found(fleet) == []
