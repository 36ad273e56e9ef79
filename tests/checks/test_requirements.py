"""Requirements, on pip's command line and in files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.checks.facts.pip import pip_arguments
from pipeline.checks.facts.requirements import Requirement, normal_name, read_requirement, requirement_rows


@pytest.mark.parametrize(
    ("text", "name", "version", "extras"),
    [
        ("torch", "torch", "", ""),
        ("Torch_Vision==0.16.0+cu121", "torch-vision", "0.16.0+cu121", ""),
        ("a===1.0", "a", "1.0", ""),
        ("a>=1,<2", "a", "", ""),
        ("a==1.*", "a", "", ""),
        ("a==1.0,!=1.1", "a", "", ""),
        ("psycopg[binary, pool] == 3.1 ; python_version > '3.8'", "psycopg", "3.1", "binary, pool"),
        ("a @ https://x.org/a-2.0-py3-none-any.whl", "a", "2.0", ""),
        ("a @ https://x.org/a.tar.gz", "a", "", ""),
        ("https://x.org/torch-2.1.0%2Bcu118-cp311-cp311-linux_x86_64.whl", "torch", "2.1.0+cu118", ""),
        ("./wheels/my_tool-1.2.3-py3-none-any.whl", "my-tool", "1.2.3", ""),
        ("a==1.0 ; platform_system == '$X'", "a", "1.0", ""),
    ],
)
def test_read(text: str, name: str, version: str, extras: str):
    assert read_requirement(text) == Requirement(name=name, version=version, extras=extras)


@pytest.mark.parametrize(
    "text", ["", "-e .", "--no-deps", "torch==$VERSION", "a b", "git+https://x.org/a", "=1"]
)
def test_none(text: str):
    assert read_requirement(text) is None


@pytest.mark.parametrize("name", ["a-b", "A_B", "a.b", "a-_.b"])
def test_names_are_compared_as_indexes_do(name: str):
    assert normal_name(name) == "a-b"


def test_rows():
    text = "# c\na==1 \\\n  --hash=sha256:0 \\\n  --hash=sha256:1\n\nb # c\nc#d\n  -r x.txt\nlast \\"
    assert list(requirement_rows(text)) == [(2, "a==1"), (6, "b"), (7, "c#d"), (8, "-r x.txt"), (9, "last")]


@given(st.text(alphabet="ab=<>~!,;@[]()$#\\ \n-.1", max_size=80))
def test_any_text_ends_in_rows(text: str):
    for line, row in requirement_rows(text):
        assert line >= 1 and row == row.strip()
        read_requirement(row)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("pip install a b", "a b"),
        ("pip3.11 --no-cache-dir install a", "a"),
        ("/opt/venv/bin/python -m pip install -r x", "-r x"),
        ("uv pip install --system a", "--system a"),
        ("uv add a", "a"),
        ("pip wheel a", "a"),
        ("pip uninstall a", ""),
        ("pip --version", ""),
        ("python -m venv install", ""),
        ("apt-get install pip", ""),
        ("pip", ""),
    ],
)
def test_arguments_of_pip(command: str, arguments: str):
    assert " ".join(pip_arguments(tuple(command.split()))) == arguments
