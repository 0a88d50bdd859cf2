"""Messages that the pages quote are ones that people get: each is in the code, or in what stands in for others."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = ("components/**/*.py", "config_render/**/*.py", "planning/**/*.py", "review/**/*.py", "*.py")
OF_OTHERS = "## What others say"
PAGES = sorted((ROOT / "docs").glob("*.md"))


def quoted(page: Path) -> Iterator[tuple[str, bool]]:
    """The messages in tables whose first column is called so, and whether others say them."""
    heading, in_table = "", False
    for line in page.read_text().splitlines():
        if line.startswith("#"):
            heading = line
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        in_table = line.startswith("|") and (in_table or cells[0] == "message")
        if in_table and cells[0].startswith("`"):
            yield cells[0].strip("`"), heading == OF_OTHERS


@cache
def said_here() -> list[str]:
    """All texts of the code, with … for what is filled in."""
    texts = []
    for path in (path for pattern in OWN for path in ROOT.glob(pattern)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                texts.append(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return [" ".join(text.split()) for text in texts]


@cache
def said_by_others() -> str:
    """The stand-ins and the recordings, as they are."""
    suffixes = (".py", ".json")
    return "\n".join(path.read_text() for path in (ROOT / "localcloud").rglob("*") if path.suffix in suffixes)


def is_said(message: str) -> bool:
    without_place = re.sub(r"^[\w.\[\]]+( = [^ ]+)?: ", "", message)
    # Some are put together of a reason and what to do.
    parts = re.split("; needed: |; ", without_place)
    return any(map(is_text, (message, without_place))) or (len(parts) > 1 and all(map(is_text, parts)))


def is_text(message: str) -> bool:
    pattern = re.compile(".*".join(map(re.escape, message.split("…"))))
    return any(map(pattern.search, said_here()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_quoted_message_is_said_somewhere(page: Path) -> None:
    unsaid = [text for text, others in quoted(page) if not (is_said(text) or (others and text in said_by_others()))]

    assert unsaid == [], "quote what the code says, with … for what is filled in"


def test_messages_are_quoted_at_all() -> None:
    found = [message for page in PAGES for message in quoted(page)]

    assert len([message for message in found if not message[1]]) > 80
    assert len([message for message in found if message[1]]) > 10
    assert not is_said("a message that nobody says")
