"""No secret is told, in none of the forms that it takes by itself."""

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.local.engine.scrub import Veil

SECRET = b"s3cr3t-value"


def veil(*values: bytes) -> Veil:
    made = Veil()
    for value in values:
        made.cover(value)
    return made


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", b""),
        (b"nothing here", b"nothing here"),
        (b"s3cr3t-valu", b"s3cr3t-valu"),
        (SECRET, b"***"),
        (b"<" + SECRET + SECRET + b">\n", b"<******>\n"),
    ],
)
def test_the_secret_and_nothing_else_is_replaced(text: bytes, told: bytes) -> None:
    assert veil(SECRET).bytes(text) == told


@given(before=st.binary(max_size=9), after=st.binary(max_size=9), secret=st.binary(min_size=8, max_size=40))
def test_base64_is_replaced_wherever_the_secret_stands_in_what_was_encoded(
    before: bytes, after: bytes, secret: bytes
) -> None:
    assume(len(set(secret)) > 3)
    encoded = base64.b64encode(before + secret + after)
    told = veil(secret).bytes(encoded)
    assert b"***" in told
    # what is left over are the characters that the secret shares with its neighbours
    assert len(told) - 3 <= len(encoded) - (len(secret) * 8 - 10) // 6 + 1


def test_a_registry_login_is_replaced_in_base64() -> None:
    header = base64.b64encode(b"user:" + SECRET).decode()
    assert header not in veil(SECRET).text(f"Authorization: Basic {header}")


def test_each_line_of_a_secret_of_several_lines_is_replaced() -> None:
    key = b"-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\n-----END KEY-----\n"
    assert veil(key).text("line 2: mnopqrstuvwx") == "line 2: ***"


def test_a_secret_with_a_newline_at_its_end_is_found_without_it() -> None:
    assert veil(b"token-of-file\n").text("[token-of-file]") == "[***]"


def test_of_two_secrets_the_longer_is_replaced_whole() -> None:
    assert veil(b"abcd", b"abcdefgh").text("abcdefgh") == "***"


@pytest.mark.parametrize("short", [b"", b"a", b"ab", b"\n"])
def test_what_is_too_short_to_be_a_secret_does_not_star_out_the_text(short: bytes) -> None:
    assert veil(short).text("a banana\n") == "a banana\n"


def test_it_is_not_shown() -> None:
    assert "s3cr3t" not in repr(veil(SECRET))
