"""What config.toml becomes where its entries start machines elsewhere than at home: values in, values out.

gitlab-runner rereads the file and makes new machines with the new options. An entry keeps its machines meanwhile, as
they are told by what their names begin with, and its `limit` counts them all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ...config.config_toml import dump, heading
from ...config.drift import digest
from ...config.runners import Runner, staged
from ...host import STAGED, WATCH_SETTINGS, load, write

STATE = STAGED / "breaker.json"

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
    plan = load(WATCH_SETTINGS).get("breaker", {}) if plan is None else plan
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
    """Return the staged config.toml as it is to be now: as it is, comments included, where no section is changed."""
    changed, plan = load_state().sections, planned()
    if not changed:
        return template
    others, runners = staged(template)
    live = [each for runner in runners for each in _live(runner, plan.get(runner.get("name", "")), changed)]
    return dump({**others, "runners": live}, heading(template))


def _live(runner: Runner, plan: Mapping[str, Any] | None, changed: Mapping[str, Any]) -> Iterator[Runner]:
    """Yield a section, and its on-demand section where that is live."""
    yield _with(runner, _changes(plan, changed.get(runner.get("name", ""))))
    fallback = plan["fallback"] if plan else None
    if fallback and (changes := _changes(fallback, changed.get(fallback["name"]))):
        # With as many jobs as the limit, gitlab-runner would not even look at the section that is to try.
        limit = max(1, runner.get("limit", 0) - changed[fallback["name"]]["fewer"])
        yield {**_with(runner, changes), "name": fallback["name"], "limit": limit}


def _with(runner: Runner, changes: Mapping[str, Any]) -> Runner:
    """Return a section with changes of its machines; a value of None leaves out the key."""
    machine = {key: value for key, value in {**runner.get("machine", {}), **changes}.items() if value is not None}
    return {**runner, "machine": machine}


def _changes(plan: Mapping[str, Any] | None, section: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what changes of the keys of a section's machines."""
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
    return changes
