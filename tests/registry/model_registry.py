"""A registry in a dictionary behind a real socket: for faults that a real one cannot be made to have."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from scripted import ABSENT, Asked, Reply

from pipeline.registry.oci.media import OCI_MANIFEST

Fault = Callable[[Asked], Reply | None]


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass
class ModelRegistry:
    """Manifests by ``REPOSITORY/manifests/REFERENCE``; every blob is there. ``fault`` may answer instead."""

    manifests: dict[str, bytes] = field(default_factory=dict)
    fault: Fault = lambda _asked: None

    def __call__(self, asked: Asked) -> Reply:
        instead = self.fault(asked)
        if instead is not None:
            return instead
        place = asked.path.removeprefix("/v2/")
        if "/blobs/" in place:
            return Reply()
        if asked.method == "PUT":
            return self.store(place, asked.body)
        body = self.manifests.get(place)
        return ABSENT if body is None else self._shown(200, body)

    def store(self, place: str, body: bytes) -> Reply:
        """Keep a manifest under a tag and under its digest."""
        repository = place.partition("/manifests/")[0]
        self.manifests[place] = self.manifests[f"{repository}/manifests/{digest_of(body)}"] = body
        return self._shown(201, body)

    def tag(self, repository: str, tag: str) -> str | None:
        """Digest of a tag."""
        body = self.manifests.get(f"{repository}/manifests/{tag}")
        return None if body is None else digest_of(body)

    @staticmethod
    def _shown(status: int, body: bytes) -> Reply:
        headers = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest_of(body)}
        return Reply(status=status, headers=headers, body=b"" if status == 201 else body)
