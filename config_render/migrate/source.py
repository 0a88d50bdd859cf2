"""Reading a config.toml of somebody else's: its content, and on which line what stands."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.input_file import read_bytes
from ..base.problems import NAMESPACE, path_of, without_secrets
from ..base.sizes import too_much
from .places import below, place_of

LARGEST = 1 << 19
"""In bytes. A config.toml of 500 [[runners]] has some 350,000."""
_MOST_DOTS = 50
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'[^']*'""")
_MOST_TRIED = 2 * LARGEST
"""Characters that are read in search of lines; a usual file is read once."""
_MAY_END = re.compile(r"[\]}]|\"\"\"|'''")
_TEMPLATE = re.compile(r"\$\{|\{\{|<%|%\{")
_ENCODINGS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_BOM = b"\xef\xbb\xbf"


class NotTomlError(Exception):
    """The file is no TOML in UTF-8; the text says why, and where: `FILE:LINE: reason`."""


@dataclass(frozen=True)
class Source:
    """A file's content."""

    content: Mapping[str, object]
    lines: Mapping[str, int] = field(default_factory=dict)
    """Lines by places in lower case, such as `runners[0].machine.machineoptions[3]`."""
    notes: tuple[tuple[str, str], ...] = ()
    """What is to be known of the file itself, each with its place."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What places are called where the content was made from something else, by places in lower case."""


def read_toml(path: Path) -> Source:
    """Read a file. Raises UnreadableFileError where it can't be read or is too large, and what `as_toml` raises."""
    return as_toml(read_bytes(path, LARGEST), str(path))


def as_toml(data: bytes, path: str) -> Source:
    """Read the content of a file that messages call `path`.

    Raises:
        NotTomlError: It is not UTF-8, no TOML, or holds far more than any config.toml.
    """
    notes: tuple[tuple[str, str], ...] = ()
    if data.startswith(_BOM):
        # gitlab-runner's reader passes over it too.
        data, notes = data[len(_BOM) :], (("line 1", "the byte order mark (BOM) before the first key is left out"),)
    text = _decoded(path, data)
    # Reading a dotted key takes time by the square of its parts.
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS and _QUOTED.sub("", line).count(".") > _MOST_DOTS:
            raise NotTomlError(f"{path}:{number}: has more than {_MOST_DOTS} dots outside of quotes; take them out")
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise NotTomlError(f"{path}: is nested too deeply; a config.toml has five levels") from None
    except ValueError as error:
        raise NotTomlError(_in_words(path, text, str(error))) from None
    lines = lines_of(text)
    if excess := too_much(content):
        at, reason = excess
        there = lines.get(place_of(at).lower(), 1)
        place = path_of(at).removeprefix(f"{NAMESPACE}:")
        raise NotTomlError(f"{path}:{there}: {place} {reason}; leave out what no runner needs")
    return Source(content, lines, notes)


def _decoded(path: str, data: bytes) -> str:
    if encoding := _ENCODINGS.get(data[:2]):
        raise NotTomlError(f"{path}:1: is written in {encoding}; save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotTomlError(
            f"{path}:{line}: holds the byte 0x{data[error.start]:02x}, which is not UTF-8 but perhaps Latin-1 or "
            "Windows-1252; save the file as UTF-8"
        ) from None


def _in_words(path: str, text: str, reason: str) -> str:
    found = re.search(r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$", reason)
    lines = text.split("\n")
    line = int(found[1]) if found and found[1] else len(text.rstrip("\n").split("\n"))
    what = reason[: found.start()] if found else reason
    where = f" at column {found[2]}" if found and found[2] else " at the end of the file" if found else ""
    hint = ""
    if _TEMPLATE.search(lines[min(line, len(lines)) - 1]):
        hint = "; this looks like a template: take the file that was made from it, from the manager"
    return f"{path}:{line}: is not valid TOML: {without_secrets(what)}{where}{hint}"


def lines_of(text: str) -> dict[str, int]:
    """Return on which line each key stands, and each entry of a list, by their places in lower case.

    The text is cut into statements, each of which is TOML by itself and read by the library. After one whose end takes
    too long to find the lines of the rest are unknown.
    """
    found: dict[str, int] = {}
    counts: Counter[str] = Counter()
    prefix = ""
    for start, statement, parsed in _statements(text.replace("\r\n", "\n")):
        if statement.lstrip().startswith("["):
            prefix = _header(parsed, counts)
            found.setdefault(prefix, start)
        else:
            _add_keys(found, parsed, prefix, start, statement)
    return found


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    lines: list[str] = []
    start, tried = 0, 0
    for number, line in enumerate(text.split("\n"), 1):
        if not lines:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        lines.append(line)
        if len(lines) > 1 and not _MAY_END.search(line):
            continue
        statement = "\n".join(lines)
        tried += len(statement)
        if tried > _MOST_TRIED:
            return
        try:
            parsed = tomllib.loads(statement)
        except ValueError:
            continue
        yield start, statement, parsed
        lines = []


def _header(parsed: Mapping[str, Any], counts: Counter[str]) -> str:
    place, node = "", parsed
    while node:
        key, inner = next(iter(node.items()))
        place = _below(place, key)
        if isinstance(inner, list):
            counts[place] += 1
            return f"{place}[{counts[place] - 1}]"
        if counts[place]:
            place = f"{place}[{counts[place] - 1}]"
        node = inner
    return place


def _add_keys(found: dict[str, int], table: Mapping[str, object], prefix: str, start: int, statement: str) -> None:
    for key, value in table.items():
        place = _below(prefix, key)
        found.setdefault(place, start)
        if isinstance(value, dict):
            _add_keys(found, value, place, start, statement)
        elif isinstance(value, list):
            line, counted, end = start, 0, 0
            for index, item in enumerate(value):
                # Texts with escapes are not found; they then count as on the line of the text before them.
                at = statement.find(item, end) if isinstance(item, str) else -1
                end = end if at < 0 else at + len(item)
                to = max(at, end - 1, counted)
                line, counted = line + statement.count("\n", counted, to), to
                found.setdefault(f"{place}[{index}]", line)


def _below(place: str, key: str) -> str:
    return below(place, key).lower()
