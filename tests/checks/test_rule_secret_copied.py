import pytest
from sound_fleet import SoundFleet

BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEA"
KEY = f"-----BEGIN {{}}PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".env.production", "deep/.env", "id_rsa", "id_ed25519", "store.p12", "a.PFX", ".netrc"),
        *(".pypirc", ".aws/credentials", ".docker/config.json", ".git/config", ".git/objects/ab/cd"),
    ],
)
def test_by_name(fleet: SoundFleet, path: str):
    fleet.write(f"speech/src/{path}", "x")
    for folder in (fleet.root / "speech/src").rglob("*/"):
        folder.chmod(0o755)
    assert fleet.found() == [("secret-copied", "speech/Dockerfile", 7, "speech")]
    assert fleet.lint()[0].severity == "error"


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH "])
@pytest.mark.parametrize("path", ["server.pem", "server.key", "notes.txt", "settings.py"])
def test_by_content(fleet: SoundFleet, path: str, kind: str):
    fleet.write(f"speech/src/{path}", "# a file\n" + KEY.format(kind))
    assert fleet.found() == [("secret-copied", "speech/Dockerfile", 7, "speech")]
    assert fleet.lint()[0].message == f"COPY src brings speech/src/{path}: a private key"


def test_in_one_line_of_an_environment(fleet: SoundFleet):
    fleet.write("speech/src/settings.json", '{"key": "' + KEY.format("").replace("\n", "\\n") + '"}')
    assert [each[0] for each in fleet.found()] == ["secret-copied"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param(".env.example", "PASSWORD=", id="example"),
        pytest.param("environment", "x", id="another name"),
        pytest.param("config.json", "{}", id="config of something else"),
        pytest.param("ca.pem", "-----BEGIN CERTIFICATE-----\n" + "A" * 64, id="certificate"),
        pytest.param("id_rsa.pub", "ssh-rsa AAAA", id="public key"),
        pytest.param("check.py", 'if "-----BEGIN PRIVATE KEY-----" in text:\n    raise', id="code"),
        pytest.param(".gitignore", "x", id="a file of git that is public"),
        pytest.param("large.bin", "x" * 100_000 + KEY.format(""), id="too far within"),
    ],
)
def test_no_secret(fleet: SoundFleet, path: str, text: str):
    fleet.write(f"speech/src/{path}", text)
    assert fleet.found() == []


def test_ignored_or_only_mounted(fleet: SoundFleet):
    fleet.write("speech/src/.env", "x")
    fleet.write("speech/.dockerignore", "**/.env\n")
    assert fleet.found() == []
    fleet.write("speech/.dockerignore", "")
    fleet.edit(
        "speech/Dockerfile", "COPY src /app/", "RUN --mount=source=src,target=/src cp /src/main.py /app/"
    )
    assert fleet.found() == []


def test_many_are_one_finding(fleet: SoundFleet):
    fleet.write("speech/src/.env", "x")
    fleet.write("speech/src/id_rsa", "x")
    assert [each.message for each in fleet.lint()] == [
        "COPY src brings speech/src/.env and 1 more: settings with passwords, as a rule"
    ]


def test_the_fix_names_what_to_ignore(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", "COPY src", "COPY .")
    fleet.write("speech/.git/HEAD", "x")
    (fleet.root / "speech/.git").chmod(0o755)
    assert "add a line .git to .dockerignore" in fleet.lint()[0].fix


@pytest.mark.parametrize("source", ["https://example.org/v$FROM_THE_BASE/x.jar", "$FROM_THE_BASE"])
def test_what_is_not_known_brings_none(fleet: SoundFleet, source: str):
    fleet.write("speech/src/.env", "x")
    fleet.edit("speech/Dockerfile", "COPY src /app/", f"ADD {source} /app/")
    assert [each[0] for each in fleet.found() if each[0] == "secret-copied"] == []


def test_in_a_context_that_is_the_fleets_root(fleet: SoundFleet):
    fleet.write("lone/.env", "x")
    fleet.edit("lone/Dockerfile", "COPY lone/*.py", "COPY lone")
    assert fleet.found() == [("secret-copied", "lone/Dockerfile", 3, "lone")]
    assert "lone/.env" in fleet.lint()[0].fix
