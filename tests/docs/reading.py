"""Markdown as the tests of the documentation read it: links, headings, fenced blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.M)
_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)


@dataclass(frozen=True)
class Block:
    """A fenced block: ``info`` is what stands behind the backticks; ``before`` the line of text above it."""

    info: str
    body: str
    before: str


def pages() -> list[Path]:
    """README.md and the like, and everything in docs."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name(path: Path) -> str:
    """A page as tests call it."""
    return str(path.relative_to(ROOT))


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks, in order."""
    for match in _FENCE.finditer(text):
        above = text[: match.start()].rstrip().rpartition("\n")[2]
        yield Block(match["info"].strip(), match["body"], above)


def links(text: str) -> Iterator[str]:
    """The targets of links outside code."""
    yield from _LINK.findall(_SPAN.sub("", _FENCE.sub("", text)))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    plain = _FENCE.sub("", text)
    found: dict[str, int] = {}
    for heading in _HEADING.findall(plain):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found[f"{slug}-{found[slug]}" if slug in found else slug] = 0
        found[slug] = found.get(slug, 0) + 1
    return {*found}


def command_lines(text: str) -> Iterator[str]:
    """The lines of console blocks that start with ``$``, continued lines joined, prompt removed."""
    for block in blocks(text):
        for row in re.sub(r"\\\n[ >]*", " ", block.body).splitlines():
            if row.startswith("$ "):
                yield row.removeprefix("$ ")
