from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.load import load_catalog
from pipeline.catalog.mistakes import InvalidCatalogError
from pipeline.errors import CatalogError

SOUND = """
[fleet]
name = "mainpc"
organisation = "example"

[families.base-gpu]
dockerfile = "families/Dockerfile.base"

[families.torch]
dockerfile = "families/Dockerfile.torch"
base = "base-gpu"

[families.pushed]
tag = "20250810-9c99cc9"

[images.speech]
family = "torch"
dockerfile = "speech/Dockerfile"
context = "speech"

[[images.speech.services]]
name = "STT"
command = ["python3", "stt.py"]
ports = [5800]
health = { port = 6800, start_period = "20s", deadline = "1m30s" }
host_port = { 5800 = 15800 }

[[images.speech.services]]
name = "TTS"
listed_family = "pushed"
alive_for = 5

[images.lone]
family = "pushed"
dockerfile = "speech/Dockerfile"
health = { script = "/app/health.sh" }

[targets.pc]
driver = "535.183.01"
reserved_ports = [22]

[[acknowledge]]
rule = "service-family"
subject = "TTS"
reason = "it needs nothing more"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    for path in ("families/Dockerfile.base", "families/Dockerfile.torch", "speech/Dockerfile"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")

    def write(text: str) -> Path:
        (tmp_path / "fleet.toml").write_text(text)
        return tmp_path

    return write


def mistakes(root: Path) -> list[str]:
    with pytest.raises(InvalidCatalogError) as caught:
        load_catalog(root)
    assert all(str(mistake) in str(caught.value) for mistake in caught.value.mistakes)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_sound_catalog(write: Write):
    catalog = load_catalog(write(SOUND))
    speech = catalog.images["speech"]
    assert (catalog.fleet.registry, catalog.fleet.namespace) == ("ghcr.io", "ai_system")
    assert catalog.families["torch"].base == "base-gpu" and catalog.families["torch"].is_built
    assert not catalog.families["pushed"].is_built
    stt = speech.services[0]
    assert stt.health and (stt.health.port, stt.health.start_period, stt.health.deadline) == (6800, 20, 90)
    assert stt.inner_ports == (5800, 6800)
    assert (stt.outer_port(5800), stt.outer_port(6800)) == (15800, 6800)
    assert [service.name for service in speech.smoked] == ["STT", "TTS"]
    lone = catalog.images["lone"].smoked
    assert [(service.name, service.command) for service in lone] == [("lone", ())]
    assert lone[0].health and lone[0].health.script == "/app/health.sh"
    assert catalog.targets["pc"].name == "pc"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            'context = "speech"',
            'contxt = "speech"',
            "[images.speech] contxt: unknown key; did you mean context?",
            id="key",
        ),
        pytest.param(
            "[images.lone]",
            f"[images.{'lone' * 20}]",
            "lonelonelonelonelone… is longer than 63 characters",
            id="name that no host can have",
        ),
        pytest.param('name = "mainpc"', f'name = "mainpc"\nepoch = {"9" * 5000}', "4300", id="digits"),
        pytest.param(
            'family = "torch"',
            'family = "troch"',
            "[images.speech] family: unknown family troch; did you mean torch?",
            id="family",
        ),
        pytest.param(
            'base = "base-gpu"',
            'base = "bose-gpu"',
            "[families.torch] base: unknown family bose-gpu; did you mean base-gpu?",
            id="base",
        ),
        pytest.param(
            'listed_family = "pushed"',
            'listed_family = "p"',
            "[images.speech.services.TTS] listed_family: unknown family p",
            id="listed family",
        ),
        pytest.param(
            'dockerfile = "families/Dockerfile.base"',
            'dockerfile = "families/Dockerfile.base"\nbase = "torch"',
            "[families.base-gpu] base: families stand on each other in a cycle: base-gpu → torch → base-gpu",
            id="cycle",
        ),
        pytest.param(
            'tag = "20250810-9c99cc9"',
            'base = "pushed"\ntag = "x"',
            "cycle: pushed → pushed",
            id="stands on itself",
        ),
        pytest.param(
            'name = "TTS"', 'name = "STT"', "there is already a service STT, in speech", id="service twice"
        ),
        pytest.param(
            'name = "TTS"', 'name = "lone"', "there is already a service lone", id="service named as an image"
        ),
        pytest.param(
            "[images.lone]", "[images.torch]", "[images.torch]: is the name of a family, too", id="same name"
        ),
        pytest.param(
            "[images.lone]", "[images.release]", "under which records are kept", id="name of the records"
        ),
        pytest.param(
            'tag = "20250810-9c99cc9"', "", "[families.pushed]: give exactly one of", id="no origin"
        ),
        pytest.param(
            'tag = "20250810-9c99cc9"',
            'tag = "x"\ndigest = "sha256:' + "a" * 64 + '"',
            "not tag and digest",
            id="two origins",
        ),
        pytest.param('tag = "20250810-9c99cc9"', 'tag = "a b"', "'a b' is not a tag", id="tag"),
        pytest.param('tag = "20250810-9c99cc9"', 'digest = "sha256:1"', "is not a digest", id="digest"),
        pytest.param(
            'organisation = "example"',
            'organisation = "Ex ample"',
            "is not an organisation",
            id="organisation",
        ),
        pytest.param(
            'organisation = "example"', "", "[fleet] organisation: is missing", id="organisation missing"
        ),
        pytest.param(
            'name = "mainpc"',
            'name = "mainpc"\nregistry = "ghcr"',
            "is not a registry's address",
            id="registry",
        ),
        pytest.param(
            'name = "mainpc"', 'name = "mainpc"\nplatform = "amd64"', "is not a platform", id="platform"
        ),
        pytest.param(
            "[fleet]",
            '[root]\nsource = "Bad Ref"\n[fleet]',
            "[root] source: 'Bad Ref' is not an image",
            id="root",
        ),
        pytest.param("ports = [5800]", "ports = [0]", "[images.speech.services.STT] ports[0]: ", id="port 0"),
        pytest.param("ports = [5800]", "ports = [65536]", "ports[0]: ", id="port too high"),
        pytest.param("ports = [5800]", 'ports = ["5800"]', "ports[0]: ", id="port as text"),
        pytest.param("ports = [5800]", "ports = [true]", "ports[0]: ", id="port as truth value"),
        pytest.param(
            "5800 = 15800", "5801 = 15801", "host_port.5801: 5801 is no port of STT", id="host_port of none"
        ),
        pytest.param('"1m30s"', '"soon"', "health.deadline: 'soon' is not a duration", id="duration"),
        pytest.param("port = 6800, ", "", "health: give a port or a script", id="health of nothing"),
        pytest.param(
            "start_period",
            "start_peroid",
            "health.start_peroid: unknown key; did you mean start_period?",
            id="deep key",
        ),
        pytest.param(
            'driver = "535.183.01"',
            'driver = "new"',
            "[targets.pc] driver: 'new' is not a version",
            id="driver",
        ),
        pytest.param(
            'reason = "it needs nothing more"', "", "[acknowledge.1] reason: is missing", id="reason missing"
        ),
        pytest.param(
            'reason = "it needs nothing more"', 'reason = ""', "[acknowledge.1] reason: ", id="reason empty"
        ),
        pytest.param("[targets.pc]", "[target.pc]", "target: unknown key; did you mean targets?", id="table"),
        pytest.param(
            "[images.speech]",
            '[images.speech]\nname = "x"',
            "[images.speech] name: is the table's own",
            id="name",
        ),
        pytest.param("[fleet]", 'filename = "x"\n[fleet]', "filename: unknown key", id="an inner field"),
        pytest.param(
            'context = "speech"',
            'context = "."\nalive_for = 3',
            "alive_for: is for the default command",
            id="default",
        ),
        pytest.param(
            'context = "speech"',
            "build_args = { BASE_IMAGE = 'x' }",
            "BASE_IMAGE is injected",
            id="BASE_IMAGE",
        ),
        pytest.param(
            'context = "speech"',
            'context = "spech"',
            "[images.speech] context: spech is not a directory",
            id="context",
        ),
        pytest.param(
            '"speech/Dockerfile"\ncontext',
            '"speech/Dockerfil"\ncontext',
            "did you mean speech/Dockerfile?",
            id="dockerfile",
        ),
        pytest.param(
            '"speech/Dockerfile"\ncontext',
            '"speech"\ncontext',
            "there is no file speech",
            id="dockerfile is a directory",
        ),
        pytest.param(
            '"speech/Dockerfile"\ncontext', '"../x"\ncontext', "../x leaves the fleet's root", id="dotdot"
        ),
        pytest.param(
            '"speech/Dockerfile"\ncontext',
            '"a/../speech/Dockerfile"\ncontext',
            "leaves the fleet's root",
            id="dotdot within",
        ),
        pytest.param(
            '"speech/Dockerfile"\ncontext', '"/etc/passwd"\ncontext', "/etc/passwd is absolute", id="absolute"
        ),
        pytest.param(
            '"speech/Dockerfile"\ncontext',
            '"link/passwd"\ncontext',
            "out of the fleet's root through a symlink",
            id="link",
        ),
        pytest.param(
            'context = "speech"',
            'context = "link"',
            "out of the fleet's root through a symlink",
            id="context link",
        ),
        pytest.param('context = "speech"', 'context = "loop"', "loop", id="link to itself"),
        pytest.param("[images.lone]", "[images.Lone]", "cannot stand in an image name", id="upper case"),
    ],
)
def test_a_mistake_names_table_key_and_what_would_be_right(write: Write, old: str, new: str, expected: str):
    assert old in SOUND
    root = write(SOUND.replace(old, new, 1))
    (root / "link").symlink_to("/etc")
    (root / "loop").symlink_to("loop")
    found = mistakes(root)
    assert len(found) == 1, found
    assert expected in found[0]


def test_mistakes_of_all_kinds_come_at_once(write: Write):
    text = SOUND.replace('organisation = "example"', 'organisation = "!"').replace(
        '"families/Dockerfile.torch"', '"x"'
    )
    text = text.replace('family = "torch"', 'family = "troch"').replace("port = 6800", "port = 68000")
    text += '\n[images.third]\nfamily = "none"\ndockerfile = "../d"\n'
    found = "\n".join(mistakes(write(text)))
    for part in ("organisation", "there is no file x", "port", "[images.third] family", "../d leaves"):
        assert part in found


def test_a_malformed_family_is_not_also_called_unknown(write: Write):
    assert len(mistakes(write(SOUND.replace('base = "base-gpu"', "base = 3")))) == 1


def test_toml_that_is_none(write: Write):
    assert "is not valid TOML" in mistakes(write("[fleet\n"))[0]


@pytest.mark.parametrize("filename", ["absent.toml", "../fleet.toml", "/etc/hosts", "speech", "latin.toml"])
def test_a_catalog_that_cannot_be_read(write: Write, filename: str):
    root = write(SOUND)
    (root / "latin.toml").write_bytes(b"# \xe9\n")
    with pytest.raises(CatalogError):
        load_catalog(root, filename)


def test_a_catalog_that_is_not_there_is_told_by_the_name_that_was_given(write: Write):
    with pytest.raises(CatalogError, match=r"^absent.toml: there is no such file in the fleet's root\n"):
        load_catalog(write(SOUND), "absent.toml")


def test_a_dockerfile_that_is_not_there_is_looked_for_in_other_folders(write: Write):
    root = write(SOUND)
    (root / "sp").mkdir()
    (root / "sp/Dockerfile").touch()
    text = (root / "fleet.toml").read_text().replace("speech/Dockerfile", "sq/Dockerfile")
    assert "did you mean sp/Dockerfile?" in "\n".join(mistakes(write(text)))


def test_a_catalog_of_another_name(write: Write):
    root = write(SOUND)
    (root / "fleet.toml").rename(root / "other.toml")
    assert load_catalog(root, "other.toml").filename == "other.toml"


SCALARS = st.one_of(st.text(max_size=8), st.integers(-5, 70000), st.booleans(), st.floats(allow_nan=False))
KEYS = [
    "fleet",
    "root",
    "families",
    "images",
    "targets",
    "acknowledge",
    "services",
    "health",
    "name",
    "base",
    "x",
]
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return (
            '"' + "".join(f"\\u{ord(character):04x}" for character in value if ord(character) < 0xD800) + '"'
        )
    return str(value).lower()


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5))
def test_any_catalog_is_loaded_or_refused(tmp_path: Path, data: dict[str, object]):
    (tmp_path / "fleet.toml").write_text("\n".join(f"{key} = {toml(value)}" for key, value in data.items()))
    try:
        load_catalog(tmp_path)
    except CatalogError as error:
        assert "fleet.toml" in str(error)
