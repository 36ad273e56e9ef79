"""The rules of .gitignore files, compared with git itself."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.local.engine.gitignore import ignored


def by_git(folder: Path, texts: dict[str, str], paths: list[str]) -> set[str]:
    """Which of these files git ignores."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for where, text in texts.items():
        (folder / where).mkdir(parents=True, exist_ok=True)
        (folder / where / ".gitignore").write_text(text)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    command = ["git", "-C", str(folder), "check-ignore", "--no-index", "--stdin", "-z"]
    done = subprocess.run(command, input="\0".join(paths).encode(), capture_output=True, check=False)
    return {item for item in done.stdout.decode().split("\0") if item}


def by_us(texts: dict[str, str], paths: list[str]) -> set[str]:
    """The same, as a walk does it: nothing below an ignored directory is looked at again."""
    rule = ignored(texts)

    def hidden(path: str) -> bool:
        parts = path.split("/")
        above = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return any(rule(directory, True) for directory in above) or rule(path, False)

    return {path for path in paths if hidden(path)}


PATHS = [
    "a.log",
    "keep.log",
    "d/a.log",
    "d/e/f.txt",
    "build/x",
    "d/build/y",
    "src/build",
    "#hash",
    "s p",
    "!bang",
]
CASES = {
    "by name": {"": "*.log\n"},
    "turned round": {"": "*.log\n!keep.log\n"},
    "anchored": {"": "/a.log\n"},
    "directories only": {"": "build/\n"},
    "with a slash it is anchored": {"": "d/build\n"},
    "deep": {"": "**/f.txt\n"},
    "all below": {"": "d/**\n"},
    "in between": {"": "d/**/f.txt\n"},
    "nested file": {"": "*.log\n", "d": "!a.log\n"},
    "nested and anchored": {"d": "/build\n"},
    "a parent cannot be undone": {"": "d/\n!d/a.log\n"},
    "comments and blanks": {"": "# *.log\n\n   \n\\#hash\n"},
    "an escaped bang": {"": "\\!bang\n"},
    "trailing blanks": {"": "a.log   \n"},
    "everything but": {"": "/*\n!/d\n"},
}


@pytest.mark.parametrize("texts", CASES.values(), ids=CASES)
def test_it_is_as_git_has_it(tmp_path: Path, texts: dict[str, str]) -> None:
    assert by_us(texts, PATHS) == by_git(tmp_path, texts, PATHS)


lines = st.lists(
    st.sampled_from(
        [
            "*.log",
            "!*.log",
            "d",
            "d/",
            "/d",
            "!d/a.log",
            "build",
            "**/build",
            "d/**",
            "a*",
            "e/f.txt",
            "?.log",
        ]
    ),
    max_size=4,
).map("\n".join)


@settings(max_examples=25)
@given(top=lines, below=lines)
def test_in_any_mixture(tmp_path_factory: pytest.TempPathFactory, top: str, below: str) -> None:
    texts = {"": top, "d": below}
    assert by_us(texts, PATHS) == by_git(tmp_path_factory.mktemp("git"), texts, PATHS)
