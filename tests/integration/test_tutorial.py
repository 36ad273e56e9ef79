"""Pages of docs are executed as they stand: files are written, commands run, their output is compared."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import forked
from reading import ROOT, Block, blocks
from real_registry import RealRegistry, running
from tiny_docker import push_copy

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

# In this order, in one directory.
PAGES = "".join(
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("tutorial.md", "own-smoke-test.md")
)
ADDRESS = "127.0.0.1:5050"
# What is there already on the machine of a test; everything else is run.
NOT_RUN = {
    "git clone https://github.com/OWNER/pipeline",
    "make -C pipeline .venv/.local",
    'export PATH="$PWD/pipeline/.venv/bin:$PATH"',
    "pipeline setup --source my-fleet",
}
NO_LAG = " release --settle 0.1 "  # NB: for the page's own 3 s the test would wait 8 s
_FILE = re.compile(r"`([^`]+)`:")
# What differs from run to run: times, sizes, digests, tags.
_CHANGING = [
    (r"\d+(?:\\\.\d+)?\\ (s|MB)", r"[\\d.]+ \1"),
    (r"sha256:[0-9a-f]+", "sha256:[0-9a-f]+"),
    (r"\d{8}\\-[0-9a-f]{7}", r"\\d{8}-[0-9a-f]{7}"),
    (r"after\\ [\d\\.]+", r"after [\\d.]+"),
    (r"…", ".*"),
    (r"(?:\\ )+", r"\\s+"),
]


@pytest.fixture(scope="module")
def registry_of_the_page(
    tmp_path_factory: pytest.TempPathFactory, docker_host: str, base: str
) -> Iterator[RealRegistry]:
    """A registry that has the tutorial's root image: an image with Python stands in for Docker Hub's."""
    with running(tmp_path_factory.mktemp("registry"), basic=False) as registry:
        push_copy(docker_host, base, f"{registry.host}/acme/root-python:3.12-slim")
        yield registry


def pattern(line: str) -> re.Pattern[str]:
    """An output line of the page, with what changes from run to run left open."""
    text = re.escape(line.strip())
    for found, put in _CHANGING:
        text = re.sub(found, put, text)
    return re.compile(text)


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console block, each with the output that the page shows."""
    for part in re.split(r"^\$ ", block.body, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, [line for line in output.splitlines() if line.strip() not in ("", "…")]


def compare(command: str, expected: list[str], printed: str) -> None:
    """Every line that the page shows is printed, in this order."""
    left = iter(printed.splitlines())
    for line in expected:
        wanted = pattern(line)
        assert any(wanted.search(each) for each in left), f"$ {command}\nno line {line!r} in\n{printed}"


def test_the_pages_do_what_they_say(
    tmp_path: Path, docker_host: str, registry_of_the_page: RealRegistry
) -> None:
    host = registry_of_the_page.host
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_")}
    environment |= {"DOCKER_HOST": docker_host, "NO_COLOR": "1", "HOME": str(tmp_path)}
    # NB: `pipeline` is forked, `make` and others are as they are: see calls.py.
    first = (forked("pipeline").parent, Path(sys.executable).parent)
    environment["PATH"] = ":".join([*map(str, first), environment["PATH"]])
    for name in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{name}_NAME": "Test", f"GIT_{name}_EMAIL": "test@example.com"}
    skipped: set[str] = set()
    for block in blocks(PAGES.replace(ADDRESS, host)):
        if match := _FILE.fullmatch(block.before):
            file = tmp_path / match[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.body)
            continue
        assert block.info == "console", block
        for command, expected in commands(block):
            if command in NOT_RUN:
                skipped.add(command)
                continue
            ended = subprocess.run(
                ["bash", "-c", command.replace(" release ", NO_LAG)],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            red = any(line.startswith("Error: ") for line in expected)
            assert (ended.returncode != 0) == red, f"$ {command}\n{ended.stdout}"
            compare(command, expected, ended.stdout)
    assert skipped == NOT_RUN
    assert set(registry_of_the_page.everything("acme")) == {
        "acme/root-python",
        "acme/base",
        "acme/ai_system/hello",
        "acme/ai_system/release",
    }


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("1 image: 2 built; 4.0 s", "1 image: 2 built; 12.3 s", True),
        ("a  b  sha256:12ab", "a b      sha256:ffff", True),
        ("base:20261125-2446a4e@…", "base:20250101-abcdef0@sha256:1", True),
        ("1 image: 2 built; 4.0 s", "1 image: 1 built, 1 reused; 4.0 s", False),
        ("no findings", "2 findings", False),
    ],
)
def test_output_is_compared_but_for_what_changes(shown: str, printed: str, *, fits: bool) -> None:
    assert bool(pattern(shown).search(printed)) == fits
