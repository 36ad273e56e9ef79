"""What the environment and docker contexts choose, and whether with TLS."""

import hashlib
import json
import re
import ssl
from pathlib import Path

import pytest

from pipeline.docker_host.chosen import Chosen, chosen_docker, tls_of
from pipeline.errors import EngineError

FAR = "tcp://far:2376"


def environment(tmp_path: Path, endpoint: dict | None = None, **variables: str) -> dict[str, str]:
    """An environment whose docker configuration has a context "far" with this endpoint."""
    written = json.dumps({"Endpoints": {"docker": endpoint or {}}})
    return environment_with(tmp_path, written, **variables)


def environment_with(tmp_path: Path, meta_json: str, **variables: str) -> dict[str, str]:
    """The same; what stands in the context's file is given as it is."""
    digest = hashlib.sha256(b"far").hexdigest()
    (tmp_path / "contexts" / "tls" / digest / "docker").mkdir(parents=True)
    meta = tmp_path / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(meta_json)
    return {"DOCKER_CONFIG": str(tmp_path), **{f"DOCKER_{name}": value for name, value in variables.items()}}


@pytest.mark.parametrize(
    ("variables", "certificates", "verified"),
    [
        ({}, None, False),
        ({"TLS_VERIFY": "1", "CERT_PATH": "/certs"}, Path("/certs"), True),
        ({"TLS_VERIFY": "1"}, Path(), True),
        ({"TLS": "1", "CERT_PATH": "/certs"}, Path("/certs"), False),
        ({"CERT_PATH": "/certs"}, None, False),
        ({"CONTEXT": "far"}, None, False),
    ],
    ids=["plain", "verified", "Docker's own folder", "not verified", "a folder alone", "host before context"],
)
def test_variables(tmp_path: Path, variables: dict, certificates: Path | None, verified: bool) -> None:
    environ = environment(tmp_path, {"Host": "tcp://other:1"}, HOST=FAR, **variables)
    folder = tmp_path if certificates == Path() else certificates
    found = chosen_docker(environ)
    assert found
    assert (found.host, found.certificates) == (FAR, folder)
    assert found.verified == verified or folder is None


@pytest.mark.parametrize("unverified", [True, False])
def test_a_context_has_certificates_of_its_own(tmp_path: Path, unverified: bool) -> None:
    environ = environment(tmp_path, {"Host": FAR, "SkipTLSVerify": unverified}, CONTEXT="far", TLS_VERIFY="1")
    certificates = tmp_path / "contexts" / "tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    assert chosen_docker(environ) == Chosen(host=FAR, certificates=certificates, verified=not unverified)


@pytest.mark.parametrize(
    "meta_json",
    [
        "",
        "no JSON",
        "null",
        "[]",
        "{}",
        '{"Endpoints": null}',
        '{"Endpoints": []}',
        '{"Endpoints": {}}',
        '{"Endpoints": {"docker": null}}',
        '{"Endpoints": {"docker": ["tcp://far:2376"]}}',
        '{"Endpoints": {"docker": {"Host": 3}}}',
        '{"Endpoints": {"docker": {"Host": "tcp://far:2376", "SkipTLSVerify": "no"}}}',
    ],
)
def test_a_context_that_docker_did_not_write_is_refused_as_docker_refuses_it(
    tmp_path: Path, meta_json: str
) -> None:
    environ = environment_with(tmp_path, meta_json, CONTEXT="far")
    with pytest.raises(EngineError) as failed:
        chosen_docker(environ)
    assert re.fullmatch(r'the docker context "far" cannot be used \(.+\)', failed.value.what)
    assert failed.value.where.endswith("meta.json")
    assert "docker context ls" in failed.value.next_step


def test_a_context_that_is_not_there_is_refused(tmp_path: Path) -> None:
    environ = environment(tmp_path, {"Host": FAR}, CONTEXT="gone")
    with pytest.raises(EngineError, match=r'"gone" cannot be used \(No such file or directory\)'):
        chosen_docker(environ)
    assert chosen_docker(environ | {"DOCKER_HOST": FAR}) == Chosen(host=FAR)


@pytest.mark.parametrize("endpoint", [{}, {"Host": ""}], ids=["none", "empty"])
def test_a_context_without_an_address_means_the_default_engine(tmp_path: Path, endpoint: dict) -> None:
    assert chosen_docker(environment(tmp_path, endpoint, CONTEXT="far")) is None


def test_who_is_believed(tmp_path: Path) -> None:
    environ = environment(tmp_path, HOST=FAR, TLS_VERIFY="1")
    checked, believed = (
        tls_of(FAR, environ),
        tls_of(FAR, {**environ, "DOCKER_TLS_VERIFY": "", "DOCKER_TLS": "1"}),
    )
    assert checked
    assert (checked.verify_mode, checked.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert believed
    assert believed.verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize("host", ["tcp://another:2376", "unix:///var/run/docker.sock", "ssh://far"])
def test_certificates_are_for_the_chosen_engine_over_tcp_alone(tmp_path: Path, host: str) -> None:
    assert tls_of(host, environment(tmp_path, HOST=FAR, TLS_VERIFY="1")) is None
    if not host.startswith("tcp://"):
        assert tls_of(host, {"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1"}) is None


@pytest.mark.parametrize("name", ["ca.pem", "cert.pem"])
def test_a_certificate_that_is_none_is_an_error_with_the_folder(tmp_path: Path, name: str) -> None:
    environ = environment(tmp_path, HOST=FAR, TLS_VERIFY="1")
    (tmp_path / name).write_text("no certificate")
    with pytest.raises(EngineError, match="cannot be read") as failed:
        tls_of(FAR, environ)
    assert failed.value.where == str(tmp_path)
    assert "DOCKER_CERT_PATH" in failed.value.next_step
