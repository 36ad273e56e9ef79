"""Which module is meant, and where its default paths lead."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.host.call.locate import locate

CONFIG = {"name": "my-mod", "sdk": {"source": "python"}, "source": "."}
ENTRY = '[project.entry-points."dagger.mod"]\nmain_object = "some.place:Thing"\n'


@pytest.fixture
def mod(tmp_path: Path) -> Path:
    (tmp_path / "mod" / "deep").mkdir(parents=True)
    (tmp_path / "mod" / "dagger.json").write_text(json.dumps(CONFIG))
    return tmp_path / "mod"


def test_the_nearest_module_above_is_meant(mod: Path):
    assert locate(None, start=mod / "deep").folder == mod
    assert locate("mod", start=mod.parent).folder == mod


def test_without_one_it_is_this_project(tmp_path: Path):
    found = locate(None, start=tmp_path)

    assert found.entry == "pipeline.main:Pipeline"
    assert found.default_path("/fleet").name == "fleet"


def test_the_entry_point_is_the_projects_or_the_sdks_default(mod: Path):
    assert locate(None, start=mod).entry == "main:MyMod"
    (mod / "pyproject.toml").write_text(ENTRY)
    assert locate(None, start=mod).entry == "some.place:Thing"


def test_source_is_where_the_project_is(mod: Path):
    (mod / "dagger.json").write_text(json.dumps(CONFIG | {"source": "deep"}))
    (mod / "deep" / "pyproject.toml").write_text(ENTRY)

    assert locate(None, start=mod).source == mod / "deep"
    assert locate(None, start=mod).entry == "some.place:Thing"


@pytest.mark.parametrize(
    ("git", "path", "leads_to"),
    [
        ("none", "/fleet", "mod/fleet"),
        ("folder", "/fleet", "fleet"),
        ("file", "/fleet", "fleet"),
        ("folder", "fleet", "mod/fleet"),
        ("folder", "../other", "other"),
    ],
)
def test_default_paths_stand_on_the_work_tree_or_the_module(mod: Path, git: str, path: str, leads_to: str):
    if git == "folder":
        (mod.parent / ".git").mkdir()
    elif git == "file":
        (mod.parent / ".git").write_text("gitdir: elsewhere")

    assert locate(None, start=mod).default_path(path) == mod.parent / leads_to


@pytest.mark.parametrize("path", ["/..", "../..", "/../../etc", "link"])
def test_default_paths_do_not_leave_the_work_tree(mod: Path, path: str):
    (mod / "link").symlink_to("/etc")

    with pytest.raises(UsageError, match="leaves the module's context"):
        locate(None, start=mod).default_path(path)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (None, "no module here"),
        ("{", "not valid JSON"),
        (json.dumps(CONFIG | {"sdk": {"source": "go"}}), "written for the SDK 'go'"),
        (json.dumps({"name": "x"}), "written for the SDK ''"),
    ],
)
def test_what_is_no_python_module_is_refused(mod: Path, config: str | None, says: str):
    (mod / "dagger.json").unlink()
    if config is not None:
        (mod / "dagger.json").write_text(config)

    with pytest.raises(UsageError) as failure:
        locate(str(mod), start=mod)
    assert says in str(failure.value)
    assert str(mod / "dagger.json") in str(failure.value)


def test_a_broken_pyproject_is_named(mod: Path):
    (mod / "pyproject.toml").write_text("[")

    with pytest.raises(UsageError, match=r"pyproject\.toml: not valid TOML"):
        locate(None, start=mod)
