import os
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from sound_fleet import SoundFleet

from pipeline.checks.show import show_findings

LINES = [
    *(
        "ARG BASE_IMAGE",
        "ARG BASE_IMAGE=",
        "FROM ${BASE_IMAGE}",
        "FROM",
        "FROM $",
        "FROM x AS y",
        "FROM Y",
        "FROM a b c d",
    ),
    *(
        "COPY",
        "COPY a",
        "COPY --from= a b",
        "COPY [",
        "COPY * /",
        "COPY ../.. /",
        "COPY [z-a] /",
        "ADD http:// /",
        "ADD git@ b",
    ),
    *(
        "HEALTHCHECK",
        "HEALTHCHECK NONE",
        "HEALTHCHECK CMD localhost:99999999/x",
        "HEALTHCHECK CMD [::1]:${",
        "USER",
        "USER $",
    ),
    *(
        "EXPOSE",
        "EXPOSE 99999999999-1",
        "EXPOSE 1-65535",
        "EXPOSE -",
        "EXPOSE $X/tcp",
        "ENV",
        "ENV A",
        "ENV =",
        "ENV A=$A",
    ),
    *(
        "ONBUILD",
        "ONBUILD COPY x y",
        "ONBUILD HEALTHCHECK NONE",
        "RUN --mount=",
        "RUN <<A <<B",
        "A",
        "B",
        "\\",
        "#",
        "\udcff",
    ),
    *("COPY \udcff /", "USER \udcff", "FROM \udcff", "LABEL \0", "COPY \0 /", "COPY ${A:-${B:-${C}}} /"),
]


@given(
    st.lists(st.sampled_from(LINES), max_size=10),
    st.lists(st.sampled_from(["*", "!", "[", "!a", "\udcff", "**"]), max_size=4),
)
@example(["FROM " + "x" * 100_000], ["*" * 200])
def test_any_dockerfile_and_dockerignore_end_in_findings(
    fleet: SoundFleet, lines: list[str], ignore: list[str]
):
    for path, rows in (
        ("speech/Dockerfile", lines),
        ("families/torch", lines),
        ("speech/.dockerignore", ignore),
    ):
        (fleet.root / path).write_bytes("\n".join(rows).encode("utf-8", "surrogateescape"))
    found = fleet.lint()
    for form in ("text", "json", "sarif", "github"):
        assert show_findings(found, form).encode()


def test_names_that_are_not_utf_8(fleet: SoundFleet):
    name = os.fsdecode(b"\xff.py")
    (fleet.root / "speech/src" / name).write_text("x")
    Path(fleet.root / "speech/src" / name).chmod(0o600)
    assert [each.rule for each in fleet.lint()] == ["private-file"]
    assert "\\udcff.py" in show_findings(fleet.lint(), "text")
