import pytest
from refused_dockerfiles import REFUSED, TAKEN

from pipeline.planning.dockerfile import read_dockerfile


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED.keys())
def test_what_buildkit_refuses_is_a_problem_at_its_line(line: str):
    assert [each.line for each in read_dockerfile(f"FROM scratch\n{line}\n").problems] == [2]


@pytest.mark.parametrize("line", TAKEN.values(), ids=TAKEN.keys())
def test_what_it_takes_is_none(line: str):
    assert read_dockerfile(f"FROM scratch\n{line}\n").problems == ()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("COPY --form=x a b", "COPY has no flag --form; did you mean from?"),
        ("CMD --x a", "CMD has no flag --x"),
        ("HEALTHCHECK curl x", "HEALTHCHECK is followed by CMD or NONE, not by curl"),
        ("ONBUILD COPY a", "ONBUILD: COPY needs a source and a destination"),
        ("ENV A=1 B", "there is no = in B: ENV takes name=value"),
        ("HEALTHCHECK --interval=5 CMD x", "--interval=5 is no duration such as 30s"),
    ],
)
def test_it_says_what_is_wrong(line: str, what: str):
    assert read_dockerfile(f"FROM x\n{line}\n").problems[0].what == what


def test_here_documents_of_a_trigger_and_newer_flags():
    lines = ["FROM x", "ONBUILD RUN <<A", "FROM y", "A"]
    text = "\n".join([*lines, "COPY --link --parents --exclude=*.md a b", "ADD --unpack=true c d"])
    assert read_dockerfile(text).problems == ()
