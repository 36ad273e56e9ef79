"""What preflight's answers mean: for every finding a fleet that has it, and one that has not."""

from collections.abc import Mapping

import pytest

from pipeline.catalog.model import Catalog, Family, Fleet
from pipeline.checks import preflight as checks
from pipeline.checks.proxies import proxy_findings, proxy_of
from pipeline.reporting.model import Finding
from pipeline.reporting.preflight import Disk, Package

URL = "https://github.com/org/repo"


def package(name: str = "speech", host: str = "ghcr.io", **seen: str) -> Package:
    facts = {"kind": "image", "name": name, "repository": f"{host}/org/{name}", "push": "yes"}
    return Package.model_validate(facts | seen)


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    assert all(finding.message and finding.consequence and finding.fix for finding in findings)
    return [(finding.rule, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    ("push", "expected"),
    [
        pytest.param("yes", [], id="may"),
        pytest.param("", [], id="is not pushed"),
        pytest.param("no", [("push-right", "error")], id="may not"),
        pytest.param("unknown", [("push-right", "warning")], id="unknown"),
    ],
)
def test_the_right_to_push(push: str, expected: list[tuple[str, str]]) -> None:
    found = list(
        checks.push_findings([package(push=push, push_because="403", push_step="sign in"), package("b")])
    )
    assert rules(found) == expected


def test_many_refusals_are_one_finding() -> None:
    refused = [package(f"p{n}", push="no", push_because="403 denied", push_step="link it") for n in range(12)]
    (found,) = checks.push_findings(refused)
    assert found.message == "these credentials may not push to p0, p1, p2, p3 and 8 more: 403 denied"
    assert found.fix == "link it"


def test_packages_of_which_nothing_is_known() -> None:
    unknown = [package(f"p{n}", state_because=f"403 (scope p{n})") for n in range(2)]
    (found,) = checks.state_findings([*unknown, package("b", state="present")])
    assert rules([found]) == [("package-state", "note")]
    assert found.message == "the registry does not tell of p0, p1: 403 (scope p0)"
    assert list(checks.state_findings([package(state="absent"), package("b", state="present")])) == []


@pytest.mark.parametrize(
    ("source", "source_url", "host", "expected"),
    [
        pytest.param(URL, URL, "ghcr.io", [], id="linked"),
        pytest.param("", URL, "ghcr.io", [], id="no image there"),
        pytest.param(
            "https://github.com/org/old", URL, "ghcr.io", [("package-link", "warning")], id="elsewhere"
        ),
        pytest.param("", "", "ghcr.io", [("package-link", "note")], id="no source_url on GHCR"),
        pytest.param("", "", "localhost:5000", [], id="no source_url where nothing is linked"),
    ],
)
def test_the_link_to_a_repository(
    source: str, source_url: str, host: str, expected: list[tuple[str, str]]
) -> None:
    assert rules(list(checks.link_findings([package(host=host, source=source)], source_url))) == expected


@pytest.mark.parametrize(
    ("public", "visibility", "expected"),
    [
        pytest.param("yes", "private", [("package-visibility", "error")], id="public, meant private"),
        pytest.param("no", "public", [("package-visibility", "warning")], id="private, meant public"),
        pytest.param("yes", "public", [], id="public as meant"),
        pytest.param("no", "private", [], id="private as meant"),
        pytest.param("yes", "", [], id="nothing meant"),
        pytest.param("unknown", "private", [], id="unknown"),
        pytest.param("", "public", [], id="nothing there"),
    ],
)
def test_who_may_pull(public: str, visibility: str, expected: list[tuple[str, str]]) -> None:
    assert rules(list(checks.visibility_findings([package(public=public)], visibility))) == expected


@pytest.mark.parametrize(
    ("skew", "told"),
    [
        pytest.param(None, "", id="no date"),
        pytest.param(0.7, "", id="the same"),
        pytest.param(-29.0, "", id="within a header's doubts"),
        pytest.param(600.0, "600 s ahead of the registry's", id="ahead"),
        pytest.param(-3600.0, "3600 s behind the registry's", id="behind"),
    ],
)
def test_the_clock(skew: float | None, told: str) -> None:
    found = list(checks.clock_findings(skew, "ghcr.io"))
    assert rules(found) == ([("clock", "warning")] if told else [])
    assert all(told in finding.message for finding in found)


@pytest.mark.parametrize(
    ("environment", "host", "proxy"),
    [
        pytest.param({}, "ghcr.io", "", id="none"),
        pytest.param({"HTTPS_PROXY": "http://p:3128"}, "ghcr.io", "http://p:3128", id="upper case"),
        pytest.param(
            {"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2"}, "ghcr.io", "http://p:1", id="both"
        ),
        pytest.param({"ALL_PROXY": "socks5://p:1"}, "ghcr.io", "socks5://p:1", id="for all"),
        pytest.param({"HTTP_PROXY": "http://p:3128"}, "ghcr.io", "", id="for HTTP only"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, "localhost:5000", "", id="loopback by name"),
        pytest.param({"HTTPS_PROXY": "http://p:1"}, "127.0.0.1:5050", "", id="loopback"),
        pytest.param({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a, ghcr.io"}, "ghcr.io", "", id="excepted"),
        pytest.param({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".io"}, "ghcr.io", "", id="its domain is"),
        pytest.param({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "ghcr.io", "", id="everything is"),
        pytest.param(
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "xghcr.io"}, "ghcr.io", "http://p:1", id="another"
        ),
        pytest.param(
            {"HTTPS_PROXY": "http://me:secret@p:1"},
            "ghcr.io",
            "http://***@p:1",
            id="its password is not shown",
        ),
        pytest.param(
            {"HTTPS_PROXY": "me:se/cret@p:1"}, "ghcr.io", "***@p:1", id="not even of half an address"
        ),
    ],
)
def test_the_proxy(environment: Mapping[str, str], host: str, proxy: str) -> None:
    assert proxy_of(environment, host) == proxy


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        pytest.param({}, 0, id="none"),
        pytest.param({"HTTPS_PROXY": "http://p:3128"}, 0, id="one"),
        pytest.param({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://p:1"}, 0, id="twice the same"),
        pytest.param({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, 1, id="two that differ"),
        pytest.param({"NO_PROXY": "a", "no_proxy": "b"}, 1, id="two exceptions that differ"),
        pytest.param({"HTTPS_PROXY": "proxy.example:3128"}, 1, id="no scheme"),
        pytest.param({"HTTPS_PROXY": "ftp://p:1"}, 1, id="a scheme that is no proxy's"),
        pytest.param(
            {"HTTPS_PROXY": "nonsense", "NO_PROXY": "ghcr.io"}, 0, id="wrong, but not for this registry"
        ),
    ],
)
def test_proxy_variables(environment: Mapping[str, str], count: int) -> None:
    assert rules(list(proxy_findings(environment, "ghcr.io"))) == [("proxy", "warning")] * count


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        pytest.param(Disk(free=10, needed=10), [], id="enough"),
        pytest.param(Disk(free=9, needed=10), [("disk", "error")], id="too little"),
        pytest.param(Disk(free=0, needed=10), [("disk", "error")], id="full"),
        pytest.param(Disk(free=-1, needed=10), [("disk", "note")], id="unknown"),
        pytest.param(Disk(free=-1, needed=0), [], id="nothing needed"),
    ],
)
def test_the_disk(disk: Disk, expected: list[tuple[str, str]]) -> None:
    assert rules(list(checks.disk_findings(disk))) == expected


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        pytest.param("", [], id="no GPU"),
        pytest.param("535.183.01", [], id="new enough"),
        pytest.param("470.223.02", [("host-driver", "warning")], id="too old"),
    ],
)
def test_the_driver_of_this_machine(driver: str, expected: list[tuple[str, str]]) -> None:
    families = {"torch": Family(name="torch", tag="1", cuda="12.1"), "plain": Family(name="plain", tag="1")}
    fleet = Fleet(name="pc", organisation="org")
    catalog = Catalog(fleet=fleet, families=families, filename="fleet.toml")
    assert rules(list(checks.host_driver_findings(catalog, driver))) == expected


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        pytest.param(
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n"
            "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n",
            "535.183.01",
            id="the proprietary module",
        ),
        pytest.param(
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build  (root@x)\n",
            "570.124.06",
            id="the open one",
        ),
        pytest.param("", "", id="no such file"),
        pytest.param("GCC version:  gcc version 12.2.0 (Debian)\n", "", id="something else"),
    ],
)
def test_the_version_in_proc(text: str, driver: str) -> None:
    assert checks.driver_in(text) == driver
