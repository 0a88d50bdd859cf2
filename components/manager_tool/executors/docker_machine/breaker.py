"""The breaker: where machines can't be created, none are for a while, and they are made elsewhere.

AWS answers many refused requests for spot machines with a longer lockout, and gitlab-runner would ask every few
seconds. It tells in its journal of each machine that it created or could not create (`createWithGrowthCapacity` in
executors/docker/machine/provider.go), by a name that ends with the placement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from ... import host
from ...config.drift import digest
from ...config.machine_names import prefix_of
from ...config.runners import live_runners
from ...config.template import TEMPLATE, staged_template
from ...contract.documents import BreakerPlan
from ...programs import journal
from . import overrides
from .folders import Folder, folders
from .overrides import AS_RENDERED, FILLING, HOLDING, TRYING, EntryWays, Override, Placement, State, Ways

_LONGEST_LOOK_BACK = 3600
_RESTLESS_SECONDS = 30
"""How long after a failure more are to be expected."""
_EVENT = re.compile(r"Machine (created|creation failed)")
# After an error's text, which may hold anything, in each of gitlab-runner's log formats.
_NAME = re.compile(r"""\bname["']?[=:]\s*"?([A-Za-z0-9.-]+)""")


class CreationEvent(NamedTuple):
    """What the journal says of one machine."""

    time: float
    machine: str
    failed: bool


def run(settings: BreakerPlan, now: float, apply_again: Callable[[str], None]) -> bool:
    """Look at the journal, then pause placements, try or release them; `now` in seconds since 1970.

    `apply_again` puts config.toml in place anew, by a policy on changes by hand. To be called with the deployments'
    lock held. Returns whether another look is worth while within seconds. Raises `StepError`.
    """
    if not TEMPLATE.exists():
        return False
    state, events = overrides.load_state(), []
    if settings["enabled"]:
        state.seen = min(state.seen, now)
        look_back = max(settings["seconds"], min(now - state.seen, _LONGEST_LOOK_BACK))
        # What a clock that was ahead has stamped would be the newest for as long as it was.
        events = [each for each in _events(now - look_back) if each.time <= now]
        state.failures_total += sum(each.failed and each.time > state.seen for each in events)
        state.seen = max([state.seen, *(each.time for each in events)])
        entries = overrides.planned(settings)
        _decide(state, _by_placement(entries, events), settings, now)
        state.sections = dict(_sections(state, entries, [*folders()]))
    else:
        state.paused, state.trying, state.sections = {}, {}, {}
    _keep(state, partial(apply_again, settings["drift"]))
    failing = any(each.failed and each.time > now - _RESTLESS_SECONDS for each in events)
    trying = any(since > now - _RESTLESS_SECONDS for since in state.trying.values())
    return failing or trying or any(section["form"] == FILLING for section in state.sections.values())


def _keep(state: State, apply_again: Callable[[], None]) -> None:
    former = overrides.load_state()
    overrides.save(state)
    if digest(overrides.effective(staged_template())) != state.applied:
        try:
            apply_again()
        except (host.StepError, OSError):
            # The next run decides again, by what is live.
            overrides.save(former)
            raise


def _decide(state: State, events: Mapping[str, Sequence[CreationEvent]], settings: BreakerPlan, now: float) -> None:
    """Move placements between working, paused and trying."""
    # Times of a clock that was ahead would pause a placement for as long as it was.
    longest = now + settings["coolDownSeconds"]
    state.paused = {name: min(until, longest) for name, until in state.paused.items() if name in events}
    state.trying = {name: min(since, now) for name, since in state.trying.items() if name in events}
    for name, own in events.items():
        if name in state.paused:
            if now >= state.paused[name]:
                del state.paused[name]
                state.trying[name] = now
                print(f"breaker: {name} may make one machine, to see whether it works again")
        elif name in state.trying:
            _judge(state, name, [each for each in own if each.time > state.trying[name]], settings, now)
        elif _in_a_row(own, now - settings["seconds"]) >= settings["failures"]:
            _pause(state, name, f"{settings['failures']} creations in a row failed", settings, now)


def _judge(state: State, name: str, since: Sequence[CreationEvent], settings: BreakerPlan, now: float) -> None:
    if not since:
        return
    del state.trying[name]
    if all(each.failed for each in since):
        _pause(state, name, "it still can't make machines", settings, now)
    else:
        print(f"breaker: {name} makes machines again")


def _pause(state: State, name: str, why: str, settings: BreakerPlan, now: float) -> None:
    state.paused[name] = now + settings["coolDownSeconds"]
    print(f"breaker: {name} makes no machines for {settings['coolDownSeconds']} s: {why}")


def _in_a_row(events: Sequence[CreationEvent], oldest: float) -> int:
    """How many of the newest creations failed without a success after them."""
    count = 0
    for each in events:
        count = count + 1 if each.failed and each.time > oldest else 0
    return count


def _sections(
    state: State, entries: Mapping[str, EntryWays], machines: Sequence[Folder]
) -> Iterator[tuple[str, Override]]:
    """Yield how sections have to be, by their names, where they are not as rendered; on-demand ones are to be live."""
    names, on_ec2 = [each.name for each in machines], [each.name for each in machines if each.instance]
    live = {each.get("name", ""): each for each in live_runners()}
    for name, plan in entries.items():
        placements, fallback, section = plan["placements"], plan["fallback"], live.get(name, {})
        home = placements[0]["label"]
        prefix = prefix_of(section.get("token", ""))
        # gitlab-runner makes no more then: none can be tried, and none is needed on demand.
        full = 0 < section.get("limit", 0) <= _count(on_ec2, prefix, plan)
        label, own = _choice(state, placements, full=full)
        if own == HOLDING:
            label = state.sections[name]["label"] if name in state.sections else home
            if label not in [each["label"] for each in placements]:
                label = home
        if (label, own) != (home, AS_RENDERED):
            yield name, {"label": label, "form": own, "machines": _count(names, prefix, plan)}
        works = any(state.works(each["name"]) for each in placements)
        if fallback and not works and not full:
            label, form = _choice(state, fallback["placements"])
            room = fallback["machines"] - _count(names, prefix, fallback)
            if room <= 0 or form == HOLDING:
                form, label = HOLDING, label or fallback["placements"][0]["label"]
            else:
                form, room = FILLING, 1 if form == TRYING else room
            fewer = int(own == TRYING)
            yield fallback["name"], {"label": label, "form": form, "machines": max(room, 0), "fewer": fewer}


def _choice(state: State, placements: Sequence[Placement], *, full: bool = False) -> tuple[str, str]:
    """Return the label of the first placement that is not paused, and how machines are made there.

    A section that waits for its trial at its limit would keep every machine, however long idle: so it has none then.
    """
    for each in placements:
        if each["name"] in state.trying and not full:
            return each["label"], TRYING
        if state.works(each["name"]):
            return each["label"], AS_RENDERED
    return "", HOLDING


def _count(machines: Sequence[str], prefix: str, plan: Ways) -> int:
    """Count a section's machines by what their names begin with, those included that are just being made."""
    beginning = prefix + plan["placements"][0]["MachineName"].partition("%s")[0]
    return sum(name.startswith(beginning) for name in machines)


def _by_placement(entries: Mapping[str, EntryWays], events: Sequence[CreationEvent]) -> dict[str, list[CreationEvent]]:
    """The events of each placement, by the names that gitlab-runner gives to its machines."""
    patterns = {
        each["name"]: _pattern(each["MachineName"])
        for plan in entries.values()
        for ways in (plan, plan["fallback"])
        for each in (ways["placements"] if ways else ())
    }
    found: dict[str, list[CreationEvent]] = {name: [] for name in patterns}
    for each in events:
        fitting = [name for name, pattern in patterns.items() if pattern.fullmatch(each.machine)]
        if fitting:
            # The part of the token before it may end like the beginning of another entry's.
            found[max(fitting, key=lambda name: len(patterns[name].pattern))].append(each)
    return found


def _pattern(machine_name: str) -> re.Pattern[str]:
    # runner-<part of the token>-<MachineName>: `newMachineName` in executors/docker/machine/name.go.
    return re.compile("runner-[a-z0-9-]{1,9}-" + re.escape(machine_name).replace("%s", "[0-9]+-[0-9a-f]{8}"))


def _events(since: float) -> list[CreationEvent]:
    """What gitlab-runner's journal says of machines, oldest first."""
    found = []
    for time, message in journal.messages(since):
        told, names = _EVENT.search(message), _NAME.findall(message)
        if told and names:
            found.append(CreationEvent(time, names[-1], told[1] != "created"))
    return found
