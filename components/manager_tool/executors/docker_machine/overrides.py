"""What config.toml becomes where its entries start machines elsewhere than at home: values in, values out.

gitlab-runner rereads the file and makes new machines with the new options. An entry keeps its machines meanwhile, as
they are told by what their names begin with, and its `limit` counts them all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TypedDict, cast

from ...config.config_toml import dump, heading
from ...config.drift import digest
from ...config.runners import Runner, staged
from ...contract.documents import BreakerPlan, EntryPlan, PlacedOptions, PlacementPlan
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


class Placement(PlacedOptions):
    """Where and how machines are made; `name` distinguishes it from all others, for people too."""

    name: str


class Ways(TypedDict):
    """Where a section may make machines, in the order in which it tries them; at home first."""

    placements: list[Placement]


class FallbackWays(Ways):
    """The same of the section with on-demand machines that stands in for another, and how many it may have."""

    name: str
    machines: int


class EntryWays(Ways):
    """The same of an entry of the settings' config.toml."""

    fallback: FallbackWays | None


class _Override(TypedDict):
    label: str
    form: str
    machines: int


class Override(_Override, total=False):
    """How a section is that is not as it was rendered: the placement's `label`, the `form`, a number of `machines`.

    One that is a copy of another runs so many jobs `fewer` than the other's limit.
    """

    fewer: int


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
    sections: dict[str, Override] = field(default_factory=dict)
    """Sections that are not as they were rendered, by their names."""
    applied: str = ""
    """The digest of the config.toml that was last put in place, with its placeholders."""

    def works(self, placement: str) -> bool:
        """Whether machines are made there as always: it is neither paused nor tried."""
        return placement not in self.paused and placement not in self.trying


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


def kept_plan() -> BreakerPlan:
    """Return what the last deployment has brought."""
    return cast("BreakerPlan", load(WATCH_SETTINGS).get("breaker", {}))


def planned(plan: PlacementPlan | BreakerPlan) -> dict[str, EntryWays]:
    """Return where the entries of a plan may make machines."""
    found: dict[str, EntryWays] = {}
    for name, entry in plan.get("entries", {}).items():
        pool, own = plan["pools"][entry["pool"]], entry["fallback"]
        fallback: FallbackWays | None = None
        if own:
            on_demand = _in_order(entry, pool["onDemand"], " on demand")
            fallback = {"name": own["name"], "machines": own["machines"], "placements": on_demand}
        found[name] = {"placements": _in_order(entry, pool["placements"], ""), "fallback": fallback}
    return found


def _in_order(entry: EntryPlan, placements: Sequence[PlacedOptions], kind: str) -> list[Placement]:
    first = entry["first"]
    return [
        {**each, "name": f"{entry['pool']} {each['label']}".strip() + kind}
        for each in (*placements[first:], *placements[:first])
    ]


def effective(template: str) -> str:
    """Return the staged config.toml as it is to be now: as it is, comments included, where no section is changed."""
    changed, plan = load_state().sections, planned(kept_plan())
    if not changed:
        return template
    others, runners = staged(template)
    live = [each for runner in runners for each in _live(runner, plan.get(runner.get("name", "")), changed)]
    return dump({**others, "runners": live}, heading(template))


def _live(runner: Runner, plan: EntryWays | None, changed: Mapping[str, Override]) -> Iterator[Runner]:
    """Yield a section, and its on-demand section where that is live."""
    changes = _changes(plan, changed.get(runner.get("name", "")))
    # A section of another executor has no table of machines, and gets none.
    yield _with(runner, changes) if changes else runner
    fallback = plan["fallback"] if plan else None
    if fallback and (changes := _changes(fallback, changed.get(fallback["name"]))):
        # With as many jobs as the limit, gitlab-runner would not even look at the section that is to try.
        limit = max(1, runner.get("limit", 0) - changed[fallback["name"]]["fewer"])
        yield {**_with(runner, changes), "name": fallback["name"], "limit": limit}


def _with(runner: Runner, changes: Mapping[str, object]) -> Runner:
    """Return a section with changes of its machines; a value of None leaves out the key."""
    machine = {key: value for key, value in {**runner.get("machine", {}), **changes}.items() if value is not None}
    return {**runner, "machine": machine}


def _changes(plan: Ways | None, section: Override | None) -> dict[str, object]:
    """Return what changes of the keys of a section's machines."""
    placements = plan["placements"] if plan else []
    found = next((each for each in placements if section and each["label"] == section["label"]), None)
    if section is None or found is None:
        return {}  # as rendered, or of settings that are no longer live
    # Of a section that is the pool's only one, name and options at home stand in the file already.
    changes: dict[str, object] = {}
    if "MachineOptions" in found:
        changes = {"MachineName": found["MachineName"], "MachineOptions": found["MachineOptions"]}
    form, number = section["form"], section["machines"]
    if form != AS_RENDERED:
        changes.update(dict.fromkeys(("IdleCountMin", "IdleScaleFactor", "autoscaling")))
        changes["IdleCount"] = {TRYING: number + 1, HOLDING: _MAKES_NONE, FILLING: number}[form]
        changes["MaxGrowthRate"] = number if form == FILLING else 1
    return changes
