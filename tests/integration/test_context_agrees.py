"""What planning says a COPY can read is what BuildKit's COPY brings: asked of a real one."""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from pipeline.planning.context import open_context
from pipeline.planning.dockerfile import read_dockerfile
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
