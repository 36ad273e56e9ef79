"""A fleet of any size whose candidates are all in a registry: what a release that has nothing to do finds."""

from pathlib import Path

from tiny_images import push_image

from pipeline.catalog.load import load_catalog
from pipeline.catalog.references import Names
from pipeline.planning.discover import survey
from pipeline.planning.inputs import build_keys
from pipeline.planning.plan import Circumstances, unit_test_key
from pipeline.planning.sources import Sources
from pipeline.registry.documents.candidates import candidate_tag
from pipeline.registry.documents.evidence import Evidence, put_evidence
from pipeline.registry.oci.client import Registry
from pipeline.registry.oci.media import Descriptor, Manifest, digest_of
from pipeline.reporting.model import Check, Verdict
from pipeline.stages.smoke.probe import probe_version

TAG, COMMIT = "20250810-9c99cc9", "9c99cc9" + "0" * 33
_FLEET = """
[fleet]
name = "many"
registry = "{host}"
organisation = "many"
[families.base]
tag = "1"
programs = ["curl"]
"""
_IMAGE = """
[images.i{number}]
family = "base"
dockerfile = "Dockerfile"
build_args = {{ NUMBER = "{number}" }}
[[images.i{number}.services]]
name = "s{number}"
ports = [{port}]
alive_for = 1
"""


def write_fleet(root: Path, host: str, images: int) -> Path:
    """The fleet's directory: so many images of one Dockerfile."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY service.py /\n")
    (root / "service.py").write_text("print('hello')\n")
    parts = [_IMAGE.format(number=number, port=10_000 + number) for number in range(images)]
    (root / "fleet.toml").write_text(_FLEET.format(host=host) + "".join(parts))
    return root


class Disk(Registry):
    """What is written to it lies in a registry's folder as the registry itself would have put it there.

    A thousand images with evidence take two seconds, and not two minutes.
    https://github.com/distribution/distribution/blob/v2.8.3/registry/storage/paths.go
    """

    def __init__(self, host: str, storage: Path) -> None:
        super().__init__(host)
        self._top = storage / "docker/registry/v2"

    async def put_blob(
        self,
        repository: str,
        content: bytes | Path,
        *,
        media_type: str,
        mount_from: str = "",
        new: bool = False,
    ) -> Descriptor:
        data = content.read_bytes() if isinstance(content, Path) else content
        self._link(repository, f"_layers/{self._kept(data)}")
        return Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))

    async def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> str:
        revision, tag = self._kept(manifest.body), f"_manifests/tags/{reference}"
        self._link(repository, f"_manifests/revisions/{revision}")
        self._link(repository, f"{tag}/index/{revision}")
        self._link(repository, f"{tag}/current", manifest.digest)
        return manifest.digest

    def _kept(self, data: bytes) -> str:
        """Where a link to these bytes stands, below its folder."""
        algorithm, _, hexes = digest_of(data).partition(":")
        _write(self._top / "blobs" / algorithm / hexes[:2] / hexes / "data", data)
        return f"{algorithm}/{hexes}"

    def _link(self, repository: str, where: str, digest: str = "") -> None:
        told = digest or ":".join(where.rsplit("/", 2)[-2:])
        _write(self._top / "repositories" / self.path(repository) / where / "link", told.encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


async def put_candidates(root: Path, registry: Registry) -> None:
    """Every candidate of the fleet with its evidence, as `build-all --candidates` leaves them."""
    catalog = load_catalog(root)
    names = Names(registry=registry.host, organisation="many", namespace=catalog.fleet.namespace)
    sources = Sources(root)
    found = survey(catalog, sources, names)
    [base] = found.published
    digests = {str(base.reference): await push_image(registry, base.reference.name, "1", content="base")}
    keys = build_keys(found, sources, digests)
    wanted = Circumstances(probe_version=probe_version())
    for unit in found.units:
        key = keys[unit.name].hex
        digest = await push_image(registry, unit.repository, candidate_tag(key), content=unit.name)
        for service in unit.services:
            evidence = Evidence(
                repository=unit.repository,
                digest=digest,
                service=service.name,
                test_key=unit_test_key(unit, service, digest, wanted=wanted),
                build_key=key,
                checks=(Check(name="alive", verdict=Verdict.PASSED),),
            )
            await put_evidence(registry, unit.repository, evidence)
