"""`pipeline init DIR`: a starting fleet.toml from a directory of Dockerfiles, and a workflow.

Nothing is overwritten. What the files do not tell is marked "# fill in:" where it belongs, and listed.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import Catalog, Family, Fleet, Image
from pipeline.checks.inspection import inspect
from pipeline.checks.lint import lint
from pipeline.errors import CatalogError, PipelineError, UsageError
from pipeline.host.init.documented import documented_builds
from pipeline.host.init.draft import Draft, make_draft
from pipeline.host.init.find import component, find_dockerfiles, walk
from pipeline.host.init.home import own_action, repository
from pipeline.host.init.services import Default, default_service
from pipeline.host.init.workflow import write_workflow
from pipeline.host.init.write import MARK, UNKNOWN_ORGANISATION, filled_in_by_hand, write_catalog
from pipeline.planning.sources import Sources

_CATALOG = "fleet.toml"
_WORKFLOW = Path(".github", "workflows", "fleet.yml")


@dataclass(frozen=True, kw_only=True)
class Start:
    """What there is to write: the draft it was made of, and text by path."""

    draft: Draft
    files: Mapping[Path, str]


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(argv)
    try:
        start = make_start(options.directory, workflow=options.workflow)
        _write(start.files)
    except PipelineError as error:
        print(f"pipeline init: {error}", file=sys.stderr)
        return error.exit_code
    print(_report(start, options.directory), end="")
    return 0


def make_start(root: Path, *, workflow: bool) -> Start:
    """Read the Dockerfiles below ``root``.

    Raises UsageError where there is none, or where a file that would be written is there already.
    """
    if not root.is_dir():
        raise UsageError("there is no such directory", where=str(root))
    home = repository(root)
    places = [root / _CATALOG, *([(home.top or root) / _WORKFLOW] if workflow else [])]
    _refuse(places)
    sources = Sources(root)
    own_name = root.resolve().name
    found = find_dockerfiles(sources, own_name)
    if not found:
        raise UsageError(
            "there is no Dockerfile below it", where=str(root), next_step="pipeline init DIRECTORY"
        )
    draft = make_draft(
        found, documented_builds(sources, walk(sources)), sources, organisation=component(home.owner)
    )
    text = write_catalog(
        draft,
        name=component(own_name) or "fleet",
        source_url=home.url,
        defaults=_defaults(draft, sources),
    )
    inside = root.resolve().relative_to(home.top.resolve()) if home.top else Path()
    texts = [text, write_workflow(source=str(inside), action=own_action())]
    return Start(draft=draft, files=dict(zip(places, texts, strict=False)))


def _defaults(draft: Draft, sources: Sources) -> dict[str, Default]:
    """The services of all images, read in the catalog as far as it is known without them."""
    catalog = Catalog(
        filename=_CATALOG,
        fleet=Fleet(name="fleet", organisation=draft.organisation or UNKNOWN_ORGANISATION),
        root=draft.root,
        families={name: Family(name=name, tag="unknown") for name in draft.pushed}
        | {
            each.name: Family(
                name=each.name, dockerfile=each.found.path, context=each.context, base=each.base
            )
            for each in draft.families
        },
        images={
            each.name: Image(
                name=each.name, dockerfile=each.found.path, context=each.context, family=each.base
            )
            for each in draft.images
        },
    )
    inspection = inspect(catalog, sources)
    return {
        each.name: default_service(inspection, catalog.images[each.name], each.found) for each in draft.images
    }


def _refuse(places: Sequence[Path]) -> None:
    if there := [str(place) for place in places if place.exists()]:
        raise UsageError(
            f"{' and '.join(there)} {'are' if len(there) > 1 else 'is'} there already",
            consequence="nothing is written",
            next_step="move it away, or leave the workflow out with --no-workflow",
        )


def _write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)


def _report(start: Start, root: Path) -> str:
    draft = start.draft
    entries = (*draft.families, *draft.images)
    width = max(len(each.name) for each in entries)
    lines = [f"{_count(len(draft.families), 'family')} and {_count(len(draft.images), 'image')} in {root}:"]
    lines += [f"  {each.found.kind:<7} {each.name:<{width}}  {each.found.path}" for each in entries]
    lines += ["", *(f"wrote {path}" for path in start.files)]
    blanks = {path: filled_in_by_hand(text) for path, text in start.files.items()}
    if any(blanks.values()):
        lines += ["", f'To fill in, marked "{MARK}" there:']
    for path, found in blanks.items():
        lines += [f"  {path}" for _ in found[:1]]
        lines += [f"  {number:>5}  {what}" for number, what in found]
    lines += ["", *_remarks(root)]
    return "\n".join(lines) + "\n"


def _count(number: int, kind: str) -> str:
    plural = f"{kind}s" if kind == "image" else "families"
    return f"{number} {kind if number == 1 else plural}"


def _remarks(root: Path) -> list[str]:
    """What lint says about the catalog that was just written."""
    try:
        findings = lint(load_catalog(root, _CATALOG), Sources(root))
    except CatalogError as error:
        return ["The catalog cannot be used yet:", *(f"  {row}" for row in str(error).splitlines())]
    step = f"Next: pipeline call --source {root} plan"
    errors = [each for each in findings if each.severity == "error"]
    if not errors:
        return ["lint finds no error.", step]
    shown = [f"  {each.file}:{each.line}  {each.message}; {each.fix}" for each in errors]
    return ["lint finds, to be mended before the first build:", *shown, step]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pipeline init",
        description="Write a starting fleet.toml from a directory of Dockerfiles, and a workflow.",
        epilog="Nothing is overwritten. What the files do not tell is marked `# fill in:`, and listed.",
    )
    parser.add_argument(
        "directory", type=Path, nargs="?", default=Path(), help="the fleet's directory; default: this one"
    )
    parser.add_argument(
        "--no-workflow", dest="workflow", action="store_false", help="leave .github/workflows/fleet.yml out"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
