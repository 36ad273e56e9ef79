"""Families released by a workflow of their own, images on a pinned one: docs/families.md."""

import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest
from calls import pipeline_call
from real_registry import RealRegistry

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "families.md"
FIRST, SECOND, DAILY = "20250804-1111111", "20250811-2222222", "20250812-3333333"
_FAMILIES = """\
[fleet]
name = "families"
registry = "{registry}"
organisation = "{organisation}"
namespace = "families"
[root]
source = "{base}"
[families.family-tools]
dockerfile = "families/Dockerfile.tools"
programs = ["curl"]
"""
_IMAGES = """\
[fleet]
name = "daily"
registry = "{registry}"
organisation = "{organisation}"
[families.family-tools]
tag = "{tag}"
[families.family-other]
tag = "{tag}"
[images.app]
family = "family-tools"
dockerfile = "app/Dockerfile"
context = "app"
[[images.app.services]]
name = "App"
alive_for = "100ms"
"""
_FAMILY = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY families/week /week\n"
_APP = 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nUSER 10001\nCMD ["sleep", "60"]\n'
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def test_a_family_is_released_weekly_and_images_daily_on_a_pinned_one(
    tmp_path: Path, docker_host: str, registry: str, base: str
):
    organisation = f"rhythm-{secrets.token_hex(4)}"
    where = {"registry": registry, "organisation": organisation, "base": base}
    for name, text in {
        "families.toml": _FAMILIES.format(**where),
        "fleet.toml": _IMAGES.format(tag=FIRST, **where),
        "families/Dockerfile.tools": _FAMILY,
        "families/week": organisation,
        "app/Dockerfile": _APP,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def good(*words: str) -> str:
        environment = {**os.environ, "DOCKER_HOST": docker_host}
        called = pipeline_call("--source", str(tmp_path), *words, environment=environment)
        assert called.exit_code == 0, called.stderr
        return called.stdout

    def weekly(tag: str) -> None:
        commit = tag.partition("-")[2] + "0" * 33
        good("--catalog", "families.toml", "release", "--tag", tag, "--commit", commit, "--settle", "0.05")

    def family(tag: str) -> str:
        path = f"{organisation}/family-tools/manifests/{tag}"
        return RealRegistry(host=registry).get(path, accept=_MANIFEST)[2]["docker-content-digest"]

    weekly(FIRST)
    assert "1 built" in good("build-all", "--candidates")
    # A new week: what is done in the families changes nothing for the images …
    (tmp_path / "families/week").write_text(f"{organisation} again")
    weekly(SECOND)
    assert re.search(r"app +reuse", good("plan"))
    assert family(FIRST) != family(SECOND)
    # … until the pin moves, by the line that the page gives.
    [line] = re.findall(r"^\$ (sed .*)$", PAGE.read_text(), re.M)
    subprocess.run(["bash", "-c", line], check=True, cwd=tmp_path, env={**os.environ, "TAG": SECOND})
    pinned = re.findall(r'^tag = "(.*)"', (tmp_path / "fleet.toml").read_text(), re.M)
    assert pinned == [SECOND, SECOND]
    assert re.search(r"app +build: .*family-tools", good("plan"))
    good("release", "--tag", DAILY, "--commit", "3333333" + "0" * 33, "--settle", "0.05")
    there = RealRegistry(host=registry).everything(organisation)
    released = {
        f"{name.removeprefix(f'{organisation}/')}:{tag}" for name, tags in there.items() for tag in tags
    }
    assert {
        f"family-tools:{FIRST}",
        f"family-tools:{SECOND}",
        f"families/release:{SECOND}",
        f"ai_system/app:{DAILY}",
        f"ai_system/release:{DAILY}",
    } <= released
    assert f"family-tools:{DAILY}" not in released, "a pinned family is not named again"

    # Candidates of next week's family, of which the newest stays, are none of the images' business.
    for change in ("next", "better"):
        (tmp_path / "families/week").write_text(f"{organisation} {change}")
        good("--catalog", "families.toml", "build-all", "--candidates")
    assert "family-tools" not in good("prune", "--dry-run")
    assert "family-tools" in good("--catalog", "families.toml", "prune", "--dry-run")
