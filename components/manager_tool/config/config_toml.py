"""config.toml as values: read by a parser, changed, written once.

People, gitlab-runner and this tool write that file. What can't be read raises, so that nobody takes "nothing
recognised" for "nothing wanted".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomli
import tomli_w

from ..host import StepError


def read(path: Path) -> dict[str, Any]:
    """Return what a file says; not to be changed. Raises `StepError` where it is missing or can't be read."""
    if not path.exists():
        raise StepError(f"{path} is missing: have it put in place again with: {WRITE_AGAIN}")
    try:
        return parsed(path.read_bytes())
    except StepError as error:
        raise StepError(f"{path} {error}. Correct it, or have it replaced with: {WRITE_AGAIN}") from None


WRITE_AGAIN = "pulumi up --replace '**-registration-config'"


def parse(text: str | bytes) -> dict[str, Any]:
    """Return what a text says. Raises `StepError` with the line and column of what is wrong.

    As gitlab-runner does, it takes UTF-8 alone, and passes over a byte order mark.
    """
    try:
        return tomli.loads(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise StepError(f"can't be read: it is not UTF-8 from byte {error.start} on") from None
    except RecursionError:
        raise StepError("can't be read: its lists or tables are nested too deeply") from None
    except ValueError as error:
        raise StepError(f"can't be read as TOML: {error}") from None


@lru_cache(maxsize=4)
def parsed(text: str | bytes) -> dict[str, Any]:
    """Return what `parse` does, without reading a long text again; not to be changed, as others get the same."""
    return parse(text)


def dump(content: Mapping[str, object], heading: str = "") -> str:
    """Return the text of a document, below a heading of comments. Scripts go over several lines."""
    # In several lines tomli_w would make one line break of the two characters that Windows has for it.
    in_lines = not any("\r\n" in text for text in texts(content))
    return heading + tomli_w.dumps(content, multiline_strings=in_lines)


def heading(text: str) -> str:
    """Return the first line of a text if it is a comment: what the renderer says there is for people, too."""
    first = text.partition("\n")[0].rstrip("\r")
    return f"{first}\n" if first.startswith("#") else ""


def texts(value: object) -> Iterator[str]:
    """Yield all texts in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def changed(value: object, change: Callable[[str], str]) -> Any:
    """Return a copy of a value in which each text, keys included, is what `change` makes of it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(key): changed(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [changed(item, change) for item in value]
    return value


def in_toml(text: str) -> str:
    """Return a text as it stands between the quotes of a TOML string."""
    return tomli_w.dumps({"x": text})[len('x = "') : -len('"\n')]


def facts(content: Mapping[str, object]) -> dict[str, object]:
    """Return each value by its path; the sections of runners go by their names, such as `runners[a].docker.image`."""
    found: dict[str, object] = {}
    _put(found, "", content)
    return found


def _put(found: dict[str, object], path: str, value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _put(found, f"{path}.{_key(key)}" if path else _key(key), inner)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for name, item in zip(_names(path, value), value):
            _put(found, f"{path}[{name}]", item)
    else:
        found[path] = value


def _names(path: str, tables: list[Mapping[str, object]]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for number, table in enumerate(tables):
        name = str(table.get("name", "?") if path == "runners" else number)
        seen[name] = seen.get(name, 0) + 1
        # Several sections may have one name.
        yield name if seen[name] == 1 else f"{name}, {seen[name]}"


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() else f'"{in_toml(key)}"'
