"""fleet.toml -> validated models; references, tags and settings."""

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import (
    Acknowledgement,
    Catalog,
    Family,
    Fleet,
    Health,
    Image,
    Root,
    Service,
    Target,
)
from pipeline.catalog.references import Names, Reference, parse_reference
from pipeline.catalog.tags import ReleaseTag, check_release_tag, parse_release_tag

__all__ = [
    "Acknowledgement",
    "Catalog",
    "Family",
    "Fleet",
    "Health",
    "Image",
    "Names",
    "Reference",
    "ReleaseTag",
    "Root",
    "Service",
    "Target",
    "check_release_tag",
    "load_catalog",
    "parse_reference",
    "parse_release_tag",
]
