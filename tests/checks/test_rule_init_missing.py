import pytest
from sound_fleet import SoundFleet


@pytest.fixture
def own_init(fleet: SoundFleet) -> SoundFleet:
    fleet.edit("fleet.toml", "port = 8008 }", "port = 8008 }\ninit = false")
    return fleet


def test_a_program_as_pid_1(own_init: SoundFleet):
    own_init.edit("lone/Dockerfile", "EXPOSE", 'ENTRYPOINT ["python3", "x.py"]\nEXPOSE')
    line = own_init.line("fleet.toml", "[images.lone]")
    assert own_init.found() == [("init-missing", "fleet.toml", line, "lone")]
    assert own_init.lint()[0].message == "init = false, but lone starts python3, which is no init"


@pytest.mark.parametrize("program", ["/usr/bin/tini", "/init", "dumb-init", "/usr/bin/supervisord"])
def test_an_init_of_its_own(own_init: SoundFleet, program: str):
    own_init.edit("lone/Dockerfile", "EXPOSE", f'ENTRYPOINT ["{program}"]\nEXPOSE')
    assert own_init.found() == []


def test_an_init_of_its_family(own_init: SoundFleet):
    own_init.edit("families/torch", "USER", 'ENTRYPOINT ["/usr/bin/tini", "--"]\nUSER')
    own_init.edit("lone/Dockerfile", "EXPOSE", 'CMD ["python3", "x.py"]\nEXPOSE')
    assert own_init.found() == []


def test_with_the_fleets_init(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "EXPOSE", 'CMD ["python3", "x.py"]\nEXPOSE')
    assert fleet.found() == []


def test_nothing_known(own_init: SoundFleet):
    assert own_init.found() == []
