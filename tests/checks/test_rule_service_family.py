import pytest
from sound_fleet import SoundFleet

ACKNOWLEDGE = '[[acknowledge]]\nrule = "service-family"\nsubject = "TTS"\nreason = "it needs nothing more"\n'


def test_listed_under_another_family(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\nlisted_family = "llm"')
    line = fleet.line("fleet.toml", 'name = "TTS"') - 1
    assert fleet.found() == [("service-family", "fleet.toml", line, "TTS")]
    assert fleet.lint()[0].severity == "warning"


def test_listed_under_its_own(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\nlisted_family = "torch"')
    assert fleet.found() == []


def test_acknowledged(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\nlisted_family = "llm"')
    fleet.edit("fleet.toml", "[families.torch]", f"{ACKNOWLEDGE}[families.torch]")
    assert fleet.found() == []


@pytest.mark.parametrize("subject", ["STT", "speech"])
def test_acknowledged_for_another(fleet: SoundFleet, subject: str):
    fleet.edit("fleet.toml", 'name = "TTS"', 'name = "TTS"\nlisted_family = "llm"')
    fleet.edit("fleet.toml", "[families.torch]", f"{ACKNOWLEDGE.replace('TTS', subject)}[families.torch]")
    assert {each[0] for each in fleet.found()} == {"service-family", "acknowledgement-unneeded"}
