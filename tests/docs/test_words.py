"""The pages' words: one term for a thing, and plain English. Code, and what a program says, stand as they are."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from .blocks import ROOT

PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
WORDS = {
    r"goes on|go on(?! with)|went on": "continue",
    r"of yours": "your own",
    r"\w+ that (is|are) there( already)?": "existing",
    r"half way": "partway",
    r"at the most": "at most",
    r"(is|are) not known": "unknown",
    r"autoscaling group": "Auto Scaling group",
    r"docker machine|docker\+Machine": "docker+machine, the executor, or docker-machine, the program",
    r"Gitlab|gitlab\.com's": "GitLab",
    r"simply|obviously|of course": "nothing: it is not simple to everybody",
    r"in order to": "to",
    r"e\.g\.|i\.e\.": "such as, that is",
    r"utili[sz]e": "use",
    r"blacklist|whitelist": "deny list, allow list",
    r"please": "nothing",
}
"""Patterns of what the pages don't say, with what they say instead."""

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yield a page's texts, without code, comments and addresses, each with the first line of its paragraph."""
    for token in _MARKDOWN.parse(page.read_text()):
        if token.type == "inline" and token.map:
            words = [each.content for each in token.children or () if each.type in ("text", "softbreak")]
            yield token.map[0] + 1, " ".join(" ".join(words).split())


def found_in(text: str) -> list[str]:
    return [
        f"{match[0]!r}: write {instead}"
        for bad, instead in WORDS.items()
        for match in re.finditer(rf"\b({bad})\b", text)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_uses_our_words(page: Path) -> None:
    assert [f"{number}: {found}" for number, line in prose(page) for found in found_in(line)] == []


def test_code_is_left_alone_and_prose_is_not(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("It goes on, `it goes on`.\n```sh\nit goes on\n```\n\nA group\nof yours <!-- of yours -->\n")
    assert [(number, found) for number, line in prose(page) for found in found_in(line)] == [
        (1, "'goes on': write continue"),
        (6, "'of yours': write your own"),
    ]
