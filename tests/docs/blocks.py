"""The code blocks of the pages, by Markdown's own rules, wherever they stand: in lists and quotes too."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LANGUAGES = ("dockerfile", "go", "ini", "json", "python", "sh", "text", "toml", "typescript", "yaml")
"""What a block may say that it is. `go`, `sh`, `yaml`, `python` and `typescript` are executed or checked."""

_COMMENT = re.compile(r"<!-- (?P<what>not run|on the manager)(?:: (?P<why>.+?))? -->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One code block."""

    page: str
    line: int
    """The line of the block's first line of code, counted from 1."""
    language: str
    text: str
    not_run: str | None = None
    """The reason, where the page has `<!-- not run: REASON -->` before the block."""
    on_manager: bool = False
    """Whether the page has `<!-- on the manager -->` before it: its commands are typed in there."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """All code blocks of all pages in these languages, or in any."""
    return [block for block in _all() if block.language in languages or not languages]


@cache
def _all() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page.read_text(), str(page.relative_to(ROOT)))]


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """The code blocks of one page; those that are code by indentation alone have no language."""
    before: Token | None = None
    for token in MarkdownIt("commonmark").parse(text):
        if token.type in ("fence", "code_block") and token.map:
            said = _COMMENT.fullmatch(before.content.strip()) if before and before.type == "html_block" else None
            what = said["what"] if said else None
            yield Block(
                page,
                token.map[0] + (2 if token.type == "fence" else 1),
                token.info.strip(),
                token.content,
                said["why"] if said and what == "not run" else None,
                what == "on the manager",
            )
        before = token
