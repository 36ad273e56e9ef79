"""The host's own CA certificates, as files for a root image.

They only ever go into a root image for a registry on this machine: see `pipeline.host.machine.root_image`.
"""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

OWN = Path("/usr/local/share/ca-certificates")
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# What curl and OpenSSL, pip, and Python's requests read.
ENVIRONMENT = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


def own_certificates(directory: Path = OWN) -> tuple[Path, ...]:
    """What this host trusts beyond its distribution: the files that `update-ca-certificates` reads."""
    return tuple(sorted(path for path in directory.rglob("*.crt") if path.is_file()))


def image_environment() -> dict[str, str]:
    """The variables that make programs in the image trust what the host trusts."""
    return dict.fromkeys(ENVIRONMENT, str(BUNDLE))


def archive(certificates: tuple[Path, ...], *, directory: Path = OWN, bundle: Path = BUNDLE) -> bytes:
    """A tar to unpack at an image's ``/``: the certificates, and the bundle that already holds them."""
    files = {str(OWN / path.relative_to(directory)): path.read_bytes() for path in certificates}
    if bundle.is_file():
        files[str(BUNDLE)] = bundle.read_bytes()
    return tar_of(files)


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar of world-readable files with their directories, always the same for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for directory in sorted({str(parent) for path in files for parent in _parents(path)}):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, data in sorted(files.items()):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _parents(path: str) -> list[PurePosixPath]:
    return list(PurePosixPath(path.lstrip("/")).parents)[:-1]
