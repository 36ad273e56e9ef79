"""`core` and `depends_on`: who waits for whom, and what nobody could start."""

from typing import Any

import pytest

from pipeline.catalog.links import wrong_links
from pipeline.catalog.model import Catalog, Family, Fleet, Image
from pipeline.catalog.order import dependencies, start_order


def fleet(**services: dict[str, Any]) -> Catalog:
    listed = [{"name": name, **keys} for name, keys in services.items()]
    image = {"name": "i", "family": "f", "dockerfile": "D", "services": listed}
    return Catalog(
        filename="fleet.toml",
        fleet=Fleet(name="n", organisation="o"),
        families={"f": Family(name="f", tag="1")},
        images={"i": Image.model_validate(image)},
    )


def test_all_wait_for_the_core_and_the_core_for_what_it_names() -> None:
    catalog = fleet(
        a={}, b={"core": True, "depends_on": ["c"]}, c={"core": True}, d={"depends_on": ["a", "b"]}
    )
    assert dependencies(catalog) == {"a": ("b", "c"), "b": ("c",), "c": (), "d": ("b", "c", "a")}
    assert start_order(catalog) == ("c", "b", "a", "d")
    assert [*wrong_links(catalog)] == []


def test_without_core_the_catalog_s_order_stays() -> None:
    assert start_order(fleet(b={}, a={}, c={"depends_on": ["a"]})) == ("b", "a", "c")


@pytest.mark.parametrize(
    ("services", "told"),
    [
        ({"a": {"depends_on": ["bb"]}, "b": {}}, "unknown service bb; did you mean b?"),
        ({"a": {"depends_on": ["a"]}}, "a → a"),
        ({"a": {"depends_on": ["b"]}, "b": {"depends_on": ["a"]}}, "in a cycle"),
        ({"a": {"core": True, "depends_on": ["b"]}, "b": {}}, "in a cycle"),
    ],
    ids=["unknown", "itself", "each other", "core for others"],
)
def test_what_could_never_start_is_a_mistake(services: dict[str, Any], told: str) -> None:
    (mistake,) = wrong_links(fleet(**services))
    assert told in str(mistake)
    assert "depends_on" in str(mistake)


@pytest.mark.parametrize("key", ["core", "depends_on"])
def test_where_services_are_listed_the_keys_are_theirs(key: str) -> None:
    catalog = fleet(a={})
    image = catalog.images["i"].model_dump() | {key: True if key == "core" else ["a"]}
    wrong = {
        "i": Image.model_validate(
            {name: image[name] for name in ("name", "family", "dockerfile", "services", key)}
        )
    }
    (mistake,) = wrong_links(catalog.model_copy(update={"images": wrong}))
    assert mistake.hint == f"move {key} to a service"
