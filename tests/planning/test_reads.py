from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.planning.dockerfile import read_dockerfile
from pipeline.planning.reads import Reads, find_reads, onbuild_triggers

HEAD = "ARG BASE_IMAGE\n"


def reads(text: str, *, target: str = "", triggers: Mapping[str, list[str]] | None = None) -> Reads:
    arguments = {"BASE_IMAGE": "base", "GIVEN": "given"}
    return find_reads(read_dockerfile(text), build_args=arguments, target=target, triggers=triggers)


def paths(found: Reads) -> list[str]:
    return [read.path for used in found.used for read in used.context]


def images(found: Reads) -> list[str]:
    return [image.text for used in found.used for image in used.images]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("COPY a b /to/\n", ["a", "b"], id="all but the last"),
        pytest.param('ADD ["a b", "/to"]\n', ["a b"], id="json"),
        pytest.param("COPY --from=other a /to\n", [], id="from"),
        pytest.param("ADD https://x.org/a git@x.org:b /to\n", [], id="remote"),
        pytest.param("COPY https://x.org/a /to\n", ["https://x.org/a"], id="COPY knows no URL"),
        pytest.param("COPY <<EOF a /to\ntext\nEOF\n", ["a"], id="heredoc"),
        pytest.param("RUN --mount=type=bind,source=a,target=/x true\n", ["a"], id="bind"),
        pytest.param("RUN --mount=target=/x true\n", ["."], id="bind of everything"),
        pytest.param("RUN --mount=type=cache,target=/x true\n", [], id="cache"),
        pytest.param("RUN --mount=type=secret,id=x true\n", [], id="secret"),
        pytest.param("RUN --mount=from=other,source=a,target=/x true\n", [], id="bind of an image"),
        pytest.param("ARG D=d\nCOPY $D/x /to\n", ["d/x"], id="default"),
        pytest.param("ARG GIVEN=d\nCOPY $GIVEN /to\n", ["given"], id="build argument"),
        pytest.param("COPY $GIVEN /to\n", [""], id="build argument not declared"),
        pytest.param("ENV GIVEN=e\nARG GIVEN\nCOPY $GIVEN /to\n", ["e"], id="ENV wins"),
        pytest.param("ARG BASE_IMAGE\nCOPY $BASE_IMAGE /to\n", ["base"], id="global argument"),
        pytest.param("ENV A=1 B=$A\nCOPY x$B /to\n", ["x"], id="ENV sees what was before it"),
        pytest.param("ENV A 1 2\nCOPY x$A /to\n", ["x1 2"], id="old form of ENV"),
        pytest.param("COPY $UNKNOWN/x y /to\n", ["", "y"], id="of the base's environment: anything"),
        pytest.param("ARG TARGETARCH\nCOPY $TARGETARCH /to\n", ["amd64"], id="platform"),
        pytest.param("ONBUILD COPY a /to\n", [], id="its own triggers do not run"),
    ],
)
def test_what_is_read_from_the_context(body: str, expected: list[str]):
    assert paths(reads(f"{HEAD}FROM ${{BASE_IMAGE}}\n{body}")) == expected


def test_only_stages_that_the_target_needs():
    text = (
        f"{HEAD}FROM a:1 AS unused\nCOPY u /\nFROM b:1 AS one\nCOPY x /\nFROM one AS two\nCOPY y /\n"
        "FROM ${BASE_IMAGE}\nCOPY --from=two /y /\nRUN --mount=from=c:1,target=/c true\nCOPY z /\n"
    )
    found = reads(text)
    assert (paths(found), images(found)) == (["x", "y", "z"], ["b:1", "base", "c:1"])
    assert paths(reads(text, target="UNUSED")) == ["u"]
    assert paths(reads(text, target="1")) == ["x"]
    assert reads(text, target="absent").final is None


def test_stages_by_number_and_case():
    found = reads("FROM a:1 AS One\nCOPY x /\nFROM b:1\nCOPY --from=0 / /\nFROM ONE\nCOPY --from=1 / /\n")
    assert (paths(found), images(found)) == (["x"], ["a:1", "b:1"])


def test_a_name_means_a_stage_only_after_it():
    assert images(reads("FROM late AS one\nFROM x:1 AS late\nFROM one\n")) == ["late"]


def test_stages_that_copy_from_each_other_end():
    assert len(reads("FROM a AS one\nCOPY --from=two / /\nFROM b AS two\nCOPY --from=one / /\n").needed) == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FROM ${BASE_IMAGE:-x}", "base"),
        ("FROM ${NONE:-x:1}", "x:1"),
        ("FROM --platform=linux/arm64 x:1", "x:1"),
        ('FROM "x:1"', "x:1"),
    ],
)
def test_bases_are_expanded(line: str, expected: str):
    assert images(reads(f"{HEAD}{line}\n")) == [expected]


def test_an_argument_after_from_is_unknown_to_from():
    assert images(reads("FROM a:1\nARG BASE_IMAGE\nFROM x${BASE_IMAGE}\n")) == ["x"]


def test_scratch_is_no_image():
    assert images(reads("FROM scratch\nCOPY a /\n")) == []


def test_variables_go_on_in_a_stage_that_starts_from_another():
    assert paths(reads("FROM a AS one\nARG D=d\nENV E=e\nFROM one\nCOPY $D$E /\n")) == ["de"]


def test_remote_reads_and_their_checksum():
    found = reads("FROM a\nADD --checksum=sha256:1 https://x/a /\nADD https://x/b /\n")
    assert [(each.url, each.checksum) for each in found.used[0].remote] == [
        ("https://x/a", "sha256:1"),
        ("https://x/b", ""),
    ]


def test_triggers_of_the_base_run_in_every_stage_that_starts_from_it():
    triggers = {"base": ["COPY t /", "ADD https://x/a /", "RUN --mount=source=m,target=/m true"]}
    found = reads(
        f"{HEAD}FROM ${{BASE_IMAGE}} AS one\nFROM ${{BASE_IMAGE}}\nCOPY --from=one / /\n", triggers=triggers
    )
    assert paths(found) == ["t", "m", "t", "m"]
    assert [each.url for each in found.used[0].remote] == ["https://x/a"]


def test_triggers_of_a_local_stage_run_too_and_are_not_carried_on():
    text = "FROM a AS one\nONBUILD COPY t /\nFROM one AS two\nFROM two\n"
    assert paths(reads(text)) == ["t"]
    assert onbuild_triggers(read_dockerfile(text)) == ()
    assert onbuild_triggers(read_dockerfile(text), "one") == ("COPY t /",)


LINES = [
    *(
        "FROM a AS one",
        "FROM one",
        "FROM two AS two",
        "FROM $X",
        "FROM",
        "FROM a AS 0",
        "ARG X",
        "ARG",
        "ARG =x",
    ),
    *(
        "COPY --from=1 a b",
        "COPY --from=two a",
        "COPY",
        "COPY ${ x",
        "COPY <<E x",
        "COPY --from=99999999999 a b",
    ),
    *(
        "ADD http://x y",
        "RUN --mount=",
        "RUN --mount=from=,x",
        "ENV",
        "ENV X",
        "ENV =",
        "ONBUILD",
        "ONBUILD FROM x",
    ),
    *("ONBUILD ONBUILD COPY a b", "ONBUILD COPY --from=one a b"),
]


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_any_dockerfile_has_reads(lines: list[str]):
    text = "\n".join(lines)
    found = reads(text, triggers={"a": ["COPY x /", "", "ONBUILD"]})
    assert all(index < len(found.stages) for index in found.needed)
    assert onbuild_triggers(read_dockerfile(text)) is not None
