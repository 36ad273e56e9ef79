"""Preflight as text."""

from datetime import UTC, datetime

from pipeline.reporting.preflight import Package, Preflight, show_preflight

NOW = datetime(2025, 8, 14, 12, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32


def package(name: str, **seen: str | int) -> Package:
    return Package.model_validate(
        {"kind": "image", "name": name, "repository": f"ghcr.io/org/{name}", **seen}
    )


def test_a_table_the_rest_and_the_findings() -> None:
    there = {"state": "present", "push": "yes", "public": "no", "digest": DIGEST, "size": 474_000_000}
    packages = (
        package("torch", **there, created="2025-08-10T12:00:00Z", source="https://github.com/org/repo"),
        package("hours", **there, created="2025-08-14T07:00:00.123456789Z"),
        package("reproducible", **there, created="1970-01-01T00:00:00Z", tag="20250812-9c99cc9"),
        package("candidate", **there, created="1970-01-01T00:00:00Z", tag="key-ab"),
        package("absent", state="absent", push="yes"),
        package("hidden", push="no"),
    )
    seen = Preflight(
        fleet="mainpc", registry="ghcr.io", packages=packages, seen={"clock": "0 s away", "disk": "ok"}
    )
    assert (
        show_preflight(seen, "no findings\n", now=NOW)
        == """\
preflight: mainpc on ghcr.io

PACKAGE       STATE    PUSH  PUBLIC  LINKED TO                    NEWEST               SIZE    AGE
torch         present  yes   no      https://github.com/org/repo  sha256:abababababab  474 MB  4 d
hours         present  yes   no      -                            sha256:abababababab  474 MB  5 h
reproducible  present  yes   no      -                            sha256:abababababab  474 MB  2 d
candidate     present  yes   no      -                            sha256:abababababab  474 MB  -
absent        absent   yes   -       -                            -                    -       -
hidden        unknown  no    -       -                            -                    -       -

clock: 0 s away
disk: ok

no findings
"""
    )
