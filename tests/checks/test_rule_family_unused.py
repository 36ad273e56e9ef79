from sound_fleet import SoundFleet


def test_nothing_stands_on_it(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'family = "llm"', 'family = "torch"')
    line = fleet.line("fleet.toml", "[families.llm]")
    assert fleet.found() == [("family-unused", "fleet.toml", line, "llm")]
    assert fleet.lint()[0].severity == "warning"


def test_a_published_one(fleet: SoundFleet):
    fleet.edit("fleet.toml", "[images.speech]", '[families.old]\ntag = "1"\n[images.speech]')
    assert [(each[0], each[3]) for each in fleet.found()] == [("family-unused", "old")]


def test_another_family_may_stand_on_it(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'family = "torch"', 'family = "llm"')
    assert fleet.found() == []
