"""Headers of registries, as they are and as nobody should send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.registry.oci.headers import Challenge, parse_challenges, parse_next_link

GHCR = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(
            GHCR,
            [
                (
                    "bearer",
                    {
                        "realm": "https://ghcr.io/token",
                        "service": "ghcr.io",
                        "scope": "repository:user/image:pull",
                    },
                )
            ],
            id="ghcr",
        ),
        pytest.param(
            'Bearer realm="r",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": "r", "scope": "repository:a/b:pull,push"})],
            id="comma inside quotes",
        ),
        pytest.param(
            'Basic realm="x", Bearer realm="y", service=z',
            [("basic", {"realm": "x"}), ("bearer", {"realm": "y", "service": "z"})],
            id="two challenges",
        ),
        pytest.param(
            'Negotiate, Basic realm="x"', [("negotiate", {}), ("basic", {"realm": "x"})], id="bare scheme"
        ),
        pytest.param('BEARER REALM="y"', [("bearer", {"realm": "y"})], id="case"),
        pytest.param(r'Basic realm="say \"hi\""', [("basic", {"realm": 'say "hi"'})], id="escaped quotes"),
        pytest.param(
            'Basic realm = "x" , charset = UTF-8',
            [("basic", {"realm": "x", "charset": "UTF-8"})],
            id="blanks",
        ),
        pytest.param("", [], id="empty"),
        pytest.param('="x"', [], id="no scheme"),
        pytest.param('Bearer realm="open', [("bearer", {})], id="quote never closed"),
    ],
)
def test_challenges(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(found.scheme, dict(found.parameters)) for found in parse_challenges(header)] == expected


names = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
challenges = st.lists(
    st.tuples(names, st.dictionaries(names, values, min_size=1, max_size=4)), min_size=1, max_size=3
)


def written(scheme: str, parameters: dict[str, str]) -> str:
    quoted = (
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in parameters.items()
    )
    return f"{scheme} {', '.join(quoted)}"


@given(challenges)
def test_any_challenge_survives_being_written_and_read(offered: list[tuple[str, dict[str, str]]]) -> None:
    header = ", ".join(written(*one) for one in offered)
    assert parse_challenges(header) == tuple(
        Challenge(scheme=scheme, parameters=parameters) for scheme, parameters in offered
    )


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(header: str) -> None:
    for found in parse_challenges(header):
        assert found.scheme == found.scheme.lower() != ""
    assert parse_next_link(header) is None or isinstance(parse_next_link(header), str)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(
            '</v2/a/tags/list?last=x&n=2>; rel="next"', "/v2/a/tags/list?last=x&n=2", id="distribution"
        ),
        pytest.param(
            "<https://r.example/v2/a?n=1,2>; rel=next", "https://r.example/v2/a?n=1,2", id="no quotes"
        ),
        pytest.param('</p>; rel="prev", </n>; rel="next"', "/n", id="second of two"),
        pytest.param('</n>; title="a, b"; rel="next"', "/n", id="comma in another parameter"),
        pytest.param('</n>; rel="last next"', "/n", id="several relations"),
        pytest.param('</p>; rel="prev"', None, id="other relation"),
        pytest.param('</n>; rel="nextish"', None, id="longer word"),
        pytest.param("</n>", None, id="no relation"),
        pytest.param("", None, id="empty"),
    ],
)
def test_next_link(header: str, expected: str | None) -> None:
    assert parse_next_link(header) == expected
