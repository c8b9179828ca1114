"""The pages of the documentation, and the blocks of code in them.

After the language, a block's opening line says what it is:

- ``yaml request``, ``yaml fleet``: accepted by the parser. ``yaml refused``: refused by it.
- ``yaml request-part``, ``yaml fleet-part``: fields that are added to a small request, or to the sample fleet.
- ``yaml golden-path``, ``yaml policy``, ``yaml accelerator <vendor>``: read by what reads such files.
- ``sh tested``, and every ``python`` block: run, in a folder with the sample fleet and its requests.
  ``sh tested exit=2`` must end so.

A comment ``<!-- file: name -->`` before a block writes the block to that file, for the blocks that follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "tests" / "requests"

_BLOCK = re.compile(
    r"^(?:<!-- file: (?P<file>.+?) -->\n)?```(?P<language>[a-z]+)(?: (?P<info>[^\n]+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, what it is, its text and the file that it is."""

    language: str
    info: tuple[str, ...]
    text: str
    file: str | None

    @property
    def kind(self) -> str:
        return self.info[0] if self.info else ""


@dataclass(frozen=True)
class Page:
    """A page, by its path in the repository."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        return _BLOCK.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        return [
            Block(found["language"], tuple((found["info"] or "").split()), found["text"], found["file"])
            for found in _BLOCK.finditer(self.text)
        ]

    @property
    def spans(self) -> list[str]:
        return _SPAN.findall(self.prose)

    @property
    def links(self) -> list[str]:
        return [link for link in _LINK.findall(self.prose) if "://" not in link]

    @property
    def anchors(self) -> set[str]:
        return {anchor_of(heading) for heading in _HEADING.findall(self.prose)}


def anchor_of(heading: str) -> str:
    """GitHub's anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def pages() -> list[Page]:
    """Every page that is written by hand."""
    top = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    below = sorted(path for path in (ROOT / "docs").rglob("*.md") if "reference" not in path.parts)
    return [Page(path) for path in (*top, *below)]
