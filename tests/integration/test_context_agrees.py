"""What planning says a COPY can read is what BuildKit's COPY brings: asked of a real one."""

import io
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from pipeline.patterns import Ignore
from pipeline.planning.context import open_context
from pipeline.planning.dockerfile import read_dockerfile
from pipeline.planning.dockerignore import read_dockerignore
from pipeline.planning.reads import find_reads
from pipeline.planning.sources import Sources

pytestmark = pytest.mark.integration

FILES = [
    *(
        "a.py",
        "a.pyc",
        "b.md",
        "README.md",
        "src/a.py",
        "src/a.pyc",
        "src/b.md",
        "src/deep/a.py",
        "src/deep/keep.md",
    ),
    *(
        "docs/a.txt",
        "docs/deep/b.txt",
        "tempa",
        "src/tempb",
        "x y.txt",
        "[z].txt",
        ".env",
        "src/.env",
        "build/out",
    ),
]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "link").symlink_to("src/deep")
    (tmp_path / "src/inner").symlink_to("../docs/a.txt")
    return tmp_path


def client_that_builds(host: str) -> list[str]:
    """NB: a client without buildx may stand first on PATH, and cannot build with BuildKit."""
    candidates = [found for path in os.get_exec_path() if (found := shutil.which("docker", path=path))]
    for candidate in candidates:
        probe = subprocess.run(
            [candidate, "--host", host, "build", "-q", "-"],
            input=b"FROM scratch\nLABEL a=1\n",
            env=os.environ | {"DOCKER_BUILDKIT": "1"},
            capture_output=True,
            check=False,
        )
        if probe.returncode == 0:
            return [candidate, "--host", host]
    pytest.fail("no docker client on PATH can build with BuildKit")


def brought_by_buildkit(context: Path, client: list[str]) -> set[str]:
    """Files and links that arrive below /out."""
    command = [*client, "build", "-q", "--no-cache", "-o", "-", str(context)]
    environment = os.environ | {"DOCKER_BUILDKIT": "1"}
    built = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert built.returncode == 0, built.stderr.decode()
    with tarfile.open(fileobj=io.BytesIO(built.stdout)) as archive:
        return {member.name.removeprefix("out/") for member in archive if not member.isdir()}


def told_by_planning(context: Path) -> set[str]:
    dockerfile = read_dockerfile((context / "Dockerfile").read_text())
    opened = open_context(Sources(context), folder=".", dockerfile="Dockerfile")
    reads = find_reads(dockerfile, build_args={}).used[0].context
    return {path for read in reads for path in opened.read(read).files}


@pytest.fixture(scope="module")
def client(docker_host: str) -> list[str]:
    return client_that_builds(docker_host)


@pytest.mark.parametrize(
    "ignore",
    [
        pytest.param("", id="nothing"),
        pytest.param("*.pyc\n*.md\n", id="at the top only"),
        pytest.param("**/*.pyc\n**/.env\n", id="everywhere"),
        pytest.param("*.md\n!README.md\n", id="exception"),
        pytest.param("src\n!src/deep\n", id="a directory but a part of it"),
        pytest.param("*\n!src\nsrc/deep\n!src/deep/keep.md\n", id="all but, but"),
        pytest.param("**\n!docs/**\n", id="double star"),
        pytest.param("*/deep\n*/temp?\ntemp*\n", id="one level down"),
        pytest.param("/docs/\n./build\n../x\n", id="cleaned"),
        pytest.param("# docs\n\n  docs  \n", id="comment and blanks"),
        pytest.param("\\[z\\].txt\nx y.txt\n", id="escaped"),
        pytest.param("[a-b].py\nsrc/[^a]*\n", id="classes"),
        pytest.param("README.md\n!*.md\nb.md\n", id="order"),
        pytest.param("Dockerfile\n.dockerignore\n", id="the files of the build itself"),
        pytest.param("src/**/a.py\n", id="double star within"),
        pytest.param("SRC\nA.PY\n!readme.md\n", id="case matters"),
    ],
)
def test_dockerignore(context: Path, client: list[str], ignore: str):
    (context / ".dockerignore").write_text(ignore)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /out/\n")
    assert told_by_planning(context) == brought_by_buildkit(context, client)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param("COPY src /out/src/", id="directory"),
        pytest.param("COPY src/*.py /out/src/", id="pattern"),
        pytest.param("COPY s?c/*.[mp]* /out/src/", id="pattern of directories"),
        pytest.param('COPY ["x y.txt", "/out/"]', id="json"),
        pytest.param("ARG D=docs\nCOPY ${D}/deep /out/docs/deep/", id="argument"),
        pytest.param("COPY ../../docs/a.txt /out/docs/", id="dotdot"),
        pytest.param("COPY nothing* a.py /out/", id="pattern of nothing"),
    ],
)
def test_sources(context: Path, client: list[str], copy: str):
    (context / "Dockerfile").write_text(f"FROM scratch\n{copy}\n")
    assert told_by_planning(context) == brought_by_buildkit(context, client)


@pytest.mark.parametrize("source", ["link", "link/a.py", "src/inner"])
def test_a_source_that_is_a_link_brings_what_it_leads_to(context: Path, client: list[str], source: str):
    (context / "Dockerfile").write_text(f"FROM scratch\nCOPY {source} /out/\n")
    brought = brought_by_buildkit(context, client)
    assert brought
    assert {Path(path).name for path in told_by_planning(context)} >= {
        Path(path).name for path in brought
    } - {"inner"}


def test_what_cannot_be_read_fails_there_too(context: Path, client: list[str]):
    (context / ".dockerignore").write_text("docs\n")
    for source in ("docs/a.txt", "docs", "absent", "src/absent"):
        (context / "Dockerfile").write_text(f"FROM scratch\nCOPY {source} /out/\n")
        opened = open_context(Sources(context), folder=".", dockerfile="Dockerfile")
        read = (
            find_reads(read_dockerfile((context / "Dockerfile").read_text()), build_args={})
            .used[0]
            .context[0]
        )
        told = opened.read(read)
        assert told.missing or told.ignored
        with pytest.raises(AssertionError):
            brought_by_buildkit(context, client)


def test_the_dockerfiles_own_ignore_file_comes_first(context: Path, client: list[str]):
    (context / ".dockerignore").write_text("src\n")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /out/\n")
    (context / "Dockerfile.dockerignore").write_text("docs\n")
    told = told_by_planning(context)
    assert told == brought_by_buildkit(context, client)
    assert "src/a.py" in told and "docs/a.txt" not in told


PARTS = ["a", "b", "A", "*", "**", "?", "[ab]", "[^a]", "a*", "*.py", "\\a", ".", "a.py", "deep", "[a-", "["]
ENDS = ["", "", "/", "/**", "\r", "  "]
TREE = ["a/a", "a/b", "a/a.py", "a/deep/a", "a/deep/b.py", "b/A", "b/a.py", "A/b", "deep/a/b/a", "a.py", "B"]
TREES = 100


def generated(dice: random.Random, number: int) -> list[str]:
    """Up to five patterns that hold within one tree; those that both refuse are left out."""
    lines: list[str] = []
    for _ in range(dice.randint(1, 5)):
        parts = "/".join(dice.choices(PARTS, k=dice.randint(1, 4)))
        lines.append(f"{dice.choice(['', '', '!'])}t{number}/{parts}{dice.choice(ENDS)}")
    lines = [line for line in lines if not read_dockerignore(line).bad_lines]
    return lines if all(means_the_same(lines, f"t{number}/{path}") for path in TREE) else []


def means_the_same(lines: list[str], path: str) -> bool:
    """Whether the older matcher of Docker 20.10's client decides as the newer one of BuildKit and Dagger.

    The older asks a pattern for the path, and for the parent that is as deep as the pattern: a later !a takes
    back what a/b ignored. And it walks into an ignored directory only for an exception without wildcards.
    """
    newer = read_dockerignore("\n".join(lines))
    steps = path.split("/")
    prefixes = ["/".join(steps[:depth]) for depth in range(1, len(steps))]
    closed = any(older_ignores(newer, each) and not is_opened(newer, each) for each in prefixes)
    return (closed or older_ignores(newer, path)) == newer.is_ignored(path)


def older_ignores(ignore: Ignore, path: str) -> bool:
    parents = path.split("/")[:-1]
    ignored = False
    for pattern in ignore.patterns:
        depth = pattern.text.count("/") + 1
        of_parent = depth <= len(parents) and pattern.matches("/".join(parents[:depth]))
        if of_parent or pattern.matches(path):
            ignored = not pattern.keeps
    return ignored


def is_opened(ignore: Ignore, folder: str) -> bool:
    return any(pattern.keeps and f"{pattern.text}/".startswith(f"{folder}/") for pattern in ignore.patterns)


# NB: every tree has its own patterns, so that one build answers for all of them.
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_generated_patterns(tmp_path: Path, client: list[str], seed: int):
    for path in (f"t{number}/{path}" for number in range(TREES) for path in TREE):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    dice = random.Random(seed)
    lines = [line for number in range(TREES) for line in generated(dice, number)]
    (tmp_path / ".dockerignore").write_text("\n".join(lines))
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /out/\n")
    told = told_by_planning(tmp_path)
    assert told ^ brought_by_buildkit(tmp_path, client) == set()
    assert len(TREE) * TREES / 4 < len(told) < len(TREE) * TREES


@pytest.mark.parametrize("line", ["[a-", "[", "a[", "!", "[]a]", "x\\"])
def test_what_is_refused_is_refused_there(context: Path, client: list[str], line: str):
    assert read_dockerignore(line).bad_lines == (1,)
    (context / ".dockerignore").write_text(f"{line}\n")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /out/\n")
    with pytest.raises(AssertionError):
        brought_by_buildkit(context, client)
