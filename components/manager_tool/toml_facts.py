"""What a TOML file says, as flat facts: enough to compare two of them whatever their layout.

Python 3.9 brings no reader of TOML. This one takes for granted that the file is valid, as gitlab-runner has loaded it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}=,\n]"
    r"|[^\s\[\]{}=,#\"']+",
    re.DOTALL,
)
_WORDS = {"true": True, "false": False}
_RUNNER = re.compile(r"runners\[\d+\]")


@lru_cache(maxsize=3)
def facts(text: str) -> dict[str, Any]:
    """Return each value by its path; the sections of runners go by their names, such as `runners[a].docker.image`."""
    found: dict[str, Any] = {}
    counts: dict[str, int] = {}
    table = ""
    tokens = Tokens(text)
    while tokens.next is not None:
        first = tokens.take()
        if first == "[":
            table = _header(tokens, counts)
        elif first != "\n":
            key = first
            while tokens.next != "=":
                key += tokens.take()
            tokens.take()
            _put(found, f"{table}.{key}" if table else key, tokens.value())
    names = {path[: -len(".name")]: name for path, name in found.items() if re.fullmatch(r"runners\[\d+\]\.name", path)}
    return {_RUNNER.sub(lambda at: f"runners[{names.get(at[0], '?')}]", path, 1): found[path] for path in found}


class Tokens:
    """The words of a TOML text, less its comments."""

    def __init__(self, text: str) -> None:
        self._rest: Iterator[str] = (found for found in _TOKEN.findall(text) if not found.startswith("#"))
        self.next: str | None = next(self._rest, None)

    def take(self) -> str:
        """Return the next word and go on."""
        taken, self.next = self.next, next(self._rest, None)
        return taken or ""

    def value(self) -> Any:
        """Read the value that begins here."""
        first = self.take()
        if first == "[":
            return [self.value() for _ in self._until("]")]
        if first == "{":
            return {self._key(): self.value() for _ in self._until("}")}
        while first[0] not in "\"'" and self.next is not None and self.next not in "\n,]}":
            first += f" {self.take()}"  # a date and its time
        return _scalar(first)

    def _until(self, end: str) -> Iterator[None]:
        while self.next is not None:
            if self.next not in ("\n", ",", end):
                yield
            elif self.take() == end:
                return

    def _key(self) -> str:
        key = self.take()
        self.take()
        return key


def _header(tokens: Tokens, counts: dict[str, int]) -> str:
    is_list = tokens.next == "["
    path = ""
    while tokens.next not in ("\n", None):
        path += tokens.take().strip("[]")
    if is_list:
        for inner in [other for other in counts if other.startswith(f"{path}.")]:
            del counts[inner]
        counts[path] = counts.get(path, -1) + 1
    parts = path.split(".")
    ways = (".".join(parts[: n + 1]) for n in range(len(parts)))
    return ".".join(part + (f"[{counts[way]}]" if way in counts else "") for part, way in zip(parts, ways))


def _put(found: dict[str, Any], path: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _put(found, f"{path}.{key}", inner)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            _put(found, f"{path}[{number}]", item)
    else:
        found[path] = value


def _scalar(word: str) -> Any:
    if word[0] == '"':
        return _text(word)
    if word[0] == "'":
        return word[3:-3].removeprefix("\n") if word.startswith("'''") else word[1:-1]
    if word in _WORDS:
        return _WORDS[word]
    try:
        return int(word, 0)
    except ValueError:
        try:
            return float(word)
        except ValueError:
            return word


def _text(word: str) -> str:
    inner = word[1:-1]
    if word.startswith('"""'):
        inner = re.sub(r"\\\n\s*", "", word[3:-3].removeprefix("\n"))
        inner = re.sub(
            r'\\.|"|\n', lambda found: found[0] if found[0][0] == "\\" else json.dumps(found[0])[1:-1], inner
        )
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except ValueError:
        return inner  # an escape of TOML's that JSON has not
