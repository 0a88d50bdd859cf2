"""What config.toml becomes where its entries start machines elsewhere than at home: text in, text out.

gitlab-runner rereads the file and makes new machines with the new options. An entry keeps its machines meanwhile, as
they are told by what their names begin with, and its `limit` counts them all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

from .drift import digest
from .host import END, STAGED, load, write
from .runners import in_toml

STATE = STAGED / "breaker.json"
SETTINGS = STAGED / "watch.json"

AS_RENDERED = "as rendered"
TRYING = "trying"
"""Makes one machine to see whether it works, and takes jobs only for the machines that it has."""
HOLDING = "holding"
"""Makes no machine, and takes jobs only for those that it has."""
FILLING = "filling"
"""Makes a number of machines, and takes jobs only for those that it has."""

_MAKES_NONE = -1
"""As IdleCount: there are always more machines than that, so none is made; and with any number but 0 a job is asked for
only while a machine is idle. Source: `Acquire` in executors/docker/machine/provider.go, `composedIdleMachinesExceeded`
in idle_limit_strategy.go of gitlab-runner. Seen with 19.3: only where an idle machine turns out to be gone, the job
that was taken for it makes another."""

Changes = dict[str, dict[str, Any]]
"""Keys and their values by the table's name. A value of None leaves out the key, or the tables of that name."""


@dataclass
class State:
    """What the breaker knows; times are seconds since 1970. Placements go by their names in `planned`."""

    failures_total: int = 0
    seen: float = 0.0
    """Up to when the journal was counted."""
    paused: dict[str, float] = field(default_factory=dict)
    """Placements in which no machines are made, until when."""
    trying: dict[str, float] = field(default_factory=dict)
    """Placements that make one machine, to see whether it works again, since when."""
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Sections that are not as they were rendered, by their names: `label` of the placement, `form`, `machines`, and
    how many jobs `fewer` than its limit one runs that is a copy of another."""
    applied: str = ""
    """The digest of the config.toml that was last put in place, with its placeholders."""


class Entry(NamedTuple):
    """A `[[runners]]` of the staged config.toml."""

    name: str
    limit: int
    lines: list[str]


def load_state() -> State:
    """Return what is kept; what another release has kept besides is left out."""
    known = {each.name for each in fields(State)}
    return State(**{key: value for key, value in load(STATE).items() if key in known})


def save(state: State) -> None:
    """Keep the state."""
    write(STATE, json.dumps(asdict(state)))


def remember(effective: str) -> None:
    """Take down which config.toml, with its placeholders, is in place."""
    state = load_state()
    state.applied = digest(effective)
    save(state)


def planned(plan: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return the entries of the renderer's `placement_plan`, by default of the one that is kept.

    Each has its own `placements` in the order in which it tries them, and its `fallback` those on demand; the `name` of
    one is for people.
    """
    plan = load(SETTINGS).get("breaker", {}) if plan is None else plan
    found = {}
    for name, entry in plan.get("entries", {}).items():
        pool, fallback = plan["pools"][entry["pool"]], entry["fallback"]
        placements = _in_order(entry, pool["placements"], "")
        if fallback:
            fallback = {**fallback, "placements": _in_order(entry, pool["onDemand"], " on demand")}
        found[name] = {**entry, "placements": placements, "fallback": fallback}
    return found


def _in_order(entry: Mapping[str, Any], placements: Sequence[Mapping[str, Any]], kind: str) -> list[dict[str, Any]]:
    first = entry["first"]
    return [
        {**each, "name": f"{entry['pool']} {each['label']}".strip() + kind}
        for each in (*placements[first:], *placements[:first])
    ]


def effective(template: str) -> str:
    """Return the staged config.toml as it is to be now."""
    sections, plan = load_state().sections, planned()
    if not sections:
        return template
    out, entries = split(template)
    for entry in entries:
        out += _section(entry, plan.get(entry.name), sections)
    return "\n".join(out) + "\n"


def _section(entry: Entry, plan: Mapping[str, Any] | None, sections: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an entry, and of its on-demand entry where that is live."""
    own = _changes(plan, sections.get(entry.name))
    yield from _edited(entry.lines, own) if own else entry.lines
    fallback = plan["fallback"] if plan else None
    if fallback and (changes := _changes(fallback, sections.get(fallback["name"]))):
        copied = [line for line in entry.lines if line != END]
        # With as many jobs as the limit, gitlab-runner would not even look at the section that is to try.
        limit = max(1, entry.limit - sections[fallback["name"]]["fewer"])
        changes["runners"] = {"name": fallback["name"], "limit": limit}
        # An empty line before it, as the renderer has it.
        yield from ("", *_edited(copied, changes))


def _changes(plan: Mapping[str, Any] | None, section: Mapping[str, Any] | None) -> Changes:
    placements = plan["placements"] if plan else []
    found = next((each for each in placements if section and each["label"] == section["label"]), None)
    if section is None or found is None:
        return {}  # as rendered, or of settings that are no longer live
    # Of a section that is the pool's only one, name and options at home stand in the file already.
    changes = {key: found[key] for key in ("MachineName", "MachineOptions") if "MachineOptions" in found}
    form, number = section["form"], section["machines"]
    if form != AS_RENDERED:
        changes.update(dict.fromkeys(("IdleCountMin", "IdleScaleFactor", "autoscaling")))
        changes["IdleCount"] = {TRYING: number + 1, HOLDING: _MAKES_NONE, FILLING: number}[form]
        changes["MaxGrowthRate"] = number if form == FILLING else 1
    return {"runners.machine": changes}


def split(template: str) -> tuple[list[str], list[Entry]]:
    """Return the lines before the first entry, and the entries."""
    parts: list[list[str]] = [[]]
    for line, is_toml in _lines(template.splitlines()):
        if is_toml and line == "[[runners]]":
            parts.append([])
        parts[-1].append(line)
    return parts[0], [_entry(lines) for lines in parts[1:]]


def _entry(lines: list[str]) -> Entry:
    pairs = [line.partition(" = ") for line, is_toml in _lines(lines) if is_toml]
    # The first of each is the entry's own, whatever tables come after it.
    found = {key: value for key, _, value in reversed(pairs)}
    return Entry(json.loads(found["name"]), int(found["limit"]), lines)


def _edited(lines: Sequence[str], changes: Changes) -> Iterator[str]:
    keys: dict[str, Any] = {}
    left_out = in_list = False
    for line, is_toml in _lines(lines):
        is_heading = is_toml and line.startswith("[")
        if is_heading:
            table = line.strip("[]")
            keys = changes.get(table, {})
            parent, _, name = table.rpartition(".")
            left_out = name in changes.get(parent, {})
        if in_list:
            in_list = line != "]"
            continue
        if left_out or (is_toml and line.partition(" = ")[0] in keys):
            in_list = not left_out and line.endswith("= [")
            continue
        yield line
        if is_heading:
            yield from (f"{key} = {_in_toml(value)}" for key, value in keys.items() if value is not None)


def _in_toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_in_toml, value)) + "]"
    return f'"{in_toml(value)}"' if isinstance(value, str) else str(value)


def _lines(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is TOML rather than a part of somebody's script.

    The renderer gives scripts three quotes, at their beginning and at their end, and escapes all quotes between them.
    """
    in_script = False
    for line in lines:
        yield line, not in_script
        if line.count('"""') % 2:
            in_script = not in_script
