"""What a Compose file says of a service: the catalog's words, nothing added by Compose's own variables."""

from pathlib import Path
from typing import Any

import pytest
from compose_fleets import BASE, catalog, composed, one, read

from pipeline.catalog.load import load_catalog
from pipeline.catalog.order import all_services
from pipeline.catalog.references import Names
from pipeline.errors import CatalogError
from pipeline.reporting.compose import show_compose, switched_image, tag_variable

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden/compose.yaml"
URL = "http://127.0.0.1:80/health"


def test_the_reference_fleet_is_the_golden_file() -> None:
    fleet = load_catalog(ROOT / "fleet")
    names = Names(registry="ghcr.io", organisation="example", namespace="ai_system")
    images = {
        service.name: switched_image(names.image(image.name), service.name, "20250810-9c99cc9")
        for image, service in all_services(fleet)
    }
    assert show_compose(fleet, images, remarks=["golden"], gpu=False) == GOLDEN.read_text()


def test_every_service_of_the_reference_fleet_is_there_once_with_ports_of_its_own() -> None:
    services = read(GOLDEN.read_text())["services"]
    assert len(services) == 18 + 2  # and two images whose default command is the service
    published = [port.partition(":")[0] for entry in services.values() for port in entry["ports"]]
    assert len(published) == len(set(published)) == 40
    assert services["AffectiveProcessingCenter"]["ports"] == ["5591:5591", "5706:5706", "8009:8008"]
    assert services["coordination"]["environment"] == {"HEALTH_PORT": "6830"}
    assert all(entry["healthcheck"]["test"] for entry in services.values())
    core = {"ModelOpsCoordinator", "coordination"}
    assert [*services][:2] == sorted(core)
    healthy = {"condition": "service_healthy"}
    for name, entry in services.items():
        assert entry.get("depends_on") == (None if name in core else dict.fromkeys(sorted(core), healthy))


def test_arguments_are_kept_exactly_and_dollars_are_not_variables() -> None:
    words = ("sh", "-c", 'echo "$HOME" $$ ${A:-b}', "", "--x=a b", "ä\n", "no")
    entry = one(command=words, environment={"A": "$B", "N": "8080"})
    assert entry["command"] == [word.replace("$", "$$") for word in words]
    assert entry["environment"] == {"A": "$$B", "N": "8080"}


@pytest.mark.parametrize(
    ("platforms", "told"),
    [
        pytest.param((), "linux/amd64", id="the fleet's"),
        pytest.param(("linux/arm64",), "linux/arm64", id="its own"),
        pytest.param(("linux/amd64", "linux/arm64"), None, id="several: the one of Docker's machine"),
    ],
)
def test_one_platform_is_named(platforms: tuple[str, ...], told: str | None) -> None:
    whole = catalog({"name": "a"})
    images = {name: image.model_copy(update={"platforms": platforms}) for name, image in whole.images.items()}
    assert composed(whole.model_copy(update={"images": images}))["a"].get("platform") == told


def test_the_image_s_own_command_is_not_replaced() -> None:
    assert "command" not in one()


def test_the_reference_keeps_its_variables() -> None:
    reference = switched_image("ghcr.io/org/x", "S", "1")
    entry = composed(catalog({"name": "a"}), image=reference)["a"]
    assert entry["image"] == "ghcr.io/org/x:${FORCE_IMAGE_TAG_S:-${FORCE_IMAGE_TAG:-1}}"


def test_without_a_tag_the_variable_must_be_set() -> None:
    assert switched_image("x", "S") == (
        "x:${FORCE_IMAGE_TAG_S:-${FORCE_IMAGE_TAG:?set it to the tag of a release}}"
    )


@pytest.mark.parametrize(
    ("service", "variable"),
    [("STTService", "FORCE_IMAGE_TAG_STTSERVICE"), ("a.b-c", "FORCE_IMAGE_TAG_A_B_C")],
)
def test_the_variable_of_a_service(service: str, variable: str) -> None:
    assert tag_variable(service) == variable


@pytest.mark.parametrize("other", ["a-b", "A.B"])
def test_two_services_with_one_variable_are_refused(other: str) -> None:
    whole = catalog({"name": "x", "services": [{"name": "a_b"}, {"name": other}]})
    with pytest.raises(CatalogError, match=f"a_b and {other} have the same variable FORCE_IMAGE_TAG_A_B"):
        composed(whole)


@pytest.mark.parametrize(
    ("programs", "health", "test"),
    [
        pytest.param(
            ["curl", "wget"], {"port": 80}, ["CMD", "curl", "-fsS", "-m", "5", "-o", "/dev/null", URL]
        ),
        pytest.param(["wget"], {"port": 80}, ["CMD", "wget", "-q", "-T", "5", "-O", "/dev/null", URL]),
        pytest.param(
            ["python3"],
            {"port": 80},
            ["CMD", "python3", "-c", f"import urllib.request as r; r.urlopen('{URL}', timeout=5)"],
        ),
        pytest.param(["curl"], {"port": 80, "script": "/ok.sh $X"}, ["CMD-SHELL", "/ok.sh $$X"]),
    ],
    ids=["curl", "wget", "python3", "script"],
)
def test_health_is_asked_for_with_what_the_image_has(
    programs: list[str], health: dict[str, Any], test: list[str]
) -> None:
    family = BASE.model_copy(update={"programs": tuple(programs)})
    assert one(family=family, health=health)["healthcheck"]["test"] == test


def test_where_nothing_is_promised_every_client_is_tried() -> None:
    family = BASE.model_copy(update={"programs": ()})
    kind, line = one(family=family, health={"port": 80, "path": "/h?a=1&b=2"})["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    assert line.endswith(" || exit 1")
    assert line.count(" 'http://127.0.0.1:80/h?a=1&b=2'") == 2


def test_without_health_the_image_s_own_check_stays() -> None:
    assert "healthcheck" not in one(alive_for=1)
    assert "HEALTH_PORT" not in one(environment={"A": "1"})["environment"]


def test_the_grace_of_a_start() -> None:
    assert one(health={"port": 80, "start_period": "1m"})["healthcheck"]["start_period"] == "60s"


@pytest.mark.parametrize(("wanted", "told", "reserved"), [(0, 0, 0), (1, 0, 1), (0, 1, 1)])
def test_the_gpu_is_reserved_where_it_is_needed_or_asked_for(wanted: int, told: int, reserved: int) -> None:
    entry = one(gpu=bool(told)) if not wanted else composed(_with_gpu())["S"]
    assert ("deploy" in entry) == bool(reserved)
    if reserved:
        (device,) = entry["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}


def _with_gpu() -> Any:
    return catalog({"name": "a", "services": [{"name": "S", "gpu": True}]})


@pytest.mark.parametrize("init", [True, False])
def test_an_image_with_an_init_of_its_own_keeps_pid_1(init: bool) -> None:
    assert composed(catalog({"name": "a", "init": init}))["a"]["init"] is init


def test_only_health_can_be_waited_for_where_there_is_a_check() -> None:
    alive = {"name": "alive", "core": True}
    healthy = {"name": "healthy", "core": True, "health": {"port": 80}}
    last = {"name": "last", "depends_on": ["first"]}
    entries = composed(catalog(last, {"name": "first"}, alive, healthy))
    assert entries["last"]["depends_on"] == {
        "alive": {"condition": "service_started"},
        "healthy": {"condition": "service_healthy"},
        "first": {"condition": "service_started"},
    }
    assert [*entries] == ["alive", "healthy", "first", "last"]


def test_a_remark_cannot_end_its_line() -> None:
    text = show_compose(catalog({"name": "a"}), {"a": "i"}, remarks=["commit x\nservices: {}"], gpu=False)
    assert text.splitlines()[:2] == ["# commit x services: {}", "name: small"]
