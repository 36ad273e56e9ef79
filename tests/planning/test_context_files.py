from pathlib import Path

import pytest

from pipeline.planning.context import SourceReading, context_files, open_context
from pipeline.planning.reads import ContextRead
from pipeline.planning.sources import Sources

FILES = [
    "Dockerfile",
    "app/main.py",
    "app/lib/util.py",
    "app/lib/util.pyc",
    "docs/a.md",
    "docs/b.txt",
    "x[1].txt",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in FILES:
        (tmp_path / "ctx" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ctx" / path).write_text(path)
    (tmp_path / "outside.txt").write_text("outside")
    (tmp_path / "ctx/empty").mkdir()
    return tmp_path


def reading(root: Path, path: str, *, folder: str = "ctx") -> SourceReading:
    context = open_context(Sources(root), folder=folder, dockerfile=f"{folder}/Dockerfile")
    return context.read(ContextRead(path, 1, "COPY"))


def names(root: Path, path: str) -> list[str]:
    return sorted(file.removeprefix("ctx/") for file in reading(root, path).files)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("app/main.py", ["app/main.py"]),
        ("./app//main.py", ["app/main.py"]),
        ("/app/main.py", ["app/main.py"]),
        ("../../app/main.py", ["app/main.py"]),
        ("app", ["app/lib/util.py", "app/lib/util.pyc", "app/main.py"]),
        ("app/", ["app/lib/util.py", "app/lib/util.pyc", "app/main.py"]),
        ("app/*", ["app/lib/util.py", "app/lib/util.pyc", "app/main.py"]),
        ("*/*.py", ["app/main.py"]),
        ("app/*/*.py", ["app/lib/util.py"]),
        ("docs/[a]*", ["docs/a.md"]),
        ("docs/[^a]*", ["docs/b.txt"]),
        ("docs/?.md", ["docs/a.md"]),
        ("x[[]1].txt", ["x[1].txt"]),
        ("nothing*", []),
        (".", sorted(FILES)),
        ("", sorted(FILES)),
    ],
)
def test_sources(root: Path, source: str, expected: list[str]):
    result = reading(root, source)
    assert names(root, source) == expected
    assert not result.missing and not result.ignored


@pytest.mark.parametrize(
    "source", ["absent", "app/absent.py", "app/main.py/x", "docs/../absent", "outside.txt"]
)
def test_sources_that_are_not_there(root: Path, source: str):
    assert reading(root, source).missing


def test_an_empty_directory_is_there(root: Path):
    result = reading(root, "empty")
    assert (result.files, result.missing, result.ignored) == ((), False, False)


def test_dockerignore_applies(root: Path):
    (root / "ctx/.dockerignore").write_text("**/*.pyc\ndocs\n!docs/b.txt\nx*\n")
    assert names(root, "app") == ["app/lib/util.py", "app/main.py"]
    assert names(root, "docs") == ["docs/b.txt"]
    assert reading(root, "docs/a.md").ignored
    assert not reading(root, "docs").ignored
    assert names(root, "x*") == []


def test_the_dockerfiles_own_dockerignore_comes_first(root: Path):
    (root / "ctx/.dockerignore").write_text("app\n")
    assert reading(root, "app").ignored
    (root / "ctx/Dockerfile.dockerignore").write_text("docs\n")
    assert names(root, "app/main.py") == ["app/main.py"]
    assert reading(root, "docs").ignored


def test_links_are_followed_as_a_source_and_kept_below_one(root: Path):
    (root / "ctx/link").symlink_to("app")
    (root / "ctx/app/inner").symlink_to("../docs")
    assert names(root, "link") == ["app/inner", "app/lib/util.py", "app/lib/util.pyc", "app/main.py", "link"]
    assert names(root, "link/main.py") == ["app/main.py", "link"]
    assert "docs/a.md" not in names(root, "app")


def test_links_never_lead_out_of_the_context(root: Path):
    (root / "ctx/up").symlink_to("../outside.txt")
    (root / "ctx/absolute").symlink_to(f"{root}/outside.txt")
    (root / "ctx/loop").symlink_to("loop")
    for source in ("up", "absolute", "loop", "loop/x"):
        assert reading(root, source).missing
        assert "outside.txt" not in "".join(reading(root, source).files)


def test_an_absolute_link_begins_at_the_context(root: Path):
    (root / "ctx/absolute").symlink_to("/docs/a.md")
    assert names(root, "absolute") == ["absolute", "docs/a.md"]


def test_modes_are_those_that_git_knows(root: Path):
    modes = {"app/main.py": 0o600, "docs/a.md": 0o755, "docs/b.txt": 0o711, "app/lib/util.py": 0o655}
    for path, mode in modes.items():
        (root / "ctx" / path).chmod(mode)
    (root / "ctx/link").symlink_to("app/main.py")
    found = context_files(Sources(root), [f"ctx/{path}" for path in (*modes, "link")])
    assert {file.path.removeprefix("ctx/"): file.mode for file in found} == {
        "app/main.py": "644",
        "docs/a.md": "755",
        "docs/b.txt": "755",
        "app/lib/util.py": "644",
        "link": "symlink",
    }
    assert next(file.digest for file in found if file.mode == "symlink") == "app/main.py"


@pytest.mark.parametrize(
    ("path", "mode", "private"),
    [
        pytest.param("app/main.py", 0o640, ["ctx/app/main.py"], id="file"),
        pytest.param("app/main.py", 0o644, [], id="readable"),
        pytest.param("app/lib", 0o750, ["ctx/app/lib"], id="directory"),
        pytest.param("app/lib", 0o754, ["ctx/app/lib"], id="directory that cannot be entered"),
        pytest.param("app", 0o700, [], id="the source itself: its mode does not arrive"),
        pytest.param("docs/a.md", 0o600, [], id="not copied"),
    ],
)
def test_what_others_cannot_read(root: Path, path: str, mode: int, private: list[str]):
    for each in (root / "ctx").rglob("*"):
        each.chmod(0o755 if each.is_dir() else 0o644)
    (root / "ctx" / path).chmod(mode)
    assert list(reading(root, "app").private) == private


def test_the_root_as_context(root: Path):
    assert reading(root, "ctx/docs", folder=".").files == ("ctx/docs/a.md", "ctx/docs/b.txt")
