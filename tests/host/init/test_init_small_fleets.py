"""`pipeline init` on small directories: what it finds, what it asks for, what it refuses."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import Catalog
from pipeline.host.init.main import main, make_start
from pipeline.host.init.workflow import write_workflow
from pipeline.host.init.write import filled_in_by_hand

BASE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"
FAMILY = "ARG BASE_IMAGE=docker.io/library/debian:12\nFROM ${BASE_IMAGE}\nRUN true\n"
SERVICE = BASE + 'ENV HEALTH_PORT=8080\nEXPOSE 8080\nCMD ["/serve"]\n'


def lay(root: Path, files: dict[str, str]) -> None:
    """Write files below a directory."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def catalog_of(root: Path, files: dict[str, str]) -> tuple[Catalog, list[str]]:
    """What init makes of these files, read by the catalog's own loader, and what it asks for."""
    lay(root, files)
    assert main([str(root), "--no-workflow"]) == 0
    text = (root / "fleet.toml").read_text()
    return load_catalog(root), [what for _, what in filled_in_by_hand(text)]


def image_of(root: Path, dockerfile: str, **others: str):
    """The only image of a fleet of one family and one Dockerfile; its catalog entry."""
    catalog, _ = catalog_of(root, {"f/Dockerfile": FAMILY, "app/Dockerfile": BASE + dockerfile, **others})
    return catalog.images["app"]


@pytest.mark.parametrize(
    ("dockerfile", "kind"),
    [
        ("RUN true\n", "family"),
        ('ENTRYPOINT ["/usr/bin/tini", "--"]\n', "family"),
        ('ENTRYPOINT ["tini", "-g", "--"]\n', "family"),
        ('ENTRYPOINT ["/serve"]\n', "image"),
        ('ENTRYPOINT ["/usr/bin/tini", "--", "/serve"]\n', "image"),
        ("CMD serve\n", "image"),
        ("EXPOSE 80\n", "image"),
        ("HEALTHCHECK CMD true\n", "image"),
    ],
    ids=lambda text: text.strip(),
)
def test_what_can_be_started_is_an_image(tmp_path: Path, dockerfile: str, kind: str):
    lay(tmp_path, {"a/Dockerfile": BASE + dockerfile})
    draft = make_start(tmp_path, workflow=False).draft
    assert [len(draft.families), len(draft.images)] == ([1, 0] if kind == "family" else [0, 1])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("speech/Dockerfile", "speech"),
        ("speech/Containerfile", "speech"),
        ("docker/Dockerfile.speech", "speech"),
        ("docker/speech.Dockerfile", "speech"),
        ("My Speech!/Dockerfile", "my-speech"),
        ("docker/Dockerfile.v1.2", "v1.2"),
    ],
)
def test_an_image_is_called_as_its_path_says(tmp_path: Path, path: str, name: str):
    catalog, _ = catalog_of(tmp_path, {"f/Dockerfile": FAMILY, path: SERVICE})
    assert list(catalog.images) == [name]
    assert catalog.images[name].dockerfile == path


@pytest.mark.parametrize(
    "path",
    ["a/Dockerfile.dockerignore", "a/Dockerfile~", ".git/Dockerfile", "node_modules/x/Dockerfile", "a/notes"],
)
def test_what_is_no_dockerfile_is_left_alone(tmp_path: Path, path: str):
    catalog, _ = catalog_of(tmp_path, {"b/Dockerfile": SERVICE, path: SERVICE})
    assert list(catalog.images) == ["b"]


def test_two_of_one_name_are_told_apart_by_their_folders(tmp_path: Path):
    catalog, _ = catalog_of(tmp_path, {"x/Dockerfile.web": SERVICE, "y/Dockerfile.web": SERVICE})
    assert sorted(catalog.images) == ["x-web", "y-web"]


@pytest.mark.parametrize(
    ("healthcheck", "health"),
    [
        ("HEALTHCHECK CMD curl -f http://localhost:9000/ready || exit 1\n", (9000, "/ready", "")),
        (
            "ENV HEALTH_PORT=8123\nHEALTHCHECK CMD wget -q localhost:${HEALTH_PORT}/health\n",
            (8123, "/health", ""),
        ),
        ('HEALTHCHECK CMD ["/app/check.sh"]\n', (None, "/health", "/app/check.sh")),
        ('ENV HEALTH_PORT=81\nHEALTHCHECK CMD ["/app/check.sh"]\n', (81, "/health", "/app/check.sh")),
        ("ENV HEALTH_PORT=8123\n", (8123, "/health", "")),
        ("ENV HEALTH_PORT=8123\nHEALTHCHECK NONE\n", (8123, "/health", "")),
    ],
)
def test_health_is_what_the_dockerfile_asks(tmp_path: Path, healthcheck: str, health: tuple):
    found = image_of(tmp_path, healthcheck + "CMD serve\n").services[0].health
    assert found is not None
    assert (found.port, found.path, found.script) == health


@pytest.mark.parametrize(
    ("healthcheck", "alive_for"),
    [
        ("", 5.0),
        ("ENV HEALTH_PORT=many\n", 5.0),
        ("HEALTHCHECK NONE\n", 5.0),
        ("HEALTHCHECK CMD pgrep x\n", None),
    ],
    ids=["nothing", "no number", "none", "a command of its own"],
)
def test_without_a_health_port_it_has_to_stay_alive(
    tmp_path: Path, healthcheck: str, alive_for: float | None
):
    service = image_of(tmp_path, healthcheck + "CMD serve\n").services[0]
    assert (service.health, service.alive_for) == (None, alive_for)


def test_the_start_period_is_the_healthchecks(tmp_path: Path):
    health = (
        image_of(tmp_path, "HEALTHCHECK --start-period=1m30s CMD curl localhost:80/\nCMD serve\n")
        .services[0]
        .health
    )
    assert health and (health.start_period, health.deadline) == (90.0, 180.0)


def test_a_port_of_another_image_gets_another_one_on_the_host(tmp_path: Path):
    catalog, _ = catalog_of(tmp_path, {"a/Dockerfile": SERVICE, "b/Dockerfile": SERVICE})
    assert [image.services[0].outer_port(8080) for image in catalog.images.values()] == [8080, 8081]


SUITE = 'EXPOSE 1001 1002 1003 8080\nENV HEALTH_PORT=8080\nCOPY *.py /app/\nCMD ["python3", "/app/one.py"]\n'


def test_a_suites_cmd_gets_the_ports_that_its_file_names(tmp_path: Path):
    files = {"app/one.py": "bind(1001)\n", "app/two.py": "bind(1002)\n"}
    assert image_of(tmp_path, SUITE, **files).services[0].ports == (1001,)
    text = (tmp_path / "fleet.toml").read_text()
    assert '# command = ["python3", "/app/two.py"]\n# ports = [1002]\n' in text
    assert "whose are the ports 1003, which it EXPOSEs?" in text


def test_the_further_services_are_a_catalog_once_they_are_uncommented(tmp_path: Path):
    image_of(tmp_path, SUITE, **{"app/one.py": "1001", "app/two.py": "1002 1003"})
    written = tmp_path / "fleet.toml"
    rows = [
        row.removeprefix("# ") if "fill in" not in row else row for row in written.read_text().splitlines()
    ]
    written.write_text("\n".join(rows[1:]))
    services = load_catalog(tmp_path).images["app"].services
    assert [each.ports for each in services] == [(1001,), (1002, 1003)]
    assert len({each.health.port for each in services if each.health}) == 2


def test_ports_that_no_file_names_are_the_cmds(tmp_path: Path):
    assert image_of(tmp_path, "EXPOSE 1001-1003/tcp 1004/udp 1005-1006/UDP\nCMD serve\n").services[
        0
    ].ports == (
        1001,
        1002,
        1003,
    )


@pytest.mark.parametrize(
    ("copies", "context"),
    [
        ("COPY main.py /\n", "app"),
        ("COPY app/main.py /\n", "."),
        ("COPY . /\n", "app"),
        ("RUN true\n", "app"),
        ("COPY nowhere.py /\n", "app"),
    ],
)
def test_the_context_is_where_what_is_copied_lies(tmp_path: Path, copies: str, context: str):
    assert image_of(tmp_path, copies + "CMD serve\n", **{"app/main.py": ""}).context == context


@pytest.mark.parametrize("base", ["gcr.io/distroless/static:nonroot", "mcr.microsoft.com/dotnet/runtime:8.0"])
def test_a_base_that_everybody_stands_on_names_neither_registry_nor_organisation(
    tmp_path: Path, base: str
) -> None:
    catalog, blanks = catalog_of(tmp_path, {"app/Dockerfile": f"FROM {base}\nHEALTHCHECK CMD x\nCMD serve\n"})
    assert (catalog.fleet.registry, catalog.fleet.organisation) == ("ghcr.io", "your-org")
    assert any("OWNER" in each for each in blanks)


def test_a_default_of_base_image_names_family_registry_and_organisation(tmp_path: Path):
    default = BASE.replace("BASE_IMAGE\n", "BASE_IMAGE=quay.io/acme/torch-cu121:20250810-9c99cc9\n", 1)
    catalog, blanks = catalog_of(tmp_path, {"app/Dockerfile": default + "HEALTHCHECK CMD x\nCMD serve\n"})
    assert (catalog.fleet.registry, catalog.fleet.organisation) == ("quay.io", "acme")
    assert catalog.families["torch-cu121"].tag == "20250810-9c99cc9"
    assert catalog.images["app"].family == "torch-cu121"
    assert blanks == []


def test_a_default_that_is_a_family_of_this_fleet_gives_it_its_name(tmp_path: Path):
    default = BASE.replace("BASE_IMAGE\n", "BASE_IMAGE=ghcr.io/acme/family-torch:1\n", 1)
    files = {
        "families/Dockerfile.torch": FAMILY,
        "app/Dockerfile": default + "HEALTHCHECK CMD x\nCMD serve\n",
    }
    catalog, blanks = catalog_of(tmp_path, files)
    assert list(catalog.families) == ["family-torch"]
    assert catalog.root.source == "docker.io/library/debian:12"
    assert blanks == ["fleet: where images are pushed to: the OWNER of ghcr.io/OWNER/…"]


def test_an_image_that_is_not_ours_has_to_be_pushed(tmp_path: Path):
    catalog, blanks = catalog_of(
        tmp_path, {"app/Dockerfile": "FROM python:3.12\nHEALTHCHECK CMD x\nCMD serve\n"}
    )
    assert catalog.families["python"].tag == "3.12"
    assert "push docker.io/library/python:3.12 there" in blanks[1]


def test_lint_says_what_is_to_be_changed_in_the_dockerfiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    catalog_of(tmp_path, {"app/Dockerfile": "FROM python:3.12\nCMD serve\n"})
    assert (
        "  app/Dockerfile:1  there is no ARG BASE_IMAGE; put ARG BASE_IMAGE above" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a/readme": ""}, "there is no Dockerfile below it"),
        ({"a/Dockerfile": SERVICE, "fleet.toml": "mine"}, "fleet.toml is there already"),
        ({"a/Dockerfile": SERVICE, ".github/workflows/fleet.yml": "mine"}, "fleet.yml is there already"),
    ],
    ids=["no Dockerfile", "a catalog", "a workflow"],
)
def test_nothing_is_overwritten(
    tmp_path: Path, files: dict[str, str], says: str, capsys: pytest.CaptureFixture[str]
):
    lay(tmp_path, files)
    before = sorted(tmp_path.rglob("*"))
    assert main([str(tmp_path)]) == 2
    assert says in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
    assert all((tmp_path / path).read_text() == text for path, text in files.items())


def test_a_directory_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main([str(tmp_path / "nope")]) == 2
    assert "there is no such directory" in capsys.readouterr().err


def test_in_a_repository_the_workflow_stands_at_its_top_and_github_names_the_owner(tmp_path: Path):
    lay(tmp_path, {"images/app/Dockerfile": SERVICE})
    for words in (["init", "-q"], ["remote", "add", "origin", "git@github.com:Acme/Fleet.git"]):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    assert main([str(tmp_path / "images")]) == 0
    assert "          source: images\n" in (tmp_path / ".github" / "workflows" / "fleet.yml").read_text()
    fleet = load_catalog(tmp_path / "images").fleet
    assert (fleet.organisation, fleet.source_url) == ("acme", "https://github.com/Acme/Fleet")


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    """The workflow in a repository of its own."""
    path = tmp_path / ".github" / "workflows" / "fleet.yml"
    lay(tmp_path, {str(path.relative_to(tmp_path)): write_workflow(source="fleet", action="")})
    return path


@pytest.mark.parametrize(
    "command",
    [
        lambda path: ["actionlint", path],
        lambda path: ["zizmor", "--offline", "--quiet", path],
        lambda path: ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", path],
    ],
    ids=["actionlint", "zizmor", "check-jsonschema"],
)
def test_the_workflow_is_sound(workflow: Path, command: Callable[[Path], list]):
    words = command(workflow)
    program = Path(sys.executable).with_name(words[0])
    ended = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_workflow_pins_the_actions_that_our_own_pins(workflow: Path):
    own = "\n".join(
        path.read_text() for path in (Path(__file__).parents[3] / ".github" / "workflows").glob("*.yml")
    )
    uses = [row.strip().removeprefix("- ") for row in workflow.read_text().splitlines() if "uses: " in row]
    assert [each for each in uses if each not in own] == [uses[-1]]
    assert uses[-1].startswith("uses: OWNER/pipeline@0000000")


def test_the_workflow_gives_the_action_inputs_that_it_has(workflow: Path):
    action = YAML(typ="safe").load(Path(__file__).parents[3] / "action.yml")
    step = YAML(typ="safe").load(workflow)["jobs"]["fleet"]["steps"][-1]
    assert {*step["with"]} <= {*action["inputs"]}


@pytest.mark.parametrize(
    ("event", "same", "arguments", "flags"),
    [
        ("pull_request", "true", [], ["--scratch-registry", "ghcr.io/acme/scratch"]),
        ("pull_request", "false", [], []),
        (
            "push",
            "false",
            ["--tag", "20250810-{commit:.7}", "--commit", "{commit}", "--commit-date", "20250810"],
            [],
        ),
    ],
    ids=["own pull request", "a fork's", "main"],
)
def test_the_workflow_says_what_is_to_be_done(
    tmp_path: Path, workflow: Path, event: str, same: str, arguments: list[str], flags: list[str]
):
    step = YAML(typ="safe").load(workflow)["jobs"]["fleet"]["steps"][1]
    environment = os.environ | {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_REPOSITORY_OWNER": "Acme",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "SAME_REPOSITORY": same,
        "GIT_COMMITTER_DATE": "2025-08-10T23:30:00-0000",
    }
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *words]
        subprocess.run(git, cwd=tmp_path, env=environment, check=True)
    subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]], cwd=tmp_path, env=environment, check=True
    )
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    said = [word.format(commit=head.stdout.strip()) for word in arguments]
    wanted = ["arguments<<END", *said, "END", "flags<<END", *flags, "END"]
    assert (tmp_path / "output").read_text().splitlines() == wanted


ROWS = """\
FROM
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
FROM a:1 AS b
FROM b
EXPOSE 80 443 ${P}
EXPOSE 0 70000 65535
CMD
CMD ["a", "b.py"]
ENTRYPOINT
HEALTHCHECK
HEALTHCHECK NONE
HEALTHCHECK --start-period=x CMD a
HEALTHCHECK CMD ["
HEALTHCHECK CMD curl localhost:99999/
ENV HEALTH_PORT=0
COPY . .
COPY b.py /
# a: on b
ARG BASE_IMAGE=é"x
ONBUILD COPY . /
LABEL a="\x7f"
""".splitlines()
words = st.sampled_from(ROWS)
texts = st.lists(words, max_size=8).map("\n".join)


@settings(max_examples=30)
@given(dockerfiles=st.dictionaries(st.sampled_from(["a", "b", "c.d", "é"]), texts, min_size=1))
def test_any_dockerfiles_give_a_catalog_that_loads(
    tmp_path_factory: pytest.TempPathFactory, dockerfiles: dict[str, str]
):
    root = tmp_path_factory.mktemp("any")
    lay(root, {f"{name}/Dockerfile": text for name, text in dockerfiles.items()} | {"b/b.py": "80"})
    code = main([str(root), "--no-workflow"])
    assert code == (0 if (root / "fleet.toml").exists() else 2)
    if code == 0:
        catalog = load_catalog(root)
        assert catalog.images or catalog.families
    else:
        assert not any(row.startswith("FROM") for text in dockerfiles.values() for row in text.splitlines())
