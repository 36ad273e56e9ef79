"""Names of images in registries: how they are parsed, and which ones a fleet uses.

The grammar is the one of the distribution project: https://pkg.go.dev/github.com/distribution/reference
"""

import re
from dataclasses import dataclass, replace

from pipeline.errors import CatalogError

_ALNUM = r"[a-z0-9]+"
_SEPARATOR = r"(?:[._]|__|-+)"
COMPONENT = rf"{_ALNUM}(?:{_SEPARATOR}{_ALNUM})*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])"
DOMAIN = rf"{_HOST}(?::[0-9]+)?"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_REFERENCE = re.compile(
    rf"(?P<name>(?:{DOMAIN}/)?{COMPONENT}(?:/{COMPONENT})*)(?::(?P<tag>{TAG}))?(?:@(?P<digest>{DIGEST}))?",
    re.ASCII,
)
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_DEFAULT_REGISTRY = "docker.io"
_LONGEST_REPOSITORY = 255


@dataclass(frozen=True, kw_only=True)
class Reference:
    """``registry/repository[:tag][@digest]``, always with its registry."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """``registry/repository``, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    def tagged(self) -> "Reference":
        """The same with the tag that a pull would use: ``latest`` where neither tag nor digest is given."""
        return self if self.tag or self.digest else replace(self, tag="latest")

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def parse_reference(text: str) -> Reference:
    """Parse a reference, also a familiar one: ``ubuntu`` is ``docker.io/library/ubuntu``.

    Raises CatalogError for what the distribution grammar does not allow, and for digests other than sha256.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None or _IDENTIFIER.fullmatch(match["name"]):
        raise _bad(text, "it is not of the form registry/name:tag or registry/name@sha256:…")
    registry, repository = _split_domain(match["name"])
    digest = match["digest"] or ""
    if digest and _SHA256.fullmatch(digest) is None:
        raise _bad(text, "its digest is not sha256: followed by 64 lower-case hex digits")
    if re.fullmatch(rf"{COMPONENT}(?:/{COMPONENT})*", repository) is None:
        raise _bad(text, "a repository is lower-case letters, digits and . _ - between them")
    if len(repository) > _LONGEST_REPOSITORY:
        raise _bad(text, f"its repository is longer than {_LONGEST_REPOSITORY} characters")
    return Reference(registry=registry, repository=repository, tag=match["tag"] or "", digest=digest)


def is_digest(text: str) -> bool:
    """Whether the text is ``sha256:<64 hex>``."""
    return _SHA256.fullmatch(text) is not None


def is_component(text: str) -> bool:
    """Whether the text can stand between two slashes of a repository."""
    return re.fullmatch(COMPONENT, text, re.ASCII) is not None


def is_registry(text: str) -> bool:
    """Whether the text is a registry's address: a host, perhaps with a port, not to be taken for a path."""
    looks_like_a_host = "." in text or ":" in text or text == "localhost"
    return looks_like_a_host and re.fullmatch(DOMAIN, text, re.ASCII) is not None


def is_tag(text: str) -> bool:
    """Whether the text is a tag that a registry accepts."""
    return re.fullmatch(TAG, text, re.ASCII) is not None


def _split_domain(name: str) -> tuple[str, str]:
    """As splitDockerDomain of distribution/reference (normalize.go)."""
    first, slash, rest = name.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost" or first.lower() != first)
    registry, repository = (first, rest) if is_host else (_DEFAULT_REGISTRY, name)
    if registry == "index.docker.io":
        registry = _DEFAULT_REGISTRY
    if registry == _DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository


def _bad(text: str, why: str) -> CatalogError:
    return CatalogError(f"{text!r} is not an image reference: {why}", next_step="correct the reference")


@dataclass(frozen=True, kw_only=True)
class Names:
    """Where a fleet's families, images and records live in one registry."""

    registry: str
    organisation: str
    namespace: str

    def family(self, name: str) -> str:
        """``ghcr.io/<organisation>/<family>``."""
        return f"{self.registry}/{self.organisation}/{name}"

    def image(self, name: str) -> str:
        """``ghcr.io/<organisation>/<namespace>/<image>``."""
        return f"{self.registry}/{self.organisation}/{self.namespace}/{name}"

    def root(self, name: str) -> str:
        """Where the root image is looked up before its source is used."""
        return self.family(name)

    @property
    def release(self) -> str:
        """Where the records of releases are."""
        return self.image("release")
