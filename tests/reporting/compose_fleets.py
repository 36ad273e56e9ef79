"""Catalogs of a few lines for the tests of Compose files, and what a file says when YAML reads it."""

from typing import Any

from ruamel.yaml import YAML

from pipeline.catalog.model import Catalog, Family, Fleet, Image
from pipeline.catalog.order import all_services
from pipeline.reporting.compose import show_compose

BASE = Family(name="base", dockerfile="Dockerfile", programs=("curl",))


def catalog(*images: dict[str, Any], family: Family = BASE) -> Catalog:
    """A fleet of images, each with what a test is about."""
    whole = {"family": "base", "dockerfile": "Dockerfile"}
    built = [Image.model_validate({**whole, **image}) for image in images]
    return Catalog(
        filename="fleet.toml",
        fleet=Fleet(name="small", organisation="org"),
        families={"base": family},
        images={image.name: image for image in built},
    )


def read(text: str, version: tuple[int, int] = (1, 2)) -> dict[str, Any]:
    reader = YAML(typ="safe", pure=True)
    reader.version = version
    return reader.load(text)


def composed(whole: Catalog, *, gpu: bool = False, image: str = "registry/image:1") -> dict[str, Any]:
    """The services of a fleet's Compose file."""
    images = {service.name: image for _, service in all_services(whole)}
    return read(show_compose(whole, images, remarks=(), gpu=gpu))["services"]


def one(*, family: Family = BASE, gpu: bool = False, **service: Any) -> dict[str, Any]:
    """The Compose file's entry for one listed service."""
    whole = catalog({"name": "a", "services": [{"name": "S", **service}]}, family=family)
    return composed(whole, gpu=gpu)["S"]
