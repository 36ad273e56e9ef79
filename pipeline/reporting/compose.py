"""The fleet as a Compose file (https://github.com/compose-spec/compose-spec/blob/main/spec.md)."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.catalog.model import Catalog, Image
from pipeline.catalog.order import all_services, dependencies, start_order
from pipeline.catalog.platform_choice import platforms_of
from pipeline.catalog.service import Health, Service
from pipeline.errors import CatalogError
from pipeline.reporting.yaml import to_yaml

VARIABLE = "FORCE_IMAGE_TAG"

# Docker's health check of a running service: not the smoke test's, which asks ten times a second.
_INTERVAL, _TIMEOUT, _RETRIES = "5s", "5s", 3
_GPU = {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}


def tag_variable(service: str) -> str:
    """The variable that gives one service another tag: ``FORCE_IMAGE_TAG_<SERVICE>``, in capitals."""
    return f"{VARIABLE}_{re.sub(r'[^A-Z0-9]', '_', service.upper())}"


def switched_image(repository: str, service: str, tag: str = "") -> str:
    """A reference that the environment decides, first for the service, then for the fleet.

    Without a tag to fall back to, Compose refuses the file until one of them is set.
    """
    last = f":-{tag}" if tag else ":?set it to the tag of a release"
    return f"{repository}:${{{tag_variable(service)}:-${{{VARIABLE}{last}}}}}"


def show_compose(catalog: Catalog, images: Mapping[str, str], *, remarks: Sequence[str], gpu: bool) -> str:
    """The whole file.

    Parameters
    ----------
    images:
        Service to its image as it stands in the file, with what Compose is to put in for variables.
    remarks:
        Lines for the head of the file.
    gpu:
        Reserve the GPU for every service, not only for those that the catalog says need one.

    Raises CatalogError where two services would be switched by the same variable.
    """
    _insist_on_distinct_variables(catalog)
    waits, services = dependencies(catalog), dict(_by_name(catalog))
    entries = {
        name: _entry(
            catalog, *services[name], reference=images[name], waits=_conditions(services, waits[name])
        )
        | (_reservation() if gpu or services[name][1].gpu else {})
        for name in start_order(catalog)
    }
    document = {"name": re.sub(r"[^a-z0-9_-]", "-", catalog.fleet.name), "services": entries}
    # NB: a remark may quote a record: with a line break in it, it would be more than a remark.
    return "".join(f"# {' '.join(remark.split())}\n" for remark in remarks) + to_yaml(document)


def _by_name(catalog: Catalog) -> Iterator[tuple[str, tuple[Image, Service]]]:
    for image, service in all_services(catalog):
        yield service.name, (image, service)


def _insist_on_distinct_variables(catalog: Catalog) -> None:
    owners: dict[str, str] = {}
    for _, service in all_services(catalog):
        variable = tag_variable(service.name)
        if variable in owners:
            raise CatalogError(
                f"services {owners[variable]} and {service.name} have the same variable {variable}",
                where=catalog.filename,
                consequence="one could not be switched to a canary without the other",
                next_step="rename one of them",
            )
        owners[variable] = service.name


def _entry(
    catalog: Catalog, image: Image, service: Service, *, reference: str, waits: Mapping[str, Any]
) -> dict[str, Any]:
    """One service. NB: Compose puts in variables everywhere: of all values, only the image may have any."""
    told: dict[str, Any] = {
        "command": list(service.command),
        "platform": _platform(catalog, image),
        "init": image.init,
        "restart": "unless-stopped",
        "environment": _environment(service),
        "ports": [f"{service.outer_port(port)}:{port}" for port in service.inner_ports],
        "stop_grace_period": _grace(service),
        "healthcheck": _healthcheck(service.health, _programs(catalog, image)),
        "depends_on": waits,
    }
    given = {key: value for key, value in told.items() if value not in ({}, [], "")}
    return {"image": reference, **_escaped(given)}


def _platform(catalog: Catalog, image: Image) -> str:
    """NB: an image for several platforms is left to Docker, which takes the one of its machine."""
    platforms = platforms_of(catalog, image.name)
    return platforms[0] if len(platforms) == 1 else ""


def _environment(service: Service) -> dict[str, str]:
    port = {"HEALTH_PORT": str(service.health.port)} if service.health and service.health.port else {}
    return dict(sorted({**service.environment, **port}.items()))


def _conditions(services: Mapping[str, tuple[Image, Service]], names: Sequence[str]) -> dict[str, Any]:
    """What a service waits for: health, where the other one has a health check."""
    conditions = {True: "service_healthy", False: "service_started"}
    return {name: {"condition": conditions[_askable(services[name][1].health)]} for name in names}


def _grace(service: Service) -> str:
    """NB: left out where it is Docker's own ten seconds."""
    return "" if service.stop_time == 10 else f"{service.stop_time:g}s"


def _askable(health: Health | None) -> bool:
    """Whether Docker can ask for it. NB: nothing in a container can read its output."""
    return health is not None and health.probe != "logLine"


def _reservation() -> dict[str, Any]:
    return {"deploy": {"resources": {"reservations": {"devices": [_GPU]}}}}


def _programs(catalog: Catalog, image: Image) -> set[str]:
    """What the image and the families below it promise to have on their PATH."""
    programs, family = set(image.programs), catalog.families.get(image.family)
    while family:
        programs |= {*family.programs}
        family = catalog.families.get(family.base)
    return programs


def _healthcheck(health: Health | None, programs: set[str]) -> dict[str, Any]:
    if health is None or not _askable(health):
        return {}
    return {
        "test": _question(health, programs),
        "interval": _INTERVAL,
        "timeout": _TIMEOUT,
        "retries": _RETRIES,
        "start_period": f"{health.start_period:g}s",
    }


def _question(health: Health, programs: set[str]) -> list[str]:
    """The image's own script, else an HTTP client that the image promises, else whichever it has."""
    if health.probe == "exec":
        return ["CMD-SHELL", health.script]
    if health.probe == "tcpSocket":
        return _connection(health)
    url = f"http://127.0.0.1:{health.port}{health.path}"
    clients = {
        "curl": ["curl", "-fsS", "-m", "5", "-o", "/dev/null", url],
        "wget": ["wget", "-q", "-T", "5", "-O", "/dev/null", url],
        "python3": ["python3", "-c", f"import urllib.request as r; r.urlopen({url!r}, timeout=5)"],
    }
    for name, words in clients.items():
        if name in programs:
            return ["CMD", *words]
    return ["CMD-SHELL", " || ".join([*map(shlex.join, clients.values()), "exit 1"])]


def _connection(health: Health) -> list[str]:
    connect = f"import socket; socket.create_connection(('127.0.0.1', {health.port}), 5)"
    clients = (["python3", "-c", connect], ["bash", "-c", f": <>/dev/tcp/127.0.0.1/{health.port}"])
    return ["CMD-SHELL", " || ".join([*map(shlex.join, clients), "exit 1"])]


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list) else value
