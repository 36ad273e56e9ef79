"""A docker-registry process of the test's own, and raw reads that know nothing of our client."""

import base64
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import free_port

from pipeline.host.machine.processes import COLLECTING

USER, SECRET = "robot", "correct horse"
# bcrypt of SECRET at its lowest cost: the registry takes no other kind.
_HTPASSWD = f"{USER}:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e\n"
_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: {quiet}}}}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: {deletes}}}
http: {{addr: "{host}"}}
"""
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_BASIC = "auth: {{htpasswd: {{realm: tests, path: {path}}}}}\n"


@dataclass(frozen=True, kw_only=True)
class RealRegistry:
    """Where it listens, and who may use it."""

    host: str
    username: str = ""
    token: str = ""

    def get(self, path: str, *, accept: str = "*/*") -> tuple[int, bytes, dict[str, str]]:
        """A raw read, as curl would do it: status, body, headers in lower case."""
        request = urllib.request.Request(f"http://{self.host}/v2/{path}", headers={"Accept": accept})
        if self.username:
            pair = base64.b64encode(f"{self.username}:{self.token}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read(), {k.lower(): v for k, v in refused.headers.items()}

    def name(self, repository: str, digest: str, tag: str) -> None:
        """Give a manifest that is there a tag, as somebody else would."""
        accept = ", ".join(_MANIFESTS)
        _, body, headers = self.get(f"{repository}/manifests/{digest}", accept=accept)
        url = f"http://{self.host}/v2/{repository}/manifests/{tag}"
        sent = urllib.request.Request(url, body, {"Content-Type": headers["content-type"]}, method="PUT")
        urllib.request.urlopen(sent, timeout=120).close()

    def tags(self, repository: str) -> dict[str, str]:
        """Each tag with the digest that the registry has for it."""
        status, body, _ = self.get(f"{repository}/tags/list")
        names = json.loads(body).get("tags") or [] if status == 200 else []
        accept = ", ".join(f"application/vnd.oci.image.{kind}.v1+json" for kind in ("manifest", "index"))
        found = {name: self.get(f"{repository}/manifests/{name}", accept=accept) for name in names}
        return {name: headers["docker-content-digest"] for name, (_, _, headers) in found.items()}

    def everything(self, organisation: str) -> dict[str, dict[str, str]]:
        """All tags of all repositories of an organisation: to show that nothing was touched."""
        names = json.loads(self.get(f"_catalog?n=100&last={organisation}")[1])["repositories"]
        return {name: self.tags(name) for name in names if name.startswith(f"{organisation}/")}


@contextmanager
def running(
    directory: Path, *, basic: bool, deletes: bool = False, access_log: bool = False, host: str = ""
) -> Iterator[RealRegistry]:
    """A registry on a free loopback port, with or without Basic authentication, until the block ends.

    ``host``: where the one listened that was there before, on the same directory.
    ``deletes``: whether it deletes manifests; otherwise it answers 405, as GHCR does. ``access_log``: whether
    ``directory/log`` gets a line for each request.
    """
    host = host or f"127.0.0.1:{free_port()}"
    switches = {"deletes": str(deletes).lower(), "quiet": str(not access_log).lower()}
    config = _CONFIG.format(root=directory / "storage", host=host, **switches)
    if basic:
        (directory / "htpasswd").write_text(_HTPASSWD)
        config += _BASIC.format(path=directory / "htpasswd")
    with served(config, directory, host):
        yield RealRegistry(host=host, username=USER if basic else "", token=SECRET if basic else "")


@contextmanager
def served(configuration: str, directory: Path, host: str) -> Iterator[None]:
    """docker-registry with a configuration that has it listen at ``host``, until the block ends."""
    program = shutil.which("docker-registry")
    assert program, "docker-registry is not installed (Debian: apt-get install docker-registry)"
    (directory / "config.yml").write_text(configuration)
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(directory / "config.yml")],
            env=os.environ | COLLECTING,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(process, host, directory / "log")
        yield
    finally:
        process.terminate()
        process.wait(timeout=120)


def _wait(process: subprocess.Popen[bytes], host: str, log: Path) -> None:
    name, _, port = host.partition(":")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, f"docker-registry ended:\n{log.read_text()}"
        try:
            socket.create_connection((name, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"docker-registry does not listen:\n{log.read_text()}")
