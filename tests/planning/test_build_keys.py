"""A build key changes with everything that a build depends on, and with nothing else."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_fleet import DIGEST, EXTERNAL, FILES, keys_of, survey_of, write_fleet

from pipeline.errors import CatalogError
from pipeline.planning.inputs import build_keys
from pipeline.planning.reasons import changed
from pipeline.planning.sources import Sources
from pipeline.planning.units import Inherited

FLEET = Path(__file__).parents[2] / "fleet"
Change = Callable[[Path], object]
ALL = {"base", "torch", "vision", "speech", "seeing"}


def edit(path: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new))

    return change


def write(path: str, text: str = "other") -> Change:
    return lambda root: write_fleet(root, {path: text})


def hexes(root: Path, digests: Mapping[str, str] = EXTERNAL) -> dict[str, str]:
    return {name: key.hex for name, key in keys_of(root, digests).items()}


def touched(root: Path, change: Change) -> tuple[set[str], dict[str, str]]:
    before = keys_of(root)
    change(root)
    after = keys_of(root)
    names = {name for name in after if before[name].hex != after[name].hex}
    return names, {name: changed(before[name].inputs, after[name].inputs) for name in names}


@pytest.mark.parametrize(
    ("change", "names", "reason"),
    [
        pytest.param(write("speech/src/main.py"), {"speech"}, "speech/src/main.py changed", id="content"),
        pytest.param(write("speech/src/new.py"), {"speech"}, "speech/src/new.py added", id="another file"),
        pytest.param(
            lambda root: (root / "speech/src/main.py").unlink(),
            {"speech"},
            "speech/src/main.py removed",
            id="a file less",
        ),
        pytest.param(
            lambda root: (root / "speech/src/main.py").rename(root / "speech/src/m.py"),
            {"speech"},
            "speech/src/m.py added (+1 more)",
            id="renamed",
        ),
        pytest.param(
            lambda root: (root / "speech/src/main.py").chmod(0o755),
            {"speech"},
            "speech/src/main.py changed",
            id="mode",
        ),
        pytest.param(
            lambda root: (root / "speech/src/link").symlink_to("main.py"),
            {"speech"},
            "speech/src/link added",
            id="link",
        ),
        pytest.param(
            write("speech/src/keep.pyc"),
            {"speech"},
            "speech/src/keep.pyc changed",
            id="excepted from ignoring",
        ),
        pytest.param(
            edit("speech/.dockerignore", "**/*.pyc\n", ""),
            {"speech"},
            "speech/src/main.pyc added",
            id="no longer ignored",
        ),
        pytest.param(
            write("speech/wheels/a.whl"),
            {"speech"},
            "speech/wheels/a.whl changed",
            id="a pattern in another stage",
        ),
        pytest.param(
            write("speech/extra/data.txt"), {"speech"}, "speech/extra/data.txt changed", id="bind mount"
        ),
        pytest.param(
            write("speech/onbuild.txt"), {"speech"}, "speech/onbuild.txt changed", id="ONBUILD of the base"
        ),
        pytest.param(
            edit("speech/Dockerfile", "/app", "/srv"),
            {"speech"},
            "speech/Dockerfile changed",
            id="Dockerfile",
        ),
        pytest.param(
            edit("families/vision", "FROM", "# hm\nFROM"),
            {"vision", "seeing"},
            "families/vision changed",
            id="family",
        ),
        pytest.param(edit("families/base", "true", "false"), ALL, "families/base changed", id="first family"),
        pytest.param(
            edit("fleet.toml", "[images.speech]", "[images.speech]\ntarget = '1'"),
            {"speech"},
            "another target",
            id="target",
        ),
        pytest.param(
            edit("fleet.toml", '"plain"', '"hot"'),
            {"speech"},
            "build argument FLAVOUR changed",
            id="argument",
        ),
        pytest.param(
            edit("fleet.toml", "FLAVOUR", "TASTE"),
            {"speech"},
            "build argument FLAVOUR removed",
            id="its name",
        ),
        pytest.param(
            edit("fleet.toml", "[fleet]", "[fleet]\nepoch = 1"), ALL, "epoch raised", id="epoch of the fleet"
        ),
        pytest.param(
            edit("fleet.toml", "[families.vision]", "[families.vision]\nepoch = 1"),
            {"vision", "seeing"},
            "epoch",
            id="epoch",
        ),
        pytest.param(
            edit("fleet.toml", "[fleet]", '[fleet]\nplatform = "linux/arm64"'),
            ALL,
            "another platform",
            id="platform",
        ),
        pytest.param(
            edit("fleet.toml", "example.org/fleet", "example.org/f"),
            ALL,
            "label org.opencontainers.image.source",
            id="label",
        ),
        pytest.param(
            edit("fleet.toml", 'family = "vision"', 'family = "torch"'),
            {"seeing"},
            "label org",
            id="another family",
        ),
    ],
)
def test_what_changes_a_key(fleet: Path, change: Change, names: set[str], reason: str):
    found, reasons = touched(fleet, change)
    assert found == names
    if len(names) < len(ALL):
        owner = "vision" if "vision" in names else next(iter(names))
        assert reasons[owner].startswith(reason)
    else:
        assert any(each.startswith(reason) for each in reasons.values())


def reorder(root: Path) -> None:
    text = (root / "fleet.toml").read_text()
    head, seeing = text.split("[images.seeing]")
    fleet, rest = head.split("[families.base]")
    (root / "fleet.toml").write_text(f"{fleet}[images.seeing]{seeing}\n[families.base]{rest}")


def other_times(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (1, 1))


def other_owner(root: Path) -> None:
    """NB: only root may give files away; for others nothing changes, and the rest of the table holds."""
    for path in root.rglob("*"):
        os.lchown(path, 4711 if os.geteuid() == 0 else -1, -1)


def other_order(root: Path) -> None:
    """The same files, written in another order."""
    files = {path: (path.read_bytes(), path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    for path in files:
        path.unlink()
    for path, (content, mode) in reversed(files.items()):
        path.write_bytes(content)
        path.chmod(mode)


def other_modes(root: Path) -> None:
    """As a clone under umask 077 has them: lint says so, the key does not depend on it."""
    for path in root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(write("speech/unrelated.txt"), id="a file that nothing copies"),
        pytest.param(write("README.md"), id="a new one"),
        pytest.param(write("speech/wheels/notes.txt"), id="a file beside a pattern"),
        pytest.param(write("speech/src/main.pyc"), id="an ignored file"),
        pytest.param(
            write("speech/.dockerignore", "# hello\n**/*.pyc\n!src/keep.pyc\nnothing\n"),
            id="ignoring the same",
        ),
        pytest.param(other_times, id="times"),
        pytest.param(other_modes, id="umask"),
        pytest.param(other_owner, id="owner"),
        pytest.param(other_order, id="order of the files"),
        pytest.param(reorder, id="order of the catalog"),
        pytest.param(edit("fleet.toml", "port = 6800", "port = 6900"), id="health port"),
        pytest.param(edit("fleet.toml", "ports = [5800]", "ports = [5801]"), id="ports"),
        pytest.param(
            edit("fleet.toml", "alive_for = 5", 'command = ["x"]\nalive_for = 6'), id="a service's test"
        ),
        pytest.param(edit("fleet.toml", '"libx.so.1"', '"liby.so.1"'), id="promised libraries"),
        pytest.param(edit("fleet.toml", 'name = "mainpc"', 'name = "other"'), id="name of the fleet"),
        pytest.param(write(".git/HEAD", "ref"), id="the commit"),
    ],
)
def test_what_changes_no_key(fleet: Path, change: Change):
    assert touched(fleet, change)[0] == set()


_READ = sorted(path for path in FILES if path.startswith("speech/") and "ocker" not in path)


@settings(max_examples=40)
@given(path=st.sampled_from(_READ), content=st.binary(max_size=40), mode=st.sampled_from([0o644, 0o755]))
def test_any_byte_and_any_mode_of_what_is_read_counts_and_of_nothing_else(
    fleet: Path, path: str, content: bytes, mode: int
):
    write_fleet(fleet)
    before = keys_of(fleet)["speech"]
    (fleet / path).write_bytes(content)
    (fleet / path).chmod(mode)
    after = keys_of(fleet)["speech"]
    is_other = content != FILES[path].encode() or mode != 0o644
    assert (before.hex != after.hex) == (is_other and f"file:{path}" in before.inputs)


@pytest.mark.parametrize("umask", [0o022, 0o077], ids=["022", "077"])
def test_a_clone_has_the_keys_of_the_reference_fleet_under_any_umask(tmp_path: Path, umask: int):
    """As git checks the files out, in a process with that umask."""
    shutil.copytree(FLEET, tmp_path / "fleet", ignore=shutil.ignore_patterns("__pycache__"))
    script = f"""
        git init -q . && git add fleet && git -c user.name=t -c user.email=t@example.org commit -qm fleet
        umask {umask:03o} && git clone -q . clone
    """
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True)
    clone = tmp_path / "clone/fleet"
    assert bool((clone / "fleet.toml").stat().st_mode & 0o044) == (umask == 0o022)
    assert _all_keys(clone) == _all_keys(FLEET)


def _all_keys(root: Path) -> dict[str, str]:
    """Of the reference fleet, whose bases and other stages stand for themselves."""
    found = survey_of(root)
    places = [*(str(base.reference) for base in found.published), *found.external]
    keys = build_keys(found, Sources(root), dict.fromkeys(places, DIGEST))
    return {name: key.hex for name, key in keys.items()}


@pytest.mark.parametrize(
    ("reference", "names", "reason"),
    [
        ("docker.io/library/python:3.11", {"speech"}, "docker.io/library/python:3.11 has other content"),
        ("ghcr.io/tools/uv:1", {"speech"}, "ghcr.io/tools/uv:1 has other content"),
        ("https://example.org/model.bin", {"speech"}, "https://example.org/model.bin has other content"),
        ("ghcr.io/org/root-cu121:12.1.1", ALL, "base root-cu121 has another digest"),
    ],
)
def test_what_stands_outside_changes_a_key(fleet: Path, reference: str, names: set[str], reason: str):
    before, after = keys_of(fleet), keys_of(fleet, {**EXTERNAL, reference: "sha256:" + "9" * 64})
    moved = {name for name in before if before[name].hex != after[name].hex}
    assert moved == names
    first = "base" if "base" in moved else "speech"
    assert changed(before[first].inputs, after[first].inputs) == reason


COPIES = {"torch": Inherited(onbuild=("COPY unrelated.txt /x",))}


def test_what_the_onbuild_of_a_published_family_reads_is_in_the_key(fleet: Path):
    edit("fleet.toml", 'dockerfile = "families/torch"\nbase = "base"', 'tag = "1"')(fleet)
    digests = {**EXTERNAL, "ghcr.io/org/torch:1": "sha256:" + "5" * 64}
    plain = keys_of(fleet, digests)
    triggered = keys_of(fleet, digests, inherited=COPIES)
    assert {*triggered["speech"].inputs} - {*plain["speech"].inputs} == {"file:speech/unrelated.txt"}
    (fleet / "speech/unrelated.txt").write_text("edited")
    assert keys_of(fleet, digests)["speech"] == plain["speech"]
    assert keys_of(fleet, digests, inherited=COPIES) != triggered


def test_the_key_is_the_same_in_another_place_and_for_another_registry(tmp_path: Path):
    here, there = write_fleet(tmp_path / "a"), write_fleet(tmp_path / "b/c")
    assert hexes(here) == hexes(there)


def test_a_published_family_counts_with_its_digest(fleet: Path):
    edit("fleet.toml", 'dockerfile = "families/torch"\nbase = "base"', 'tag = "1"')(fleet)
    assert "ghcr.io/org/torch:1" in [str(base.reference) for base in survey_of(fleet).published]
    one = hexes(fleet, {**EXTERNAL, "ghcr.io/org/torch:1": "sha256:" + "5" * 64})
    two = hexes(fleet, {**EXTERNAL, "ghcr.io/org/torch:1": "sha256:" + "6" * 64})
    assert {name for name in one if one[name] != two[name]} == {"vision", "speech", "seeing"}


def test_a_family_given_by_digest_needs_no_resolving(fleet: Path):
    digest = "sha256:" + "7" * 64
    edit("fleet.toml", 'dockerfile = "families/torch"\nbase = "base"', f'digest = "{digest}"')(fleet)
    assert keys_of(fleet)["speech"].inputs["parent:torch"] == digest


@pytest.mark.parametrize("reference", ["docker.io/library/python:3.11", "ghcr.io/org/root-cu121:12.1.1"])
def test_a_digest_that_is_not_known_is_an_error(fleet: Path, reference: str):
    with pytest.raises(CatalogError, match="its digest is not known") as caught:
        keys_of(fleet, {name: digest for name, digest in EXTERNAL.items() if name != reference})
    assert caught.value.where == reference


def test_inputs_are_told_relative_to_the_fleet(fleet: Path):
    inputs = keys_of(fleet)["speech"].inputs
    assert sorted(key for key in inputs if key.startswith("file:")) == [
        *("file:speech/extra/data.txt", "file:speech/onbuild.txt", "file:speech/src/keep.pyc"),
        *("file:speech/src/main.py", "file:speech/wheels/a.whl"),
    ]
    assert set(FILES) >= {key.removeprefix("file:") for key in inputs if key.startswith("file:")}
