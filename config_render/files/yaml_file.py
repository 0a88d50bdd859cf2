"""YAML with the line of each value, read from its events, one by one.

So neither deep nesting nor aliases of aliases cost more than their text is long. Words and numbers mean what the
engine's own reader (gopkg.in/yaml.v3) makes of them: `yes` is a text.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..base.input_file import UnreadableFileError, read_text
from ..base.problems import Location

_DEEPEST = 50
_MOST_VALUES = 100_000
"""Keys, values, tables and lists; a stack of a thousand pools has some 50,000."""
_LONGEST_KEY = 1000
_COPIES = 100_000
"""Values that a file may have beyond its own number of characters, by aliases."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGERS = {
    10: re.compile(r"[-+]?(0|[1-9][0-9]*)"),
    8: re.compile(r"[-+]?0[oO]?[0-7]+"),
    16: re.compile(r"[-+]?0[xX][0-9a-fA-F]+"),
    2: re.compile(r"[-+]?0[bB][01]+"),
}
_LONGEST_NUMBER = 100
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def read_yaml(path: Path) -> tuple[Any, dict[Location, int]]:
    """Return a file's content and the lines of its values. Raises UnreadableFileError."""
    text = read_text(path)
    try:
        reader = _Reader(text)
        return reader.value, reader.lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # What lacks its end is found to lack it after the last line.
        where = f":{min(mark.line + 1, max(1, len(text.splitlines())))}" if mark else ""
        raise UnreadableFileError(f"{path}{where}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise UnreadableFileError(f"{path}: {str(error).splitlines()[0]}") from None


@dataclass
class _Open:
    """A table or a list whose end has not come yet."""

    value: dict[str, object] | list[object]
    at: Location
    anchor: str | None
    line: int
    key: str | None = None
    has_key: bool = False
    size: int = 1
    """How many values it holds, itself and what aliases repeat included."""
    merged: list[dict[str, object]] = field(default_factory=list)


class _Reader:
    def __init__(self, text: str) -> None:
        self.value: object = None
        self.lines: dict[Location, int] = {}
        self._anchors: dict[str, tuple[object, int]] = {}
        self._open: list[_Open] = []
        self._budget = _COPIES + len(text)
        self._documents = self._values = 0
        for event in yaml.parse(text, Loader=_Loader):
            self._take(event)

    def _take(self, event: Any) -> None:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _error(event, f"holds more than {_MOST_VALUES} keys and values; leave out what is not a setting")
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _error(event, "holds a second document (---); put all settings into one")
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(self._open) >= _DEEPEST:
                raise _error(event, f"is nested deeper than {_DEEPEST} levels")
            begun: dict[str, object] | list[object] = {} if isinstance(event, yaml.MappingStartEvent) else []
            place = self._place(event)
            # At its end it would have the line of what comes next.
            self.lines.setdefault(place, line)
            self._open.append(_Open(begun, place, event.anchor, line))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(event)
        elif isinstance(event, yaml.ScalarEvent):
            quoted = not event.implicit[0]
            is_key = bool(self._open) and isinstance(self._open[-1].value, dict) and not self._open[-1].has_key
            value = event.value if quoted or is_key else _plain(event.value)
            self._add(event, value, 1, event.anchor, merge=is_key and not quoted and value == "<<")
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _error(event, f"names the anchor {event.anchor}, which is not there")
            value, size = self._anchors[event.anchor]
            self._add(event, value, size, None)

    def _place(self, event: yaml.Event) -> Location:
        if not self._open:
            return ()
        parent = self._open[-1]
        if isinstance(parent.value, list):
            return (*parent.at, len(parent.value))
        if not parent.has_key:
            raise _error(event, "has a table or a list as a key; a key must be a text")
        return (*parent.at, str(parent.key))

    def _add(self, event: Any, value: Any, size: int, anchor: str | None, *, merge: bool = False) -> None:
        self._budget -= size
        if self._budget < 0:
            raise _error(event, "grows far beyond its length by aliases; write the values out")
        if anchor:
            self._anchors[anchor] = (value, size)
        line = event.start_mark.line + 1
        if not self._open:
            self.value = value
            self.lines.setdefault((), line)
            return
        parent = self._open[-1]
        parent.size += size
        if isinstance(parent.value, dict) and not parent.has_key:
            self._begin(event, parent, value, merge)
            return
        self.lines.setdefault(self._place(event), line)
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            tables = value if isinstance(value, list) else [value]
            if not all(isinstance(table, dict) for table in tables):
                raise _error(event, "merges (<<) what is not a table")
            parent.merged += tables
            parent.has_key = False
        else:
            parent.value[parent.key] = value
            parent.has_key = False

    def _begin(self, event: Any, parent: _Open, key: object, merge: bool) -> None:
        if not isinstance(key, str):
            raise _error(event, "has a table or a list as a key; a key must be a text")
        if len(key) > _LONGEST_KEY:
            raise _error(event, f"has a key of {len(key)} characters; at most {_LONGEST_KEY}")
        if key in parent.value:
            raise _error(event, f"has the key {key} twice in one table; keep one")
        parent.key, parent.has_key = (None if merge else key), True
        if not merge:
            self.lines[(*parent.at, key)] = event.start_mark.line + 1

    def _close(self, event: yaml.Event) -> None:
        done = self._open.pop()
        if isinstance(done.value, dict):
            for table in done.merged:
                done.value.update({key: value for key, value in table.items() if key not in done.value})
        if done.anchor:
            self._anchors[done.anchor] = (done.value, done.size)
        # What it holds has been counted as it came.
        self._add(event, done.value, 1, None)
        if self._open:
            self._open[-1].size += done.size


def _plain(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    plain = text.replace("_", "") if text[0] in "+-0123456789" else text
    if len(plain) > _LONGEST_NUMBER:
        return text
    for base, form in _INTEGERS.items():
        if form.fullmatch(plain) and -(2**63) <= (number := int(plain, base)) < 2**64:
            return number
    return float(plain) if _FLOAT.fullmatch(plain) else text


def _error(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
