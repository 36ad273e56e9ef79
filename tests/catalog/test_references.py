import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.catalog.references import Names, Reference, is_component, is_registry, is_tag, parse_reference
from pipeline.errors import CatalogError

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ubuntu", Reference(registry="docker.io", repository="library/ubuntu")),
        ("ubuntu:22.04", Reference(registry="docker.io", repository="library/ubuntu", tag="22.04")),
        ("nvidia/cuda:12", Reference(registry="docker.io", repository="nvidia/cuda", tag="12")),
        ("index.docker.io/a/b", Reference(registry="docker.io", repository="a/b")),
        ("ghcr.io/o/n/i:t", Reference(registry="ghcr.io", repository="o/n/i", tag="t")),
        ("localhost/x", Reference(registry="localhost", repository="x")),
        ("localhost:5000/x:1", Reference(registry="localhost:5000", repository="x", tag="1")),
        ("host:5000/x", Reference(registry="host:5000", repository="x")),
        ("UPPER/x", Reference(registry="UPPER", repository="x")),
        ("[::1]:5000/x", Reference(registry="[::1]:5000", repository="x")),
        (f"a.b/c@{DIGEST}", Reference(registry="a.b", repository="c", digest=DIGEST)),
        (f"a.b/c:t@{DIGEST}", Reference(registry="a.b", repository="c", tag="t", digest=DIGEST)),
        ("a.b/c__d/e-_f".replace("-_", "--"), Reference(registry="a.b", repository="c__d/e--f")),
    ],
)
def test_references_that_parse(text: str, expected: Reference):
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a b", "/a", "a/", "a//b", "A", "a:", ":t", "a:t:u", "a@b", "a/B", "ghcr.io/Org/x"),
        *("a.b/-c", "a.b/c-", "a.b/c___d", "a.b/c..d", "ab" * 32, "a\n", "ä", "x:ä", "a:" + "t" * 129),
        *(
            "-a.b/c",
            "a.b:port/c",
            "http://a.b/c",
            f"a@{DIGEST[:-1]}",
            f"a@{DIGEST.upper()}",
            "a@sha512:" + "a" * 128,
        ),
        "a.b/" + "c" * 256,
    ],
)
def test_references_that_do_not(text: str):
    with pytest.raises(CatalogError, match="not an image reference"):
        parse_reference(text)


WORD = st.text("abyz019", min_size=1, max_size=5)
SEPARATOR = st.sampled_from([".", "_", "__", "-", "---"])
COMPONENT = st.tuples(WORD, st.lists(st.tuples(SEPARATOR, WORD), max_size=3)).map(
    lambda parts: parts[0] + "".join(separator + word for separator, word in parts[1])
)
HOST = st.tuples(WORD, WORD, st.sampled_from(["", ":1", ":65535"])).map(
    lambda parts: "{}.{}{}".format(*parts)
)
TAG = st.tuples(st.sampled_from("aZ0_"), st.text("aZ0_.-", max_size=20)).map("".join)


@given(
    HOST,
    st.lists(COMPONENT, min_size=1, max_size=4),
    st.one_of(st.just(""), TAG),
    st.sampled_from(["", DIGEST]),
)
def test_what_is_printed_parses_to_the_same(host: str, parts: list[str], tag: str, digest: str):
    # docker.io/x is docker.io/library/x; that pair is covered above.
    reference = Reference(registry=host, repository="/".join(parts), tag=tag, digest=digest)
    assert parse_reference(str(reference)) == reference


@given(st.text(max_size=80))
@example("a@sha256:" + "a" * 64 + "\n")
def test_any_text_is_a_reference_or_a_catalog_error(text: str):
    try:
        reference = parse_reference(text)
    except CatalogError:
        return
    assert parse_reference(str(reference)) == reference


def test_a_pull_without_tag_means_latest_but_not_beside_a_digest():
    assert str(parse_reference("a.b/c").tagged()) == "a.b/c:latest"
    assert str(parse_reference(f"a.b/c@{DIGEST}").tagged()) == f"a.b/c@{DIGEST}"


@pytest.mark.parametrize("text", ["ghcr.io", "localhost", "localhost:5000", "127.0.0.1:1", "[::1]:5"])
def test_registries(text: str):
    assert is_registry(text)


@pytest.mark.parametrize(
    "text", ["", "ghcr", "ghcr.io/x", "https://ghcr.io", "ghcr.io ", "a_b.c", "ghcr.io:"]
)
def test_what_is_no_registry(text: str):
    assert not is_registry(text)


def test_tags_and_components_end_where_the_text_ends():
    assert is_tag("v1.2-x_y") and not is_tag("v1\n") and not is_tag(".x") and not is_tag("")
    assert is_component("a-b") and not is_component("a-b\n") and not is_component("a/b")


def test_names_of_a_fleet():
    names = Names(registry="ghcr.io", organisation="org", namespace="ai_system")
    assert names.family("family-x") == "ghcr.io/org/family-x"
    assert names.root("root-x") == "ghcr.io/org/root-x"
    assert names.image("speech") == "ghcr.io/org/ai_system/speech"
    assert names.release == "ghcr.io/org/ai_system/release"
