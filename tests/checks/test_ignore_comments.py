import pytest
from sound_fleet import SoundFleet

from pipeline.checks.show import show_findings

REASON = "the service needs it"


def put(fleet: SoundFleet, before: str, comment: str) -> int:
    fleet.edit("lone/Dockerfile", before, f"{comment}\n{before}")
    return fleet.line("lone/Dockerfile", comment)


@pytest.fixture
def rooted(fleet: SoundFleet) -> SoundFleet:
    fleet.edit("lone/Dockerfile", "EXPOSE", "USER root\nEXPOSE")
    return fleet


@pytest.mark.parametrize(
    "comment",
    [
        f"# pipeline: ignore=user-root {REASON}",
        f"#pipeline:ignore=user-root {REASON}",
        f"  # Pipeline: ignore=base-version,user-root {REASON}",
    ],
)
def test_it_hides_a_finding_of_the_next_instruction(rooted: SoundFleet, comment: str):
    put(rooted, "USER root", comment)
    assert [each[0] for each in rooted.found() if each[0] == "user-root"] == []


def test_others_may_stand_between(rooted: SoundFleet):
    put(rooted, "USER root", "# another comment")
    put(rooted, "# another comment", f"# pipeline: ignore=user-root {REASON}")
    assert rooted.found() == []


def test_within_an_instruction_it_holds_for_that(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "COPY lone/*.py /app/", "COPY lone/*.py \\\n  lone/*.pyx /app/")
    assert [each[0] for each in fleet.found()] == ["copy-pattern"]
    fleet.edit("lone/Dockerfile", "  lone/*.pyx", f"# pipeline: ignore=copy-pattern {REASON}\n  lone/*.pyx")
    assert fleet.found() == []


def test_it_hides_nothing_of_another_instruction_or_rule(rooted: SoundFleet):
    line = put(rooted, "EXPOSE", f"# pipeline: ignore=user-root {REASON}")
    found = rooted.found()
    assert [each[0] for each in found] == ["user-root", "ignore-comment"]
    assert found[1] == ("ignore-comment", "lone/Dockerfile", line, "lone")
    assert (
        rooted.lint()[1].message
        == f"user-root finds nothing in the instruction at line {line + 1} (any more)"
    )


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# pipeline: ignore=user-rot x", "there is no rule user-rot; did you mean user-root?"),
        ("# pipeline: ignore=user-root", "this comment gives no reason for ignoring user-root"),
        ("# pipeline: ignore user-root x", "this comment is not understood: ignore user-root x"),
        ("# pipeline: skip=user-root x", "this comment is not understood: skip=user-root x"),
    ],
)
def test_one_that_is_wrong_is_a_finding_and_hides_nothing(rooted: SoundFleet, comment: str, message: str):
    line = put(rooted, "USER root", comment)
    assert rooted.found() == [
        ("ignore-comment", "lone/Dockerfile", line, "lone"),
        ("user-root", "lone/Dockerfile", line + 1, "lone"),
    ]
    assert rooted.lint()[0].message == message


def test_each_rule_that_is_not_needed_is_found(rooted: SoundFleet):
    put(rooted, "USER root", f"# pipeline: ignore=user-root,base-version {REASON}")
    assert [each.message[:12] for each in rooted.lint()] == ["base-version"]


def test_nothing_follows(fleet: SoundFleet):
    text = (fleet.root / "lone/Dockerfile").read_text()
    fleet.write("lone/Dockerfile", f"{text}# pipeline: ignore=user-root {REASON}\n")
    assert "no instruction follows" in fleet.lint()[0].message


def test_a_here_document_has_no_comments(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", "EXPOSE", "RUN <<A\n# pipeline: ignore=nothing\nA\nEXPOSE")
    assert fleet.found() == []


def test_in_a_dockerfile_of_no_image(fleet: SoundFleet):
    fleet.write("old/Dockerfile", f"# pipeline: ignore=dockerfile-unused {REASON}\nFROM x:1\n")
    assert fleet.found() == []
    fleet.write("old/Dockerfile", "FROM x:1\n")
    assert [each[0] for each in fleet.found()] == ["dockerfile-unused"]


def test_an_acknowledgement_beside_it_is_not_needed(rooted: SoundFleet):
    put(rooted, "USER root", f"# pipeline: ignore=user-root {REASON}")
    text = '[[acknowledge]]\nrule = "user-root"\nsubject = "lone"\nreason = "known"\n'
    rooted.edit("fleet.toml", "[families.torch]", f"{text}[families.torch]")
    assert [each[0] for each in rooted.found()] == ["acknowledgement-unneeded"]


def test_a_comment_that_is_not_utf_8(fleet: SoundFleet):
    path = fleet.root / "lone/Dockerfile"
    path.write_bytes(b"# pipeline: ignore=\xff\n" + path.read_bytes())
    assert "\\udcff" in fleet.lint()[0].message
    assert show_findings(fleet.lint(), "text").encode()
