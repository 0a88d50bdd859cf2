"""Texts of others, such as GitLab, AWS and gitlab-runner, as a terminal and a log may show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

COLORS = re.compile(r"\x1b\[[0-9;]*[mK]")
LONGEST = 8000
"""Characters that a message of this tool has at most."""


def printable(text: str, longest: int = LONGEST) -> str:
    """Return a text without what steers a terminal, its middle left out where it is longer than `longest` characters.

    Line breaks and tabs stay. Other control characters, and those that change the direction of writing or are half of a
    character, are spelled out, such as `\\x1b`.
    """
    half = longest // 2
    if len(text) > longest:
        text = f"{text[:half]} ... ({len(text) - 2 * half} characters left out) ... {text[-half:]}"
    shown = (char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text.replace("\r\n", "\n"))
    return "".join(shown)


def one_line(text: str, longest: int) -> str:
    """Return a text that another host has written as `printable` does, on one line: it can't pass for lines of ours."""
    return printable(" ".join(text.split()), longest)


def message_of(fields: Mapping[str, Any]) -> str:
    """Return the text of a line of `journalctl -o json`, without colours; see systemd.journal-fields(7)."""
    message = fields.get("MESSAGE") or ""
    if isinstance(message, list):
        # So the journal shows what is not text, and a field that is there twice as a list of texts.
        message = bytes(message).decode(errors="replace") if isinstance(message[0], int) else message[-1]
    # gitlab-runner colours its lines wherever they go, and a colour may begin in the middle of a secret.
    return COLORS.sub("", message)
