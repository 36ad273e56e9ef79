"""A small root file system of the host's own distribution, from the host's own package sources."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import EngineError
from pipeline.host.machine.certificates import OWN, own_certificates
from pipeline.host.machine.packages import Say, distribution, require_program

DEADLINE = 600.0
ORIGINS = ("Debian", "Ubuntu")
_TARGET_FORMAT = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
# How the host reaches its mirrors, and whether it believes their dates.
_APT_SETTINGS = ("Acquire::http", "Acquire::https", "Acquire::Check-Valid-Until", "Acquire::Check-Date")
_OTHERWISE = (
    "make the image that [root] source names reachable, "
    "or push one yourself under the name of the root image (see docs/set-up.md)"
)


def bootstrap(tar: Path, *, say: Say) -> None:
    """Write a root file system with ca-certificates and the host's own CA certificates as a tar."""
    program = require_program("mmdebstrap", package="mmdebstrap", say=say, otherwise=_OTHERWISE)
    codename = distribution().get("VERSION_CODENAME", "")
    if not codename:
        raise EngineError("this distribution has no code name", where="/etc/os-release", next_step=_OTHERWISE)
    say(f"bootstrapping {codename} (mmdebstrap)")
    with tempfile.TemporaryDirectory(prefix="pipeline-root-") as directory:
        sources = Path(directory) / "sources.list"
        sources.write_text("\n".join(host_sources()) + "\n")
        _run([program, *_options(), codename, str(tar), str(sources)], deadline=DEADLINE)


def host_sources() -> tuple[str, ...]:
    """The host's sources of its own distribution in the one-line form of sources.list(5).

    NB: sources of others (a vendor's repository) are left out: their keys are not in the new root.
    """
    sources = parse_targets(_targets())
    if not sources:
        # The lists of a fresh machine are empty, and apt-get then knows of no origin.
        _run(["apt-get", "update", "-qq"], deadline=180)
        sources = parse_targets(_targets())
    if not sources:
        raise EngineError(
            "the host's package sources name no distribution", where="/etc/apt", next_step=_OTHERWISE
        )
    return sources


def _targets() -> str:
    command = ["apt-get", "indextargets", "--format", _TARGET_FORMAT, "Created-By: Packages"]
    return _run(command, deadline=60)


def parse_targets(text: str) -> tuple[str, ...]:
    """Lines of `apt-get indextargets` as lines of a sources.list, those of the distribution only."""
    components: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        origin, uri, release, component = line.split("|")
        found = components.setdefault((uri, release), [])
        if origin in ORIGINS and component not in found:
            found.append(component)
    return tuple(
        f"deb {uri} {release} {' '.join(found)}" for (uri, release), found in components.items() if found
    )


def _options() -> Iterable[str]:
    yield from ("--variant=minbase", "--format=tar", "--include=ca-certificates", "--quiet")
    for setting in _apt_settings():
        yield f"--aptopt={setting}"
    certificates = own_certificates()
    if certificates:
        yield f'--customize-hook=mkdir -p "$1{OWN}"'
        yield f"--customize-hook=copy-in {' '.join(map(str, certificates))} {OWN}"
        yield '--customize-hook=chroot "$1" update-ca-certificates'


def _apt_settings() -> tuple[str, ...]:
    """The host's proxies and leniency towards dates, as lines of an apt.conf(5)."""
    dump = _run(["apt-config", "dump", "--format", '%f "%v";%n', *_APT_SETTINGS], deadline=30)
    return tuple(line for line in dump.splitlines() if not line.endswith(' "";'))


def _run(command: list[str], *, deadline: float) -> str:
    environ: Mapping[str, str] = {**os.environ, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "0"}
    if not shutil.which(command[0]):
        raise EngineError(f"{command[0]} is not here", next_step=_OTHERWISE)
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"{Path(command[0]).name} took longer than {deadline:.0f} s", next_step="is there a network?"
        ) from None
    if done.returncode != 0:
        last = "\n".join(f"    {line}" for line in done.stderr.strip().splitlines()[-8:])
        raise EngineError(
            f"{Path(command[0]).name} failed (exit {done.returncode}):\n{last}",
            next_step=f"is there a network? Otherwise {_OTHERWISE}",
        )
    return done.stdout
