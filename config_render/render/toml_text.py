"""Writing TOML 1.0: several times faster than the libraries that do, and checked against two independent readers.

A file of thousands of runner entries is written at every preview.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from types import GeneratorType
from typing import Any

_TABLES = (dict, GeneratorType)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dumps(content: Mapping[str, object]) -> str:
    """Return the text of a document. Scripts go over several lines, as a person would write them.

    A list of tables may be a generator, whose tables are then made and forgotten one by one. Raises TypeError for
    what TOML has no form for.
    """
    return _table("", content, {}).removeprefix("\n")


def _table(path: str, table: Mapping[str, Any], known: dict[str, tuple[object, str]]) -> str:
    parts: list[str] = []
    below: list[tuple[str, Any]] = []
    for key, value in table.items():
        kind = type(value)
        if kind is str or kind is int:
            parts.append(f"{_key(key)} = {_value(value)}\n")
        elif isinstance(value, _TABLES) or (kind is list and value and _all_tables(value)):
            below.append((key, value))
        else:
            parts.append(f"{_key(key)} = {_value(value)}\n")
    for key, value in below:
        name = f"{path}.{_key(key)}" if path else _key(key)
        if isinstance(value, dict):
            parts.append(f"\n[{name}]\n{_shared(name, value, known)}")
        else:
            parts += [f"\n[[{name}]]\n{_table(name, each, known)}" for each in value]
    return "".join(parts)


def _shared(path: str, table: Mapping[str, object], known: dict[str, tuple[object, str]]) -> str:
    """Write a table that one entry after the other may have, such as that of the cache, but once."""
    found = known.get(path)
    if found is None or found[0] is not table:
        found = known[path] = (table, _table(path, table, known))
    return found[1]


def _all_tables(values: Sequence[object]) -> bool:
    return all(isinstance(value, dict) for value in values)


@lru_cache(4096)
def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: object) -> str:
    if isinstance(value, str):
        return _script(value) if "\n" in value and "\r" not in value else _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[\n    " + ",\n    ".join(map(_inline, value)) + ",\n]" if value else "[]"
    raise TypeError(f"TOML has no form for {type(value).__name__}")


def _inline(value: object) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return _value(value)


def _string(text: str) -> str:
    # JSON's form is TOML's, but for one character.
    quoted: str = encode_basestring(text)
    return quoted.replace("\x7f", "\\u007f") if "\x7f" in quoted else quoted


def _script(text: str) -> str:
    """A text over several lines. The first line break after the quotes is not part of it."""
    lines: Iterator[str] = (_string(line)[1:-1] for line in text.split("\n"))
    return '"""\n' + "\n".join(lines) + '"""'
