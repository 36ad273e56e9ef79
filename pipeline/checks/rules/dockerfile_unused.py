"""Every Dockerfile in the fleet's source belongs to a family or an image."""

import re
from collections.abc import Iterator

from pipeline.catalog.mistakes import nearest
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.sources import Sources, join

_NAME = re.compile(r"(?:Dockerfile|Containerfile)(?:[.-].+)?|.+\.[Dd]ockerfile")
_NOT_OURS = {"node_modules", "site-packages", "vendor", "third_party"}
_DEEPEST = 8


def _find(inspection: Inspection) -> Iterator[Hit]:
    used = {subject.unit.dockerfile for subject in inspection.subjects.values()}
    images = {*inspection.catalog.images, *inspection.catalog.families}
    for path in _dockerfiles(inspection.sources):
        if path not in used:
            parts = [part for part in re.split(r"[/.]", path) if "ockerfile" not in part]
            hint = nearest(parts[-1], images) if parts else ""
            yield Hit(
                file=path,
                line=1,
                subject=path,
                message="no image and no family of the catalog is built from this Dockerfile",
                fix="add it to the catalog, or remove it"
                + (f" ({hint})" if hint.startswith("did you") else ""),
            )


def _dockerfiles(sources: Sources) -> Iterator[str]:
    waiting = [("", 0)]
    while waiting:
        folder, depth = waiting.pop()
        for name in sources.children(folder):
            path = join(folder, name)
            if _NAME.fullmatch(name) and not name.endswith(".dockerignore"):
                if (node := sources.node(path)) and node.kind == "file":
                    yield path
            # NB: names with a dot are hardly ever directories; asking costs more than it finds.
            elif "." not in name and name not in _NOT_OURS and depth < _DEEPEST:
                node = sources.node(path)
                if node and node.kind == "directory":
                    waiting.append((path, depth + 1))


RULE = Rule(
    id="dockerfile-unused",
    severity="warning",
    about="Every Dockerfile in the source belongs to a family or an image of the catalog.",
    consequence="it is neither built nor tested nor released",
    fix="add it to the catalog, or remove it",
    find=_find,
)
