"""The page's templates are compiled once, and kept where that is possible."""

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from pipeline.reporting.page.show import BesideTheTemplates


def environment(directory: Path) -> Environment:
    cache = BesideTheTemplates(str(directory))
    return Environment(loader=DictLoader({"greeting": "Hello {{ name }}"}), bytecode_cache=cache)


def test_a_compiled_template_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "__pycache__"
    assert environment(kept).get_template("greeting").render(name="you") == "Hello you"
    assert len(list(kept.iterdir())) == 1
    again = environment(kept)
    monkeypatch.setattr(again, "compile", None)
    assert again.get_template("greeting").render(name="you") == "Hello you"


def test_where_nothing_can_be_written_a_template_is_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    place = environment(tmp_path / "file" / "__pycache__")
    assert place.get_template("greeting").render(name="you") == "Hello you"
