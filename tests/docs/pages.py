"""The pages of the documentation, and what a test wants to take out of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
README: Final = "README.md"

_FENCE = re.compile(r"^( *)(```+)([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_NO_ANCHOR = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """One page; `name` as it is linked from the checkout's root."""

    name: str
    text: str

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks in their order."""
        return [Block(language.strip(), text) for _, _, language, text in _FENCE.findall(self.text)]

    @property
    def anchors(self) -> set[str]:
        """Where a link may lead inside the page, spelled as GitHub does."""
        return {anchor(title) for title in _HEADING.findall(self.prose)}

    @property
    def links(self) -> list[str]:
        """Targets of the links, as written."""
        return _LINK.findall(self.prose)

    def in_language(self, language: str) -> list[str]:
        """The texts of the blocks in one language."""
        return [block.text for block in self.blocks if block.language == language]

    def section(self, title: str) -> str:
        """The text under a heading, up to the next one of its rank or higher. AssertionError if there is none."""
        found = re.search(rf"^(#+) +{re.escape(title)} *$", self.text, re.MULTILINE)
        assert found, f"{self.name} has no section {title!r}"
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found[1])}}} ", _blanked(rest), re.MULTILINE)
        return rest[: end.start()] if end else rest


def anchor(title: str) -> str:
    """The anchor of a heading: lower case, blanks to hyphens, signs left out."""
    return _NO_ANCHOR.sub("", title.lower()).replace(" ", "-")


@lru_cache
def page(name: str) -> Page:
    """A page by its name under `docs/`, or the README."""
    path = ROOT / name if name == README else DOCS / name
    return Page(str(path.relative_to(ROOT)), path.read_text("utf-8"))


def all_pages() -> list[Page]:
    """The README and every page of docs/."""
    return [page(README), *(page(path.name) for path in sorted(DOCS.glob("*.md")))]


def _blanked(text: str) -> str:
    """The text with its fenced blocks blanked, so that places stay and a `#` of a shell is no heading."""
    return _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
