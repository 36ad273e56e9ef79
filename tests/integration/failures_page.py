"""docs/failures.md: the failure blocks of broken fleets, as they are printed when these are really run.

`python tests/integration/failures_page.py > docs/failures.md` writes it anew.
"""

import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from broken_fleet import KINDS, UNLINTED, Kind, write_fleet
from calls import pipeline_call
from real_registry import running

from pipeline.reporting.read import read_run
from pipeline.reporting.terminal import show_summary
from pipeline.reporting.words import with_command

_HEAD = """\
# What failures look like

Each block below was printed by a real run of a fleet that is broken in one way;
`tests/integration/failures_page.py` makes the fleets and this page. Times, digests and addresses differ from
run to run, the rest is compared by tests.
"""
PAGE = Path(__file__).parents[2] / "docs/failures.md"
# One word for what differs between two runs of the same.
_VARYING = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:" + "0" * 64),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "N s"),
    (re.compile(r"\b(?:localhost|127\.0\.0\.1):\d{4,5}\b"), "REGISTRY"),
    (re.compile(r"/broken-[0-9a-f]{8}/"), "/example/"),
    (re.compile(r"^  \|.*\n", re.MULTILINE), ""),
)


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """One run of a broken fleet: its title on the page, its text edited, flags of the call before `run`."""

    title: str
    kinds: Mapping[str, Kind]
    edit: tuple[tuple[str, str], ...] = ()
    asks: bool = False  # of a registry that wants a login


_TARGET = (
    '[targets.workstation]\ndriver = "470.82.01"\ncuda = "12.1"\n\n[families.sound-family]\ncuda = "12.1"'
)
FLEETS = (
    # NB: as test_graph_broken.py has it, which compares these: ports and lines follow from the order.
    Fleet(title="Builds and smoke tests", kinds=KINDS),
    Fleet(
        title="Lint: nothing is built",
        kinds={"one": KINDS["sound"], "two": KINDS["sound"], "unlinted": UNLINTED},
        edit=(("[families.sound-family]", _TARGET), ("port = 8002,", "port = 8001,")),
    ),
    Fleet(
        title="Catalog",
        kinds={"one": KINDS["sound"]},
        edit=(('family = "sound-family"', 'family = "sounds-family"'),),
    ),
    Fleet(title="A registry that wants a login", kinds={"one": KINDS["sound"]}, asks=True),
    Fleet(
        title="A base that is not there",
        kinds={"one": KINDS["sound"]},
        edit=(
            ('dockerfile = "sound-family/Dockerfile"\ncontext = "sound-family"', 'tag = "20250810-9c99cc9"'),
        ),
    ),
)


def blocks_in(text: str) -> list[str]:
    """The failure blocks of a printed summary."""
    return [block.rstrip() for block in re.split(r"^(?=FAILED )", text, flags=re.MULTILINE)[1:]]


def steady(text: str) -> str:
    """A block without what differs from run to run; its log is left out, since Python's words differ too."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def run_fleet(fleet: Fleet, folder: Path, *, registry: str, base: str) -> list[str]:
    """The blocks that are printed of a fleet's run."""
    root, out = folder / "fleet", folder / "out"
    organisation = f"broken-{secrets.token_hex(4)}"
    write_fleet(root, registry=registry, organisation=organisation, base=base, kinds=fleet.kinds)
    catalog = root / "fleet.toml"
    for before, after in fleet.edit:
        text = catalog.read_text()
        assert before in text
        catalog.write_text(text.replace(before, after))
    environment = dict(os.environ)
    words = ("--source", str(root), "run", "--candidates", "-o", str(out))
    called = pipeline_call(*words, environment=environment, limit=900)
    assert called.exit_code == 0, called.stderr
    text = with_command(show_summary(read_run((out / "run.json").read_text())), "pipeline call")
    return blocks_in(text.replace(organisation, "example").replace(str(root), "fleet"))


def all_blocks(*, registry: str, base: str) -> Iterator[tuple[str, list[str]]]:
    """Title and blocks of every fleet."""
    for fleet in FLEETS:
        with tempfile.TemporaryDirectory() as folder:
            if not fleet.asks:
                yield fleet.title, run_fleet(fleet, Path(folder), registry=registry, base=base)
                continue
            with running(Path(folder), basic=True) as guarded:
                yield fleet.title, run_fleet(fleet, Path(folder), registry=guarded.host, base=base)


def shown_blocks(title: str = "") -> list[str]:
    """The blocks that the committed page has, all or under one title."""
    whole = PAGE.read_text()
    part = whole.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0] if title else whole
    return [block.split("\n```", 1)[0] for block in blocks_in(part)]


def page(sections: Iterator[tuple[str, list[str]]]) -> str:
    """The page as markdown."""
    parts = [_HEAD]
    for title, blocks in sections:
        parts.append(f"## {title}\n\n" + "\n\n".join(f"```text\n{block}\n```" for block in blocks) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    where = {"registry": os.environ["PIPELINE_TEST_REGISTRY"], "base": os.environ["PIPELINE_TEST_BASE"]}
    sys.stdout.write(page(all_blocks(**where)))
