"""The `[[runners]]` sections of config.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from .host import LIVE

OWN_KEYS = ("id", "token", "token_obtained_at", "token_expires_at")
"""What gitlab-runner itself writes into a `[[runners]]` section, at registration and when it rotates a token."""


def in_toml(text: str) -> str:
    """Return a text as it stands between the quotes of a TOML string."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


def sections(text: str) -> Iterator[list[str]]:
    """The lines with the plain keys of each `[[runners]]` section."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.strip() == "[[runners]]"]
    for start in starts:
        end = start + 1
        while end < len(lines) and not lines[end].strip().startswith("["):
            end += 1
        yield lines[start + 1 : end]


def keys(lines: Sequence[str]) -> dict[str, str]:
    """The keys of one section as they stand, values still in TOML."""
    pairs = (re.match(r"\s*([A-Za-z_]+) = (.*)$", line) for line in lines)
    return {pair[1]: pair[2] for pair in pairs if pair}


def live_runners() -> dict[str, dict[str, str]]:
    """The sections of the live config.toml by their names, in quotes."""
    text = LIVE.read_text() if LIVE.exists() else ""
    return {section["name"]: section for section in map(keys, sections(text)) if "name" in section}


def show_ids() -> None:
    """Print the ids at GitLab that sections of the live config.toml have, by the sections' names."""
    ids = {json.loads(name): int(keys["id"]) for name, keys in live_runners().items() if "id" in keys}
    print(json.dumps(ids, indent=0))
