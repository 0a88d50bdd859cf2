"""What config.toml becomes while some of its runner entries are paused: text in, text out.

A paused entry has `limit` at the machines that it has, and asks for jobs only while one of them is idle. So these
machines go on working, none is added, and no job is taken that would wait for a machine in vain. An entry without
machines is left out, as `limit = 0` means no limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from .host import STAGED, write

STATE = STAGED / "breaker.json"
MACHINES = "<machines>"
"""Stands for a number of machines in the form that the renderer made."""

Form = dict[str, dict[str, Any]]
"""Keys and their values by the table's name. A value of null leaves out the key, or the tables of that name."""


@dataclass
class State:
    """What the breaker knows; times are seconds since 1970, entries go by their names."""

    failures_total: int = 0
    seen: float = 0.0
    """Up to when the journal was counted."""
    paused: dict[str, float] = field(default_factory=dict)
    """Entries that make no machines, until when."""
    trying: dict[str, float] = field(default_factory=dict)
    """Entries that may make one machine, to see whether it works again, since when."""
    limits: dict[str, int] = field(default_factory=dict)
    """`limit` of all these; 0 leaves the entry out."""
    form: Form = field(default_factory=dict)
    """Of paused entries."""
    trial_form: Form = field(default_factory=dict)
    """Of those that may make one machine."""


class Entry(NamedTuple):
    """A `[[runners]]` of the staged config.toml."""

    name: str
    machine_name: str
    """With %s where a machine's own number goes."""
    limit: int
    lines: list[str]


def load() -> State:
    return State(**json.loads(STATE.read_text())) if STATE.exists() else State()


def save(state: State) -> None:
    write(STATE, json.dumps(asdict(state)))


def with_pauses(template: str) -> str:
    """The staged config.toml as it is to be now."""
    state = load()
    if not state.limits:
        return template
    out, entries = split(template)
    for entry in entries:
        if entry.name not in state.limits:
            out += entry.lines
        elif state.limits[entry.name] > 0:
            form = state.trial_form if entry.name in state.trying else state.form
            out += _paused(entry.lines, form, state.limits[entry.name])
    return "\n".join(out) + "\n"


def split(template: str) -> tuple[list[str], list[Entry]]:
    """The lines before the first entry, and the entries."""
    parts: list[list[str]] = [[]]
    for line, is_toml in _lines(template.splitlines()):
        if is_toml and line == "[[runners]]":
            parts.append([])
        parts[-1].append(line)
    return parts[0], [_entry(lines) for lines in parts[1:]]


def _entry(lines: list[str]) -> Entry:
    pairs = [line.partition(" = ") for line, is_toml in _lines(lines) if is_toml]
    # The first `name` is the entry's own, whatever tables come after it.
    found = {key: value for key, _, value in reversed(pairs)}
    return Entry(json.loads(found["name"]), json.loads(found["MachineName"]), int(found["limit"]), lines)


def _paused(lines: list[str], form: Form, limit: int) -> Iterator[str]:
    keys: dict[str, Any] = {}
    left_out = False
    for line, is_toml in _lines(lines):
        is_heading = is_toml and line.startswith("[")
        if is_heading:
            table = line.strip("[]")
            keys = form.get(table, {})
            parent, _, name = table.rpartition(".")
            left_out = name in form.get(parent, {})
        if left_out or (is_toml and line.partition(" = ")[0] in keys):
            continue
        yield line
        if is_heading:
            for key, value in keys.items():
                if value is not None:
                    yield f"{key} = {limit if value == MACHINES else value}"


def _lines(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is TOML rather than a part of somebody's script.

    The renderer gives scripts three quotes, at their beginning and at their end, and escapes all quotes between them.
    """
    in_script = False
    for line in lines:
        yield line, not in_script
        if line.count('"""') % 2:
            in_script = not in_script
