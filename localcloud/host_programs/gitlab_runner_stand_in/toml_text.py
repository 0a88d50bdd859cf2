"""Writing TOML as the encoder of gitlab-runner lays it out: values first, then tables, indented by two blanks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def encode(document: Mapping[str, Any]) -> str:
    """Return the document's text."""
    return "\n".join(_table(document, "", 0)).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: str, depth: int) -> list[str]:
    indent = "  " * depth
    lines = [f"{indent}{_key(k)} = {_value(v)}" for k, v in table.items() if not _is_nested(v)]
    for key, value in table.items():
        where = f"{path}.{_key(key)}" if path else _key(key)
        # A table that is not at the top stands one level deeper than the one that holds it.
        inner = f"{'  ' * depth}"
        if isinstance(value, Mapping):
            lines += ["", f"{inner}[{where}]", *_table(value, where, depth + 1)]
        elif _is_nested(value):
            for item in value:
                lines += ["", f"{inner}[[{where}]]", *_table(item, where, depth + 1)]
    return lines


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _key(key: str) -> str:
    bare = key.replace("-", "").replace("_", "")
    return key if bare.isascii() and bare.isalnum() else _string(key)


def _string(text: str) -> str:
    # JSON's escapes are a part of TOML's, except for surrogate pairs and DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return repr(value)
