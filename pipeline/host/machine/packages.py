"""Installs programs from the distribution's packages: on Debian and Ubuntu, as root."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import EngineError

Say = Callable[[str], None]
POLICY = Path("/usr/sbin/policy-rc.d")
# Where the distribution's daemons are, also for a PATH that lacks it.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
UPDATE_DEADLINE, INSTALL_DEADLINE = 180.0, 600.0


def find_program(name: str) -> str | None:
    """The path of a program, also in the directories of daemons."""
    return shutil.which(name, path=SEARCH_PATH)


def distribution(path: Path = Path("/etc/os-release")) -> Mapping[str, str]:
    """The fields of os-release(5), ``{}`` where there is none."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {key: value.strip("\"'") for key, value in pairs}


def is_debian(fields: Mapping[str, str]) -> bool:
    """Whether os-release tells of Debian, Ubuntu or a descendant."""
    words = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    return bool(words & {"debian", "ubuntu"})


def require_program(name: str, *, package: str, say: Say, otherwise: str) -> str:
    """The path of a program, its package installed if it is absent.

    Raises EngineError, with ``otherwise`` as the next step, where packages cannot be installed.
    """
    found = find_program(name)
    if found:
        return found
    if os.geteuid() != 0 or not is_debian(distribution()) or not find_program("apt-get"):
        raise EngineError(
            f"{name} is not here, and only root on Debian or Ubuntu can have it installed by set-up",
            next_step=otherwise,
        )
    say(f"installing {package} (apt-get)")
    install(package)
    installed = find_program(name)
    if not installed:
        raise EngineError(f"{package} was installed, but has no {name}", next_step=otherwise)
    return installed


def install(package: str) -> None:
    """``apt-get update`` and ``install``; services of the package are not started."""
    with _services_not_started():
        _apt("update", "-qq", deadline=UPDATE_DEADLINE)
        _apt("install", "-y", "-qq", "--no-install-recommends", package, deadline=INSTALL_DEADLINE)


def _apt(*arguments: str, deadline: float) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": SEARCH_PATH}
    # Another apt-get may be at work (unattended upgrades): wait. And do not hang on a dead mirror.
    patience = (
        "-o",
        "DPkg::Lock::Timeout=120",
        "-o",
        "Acquire::Retries=2",
        "-o",
        "Acquire::http::Timeout=30",
    )
    command = ("apt-get", *patience, *arguments)
    try:
        done = subprocess.run(
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=deadline, check=False
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"apt-get {arguments[0]} took longer than {deadline:.0f} s",
            next_step="is there a network? then run it by hand to see where it waits",
        ) from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-6:]
        raise EngineError(
            f"apt-get {arguments[0]} failed (exit {done.returncode}):\n"
            + "\n".join(f"    {x}" for x in last),
            next_step="is there a network, and are the sources in /etc/apt right? then try again",
        )


@contextmanager
def _services_not_started() -> Iterator[None]:
    """Keep a package's own service from starting, by policy-rc.d (invoke-rc.d(8)).

    NB: Debian's docker.io and docker-registry start theirs on the standard socket and port; ours are apart.
    """
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
