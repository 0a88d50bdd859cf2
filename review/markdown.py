"""GitLab Flavored Markdown in which nothing that is quoted can do anything: no mention, no link, no column of its own.

https://docs.gitlab.com/user/markdown/
"""

import re
from collections.abc import Iterable, Sequence

FOLD_FROM = 12
"""Lines of a list or a diff from which on it is folded."""


def code(text: str) -> str:
    """Quote a short text; inside a code span GitLab looks for no names of people, issues or labels."""
    one_line = " ".join(text.split()).replace("|", "\\|")
    ticks = "`" * (_longest_run(one_line) + 1)
    gap = " " if len(ticks) > 1 else ""
    return f"{ticks}{gap}{one_line}{gap}{ticks}"


def block(text: str, language: str, most: int | None = None) -> str:
    """Quote lines of text, the first `most` of them."""
    lines = text.rstrip("\n").split("\n")
    # A line that begins with a slash may be taken for a command to GitLab, such as /close.
    lines = [f" {line}" if line.startswith("/") else line for line in lines]
    cut = lines if most is None or len(lines) <= most else lines[:most]
    fence = "`" * max(3, _longest_run("\n".join(cut)) + 1)
    more = len(lines) - len(cut)
    rest = f"\n\nand {more:,} more lines, in the artifact" if more else ""
    return f"{fence}{language}\n" + "\n".join(cut) + f"\n{fence}{rest}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown."""
    every = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in every)


def folded(title: str, text: str, *, open_: bool = False) -> str:
    """Hide a text behind its title until somebody clicks; the empty lines let GitLab read Markdown in it."""
    return f"<details{' open' if open_ else ''}><summary>{title}</summary>\n\n{text}\n\n</details>"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)
