import pytest
from sound_fleet import SoundFleet


def acknowledge(fleet: SoundFleet, rule: str, subject: str) -> int:
    text = f'[[acknowledge]]\nrule = "{rule}"\nsubject = "{subject}"\nreason = "known"\n'
    fleet.edit("fleet.toml", "[families.torch]", f"{text}[families.torch]")
    return fleet.line("fleet.toml", "[[acknowledge]]")


def test_an_error_can_be_acknowledged(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "EXPOSE", "USER root\nEXPOSE")
    acknowledge(fleet, "user-root", "lone")
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("rule", "subject", "message"),
    [
        ("user-root", "lone", "user-root finds nothing in lone (any more)"),
        ("user-rot", "lone", "there is no rule user-rot; did you mean user-root?"),
    ],
)
def test_one_without_effect_is_a_finding(fleet: SoundFleet, rule: str, subject: str, message: str):
    line = acknowledge(fleet, rule, subject)
    assert fleet.found() == [("acknowledgement-unneeded", "fleet.toml", line, subject)]
    assert fleet.lint()[0].message == message


def test_it_does_not_hide_the_same_rule_elsewhere(fleet: SoundFleet):
    fleet.edit("families/torch", "USER 10001\n", "")
    acknowledge(fleet, "user-root", "lone")
    assert [(each[0], each[3]) for each in fleet.found()] == [("user-root", "speech")]
