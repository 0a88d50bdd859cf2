"""The watch: one look at what belongs to the manager, by a systemd timer each minute.

It removes what nobody removes otherwise, ships the journal, and tells Prometheus and CloudWatch. No part of it keeps
another from being done, and none acts while a deployment is under way.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ..aws.api import instance_id
from ..config import drift, snapshot
from ..config.config_toml import in_toml
from ..config.machine_names import templates
from ..config.runners import live_runners, readable_live_runners
from ..contract.constants import DEPLOYMENT
from ..contract.documents import WatchSettings
from ..deployment import activation
from ..executors.docker_autoscaler import watching
from ..executors.docker_autoscaler.groups import sections_by_group
from ..executors.docker_machine import breaker, draining, overrides, reaper, reaping
from ..executors.docker_machine.folders import folders
from ..gitlab import egress, tokens
from ..host import SECRETS, STAGED, WATCH_SETTINGS, StepError, explain, lacks_memory, load, write
from ..lock import WATCH, locked
from ..programs import kept, unit, watch_units
from ..texts import printable
from . import journal_shipping, metrics, watch_state
from .look import Pass, known_by

CURSOR = STAGED / "journal.cursor"
_NEXT_LOOK_SECONDS = 5
_LONGEST_LOOK_BACK = 24 * 3600
_OVERLAP_SECONDS = 60
_LONGEST_STAY_SECONDS = 300
"""Less than systemd gives the service (`watch_units`)."""


def stage(settings: WatchSettings) -> None:
    """Keep the settings and have the watch run by them, or not at all."""
    _note_former_name(settings)
    write(WATCH_SETTINGS, json.dumps(settings))
    if settings["enabled"]:
        watch_units.put(settings["intervalSeconds"])
    else:
        watch_units.remove()
    # Placements that are in use have new options now; and with nobody to look, pauses would never end.
    breaker.run(settings["breaker"], time.time(), activation.apply_again)


def _note_former_name(settings: WatchSettings) -> None:
    """Remember what the stack was called, though no look has been made under that name: its machines have that tag."""
    try:
        former = load(WATCH_SETTINGS).get("deployment")
    except StepError:
        return
    if isinstance(former, str) and former != settings.get("deployment"):
        state = watch_state.read()
        state.deployments[former] = time.time()
        watch_state.keep(state)


def watch(*arguments: str) -> int:
    """Look once and return the exit code. With `--dry-run` only tell what would be removed, and keep nothing."""
    with locked(WATCH, wait=False) as ours:
        if not ours:
            print("another pass is under way")
            return 0
        dry_run = "--dry-run" in arguments
        code = 0 if dry_run else _done([_mend], None)
        settings = watch_state.settings()
        if not settings:
            print("no settings are there yet")
            return code
        if not settings.get("enabled", True):
            print("manager.watch.enabled is false")
            return code
        egress.use_proxy()
        look = Pass(settings, load(SECRETS), watch_state.read(), dry_run or settings["dryRun"])
        if dry_run:
            return _done([_reap], look)
        parts = [_compare, _break, _tend, _reap, _look_at_groups, _ship, _tell, _remember]
        return max(code, _done(parts, look), _done([_stay], look))


def _mend(look: None) -> None:
    with locked(DEPLOYMENT, wait=False) as free:
        if free:
            snapshot.restore()


def _remember(look: Pass) -> None:
    watch_state.keep(look.state)
    with locked(DEPLOYMENT, wait=False) as free:
        if free:
            snapshot.take()


_Look = TypeVar("_Look", Pass, None)


def _done(parts: Sequence[Callable[[_Look], None]], look: _Look) -> int:
    told: set[str] = set()
    for part in parts:
        try:
            part(look)
        except (StepError, OSError, ValueError) as error:
            text = explain(error)
        except Exception as error:
            # An error of this program's in one part is no reason to leave out the others.
            text = explain(error) if lacks_memory(error) else f"{part.__name__.strip('_')}: {error!r}"
        else:
            continue
        # One cause, such as a damaged config.toml, is met by several parts.
        if text not in told:
            print(f"watch: {printable(text)}", file=sys.stderr)
        told.add(text)
    return int(bool(told))


def _compare(look: Pass) -> None:
    """Tell of programs and a unit that are not those that were put in place; an `up` puts them back.

    To do it here would interrupt jobs, and a service that was stopped may have been so on purpose.
    """
    with locked(DEPLOYMENT, wait=False) as free:
        lines = [*kept.replaced(), *unit.replaced()] if free else []
    look.replaced = len(lines)
    for line in lines:
        print(f"watch: {line}", file=sys.stderr)


def _break(look: Pass) -> None:
    with locked(DEPLOYMENT, wait=False) as free:
        if free:
            look.restless = breaker.run(look.settings["breaker"], time.time(), activation.apply_again)


def _stay(look: Pass) -> None:
    """Look on while machines fail, so that the next placement is tried within seconds, until the next pass."""
    longest = min(look.settings["intervalSeconds"], _LONGEST_STAY_SECONDS) if look.restless else 0
    while look.restless and time.time() + _NEXT_LOOK_SECONDS < look.started + longest:
        time.sleep(_NEXT_LOOK_SECONDS)
        look.restless = False
        _break(look)


def _tend(look: Pass) -> None:
    if not look.dry_run:
        with locked(DEPLOYMENT, wait=False) as free:
            if free:
                activation.refresh(look.settings["breaker"]["drift"])
                draining.sweep()


def _look_at_groups(look: Pass) -> None:
    names, state = [*sections_by_group(readable_live_runners())], look.state
    if names:
        before = watching.Kept(state.activities, state.short, state.used, state.unused)
        # The look before may not have seen what was logged while it continued.
        began = watching.jobs_began(max(state.groups_seen, look.started - _LONGEST_LOOK_BACK) - _OVERLAP_SECONDS)
        found = watching.look(look.aws, names, before, began, look.started)
        state.activities, state.short, state.used, state.unused = found.kept
        state.group_failures += found.failures
        state.groups_seen, look.unused = look.started, found.unused
        for line in found.lines:
            print(line)


def _reap(look: Pass) -> None:
    settings, state = look.settings, look.state
    ours = known_by(look, templates(live_runners()))
    # Of pools that made machines until of late something may be left though docker-machine knows nothing of it.
    if settings.get("onlyGroups") and not ours.templates and not any(True for _ in folders()):
        return
    seen = reaping.look(look.aws, settings, ours)
    found = list(reaper.findings(seen, ours, state.in_error, settings["graceMinutes"] * 60))
    for finding in found:
        look.orphans[finding.kind] += 1
    if look.dry_run:
        for finding in found:
            print(f"would remove {finding.kind} {finding.id}: {finding.why}")
        print(f"dry run: {len(found)} would be removed")
    elif found:
        _remove(look, found)
    state.in_error = reaper.machines_in_error(seen, state.in_error)


def _remove(look: Pass, found: list[reaper.Orphan]) -> None:
    with locked(DEPLOYMENT, wait=False) as free:
        if not free:
            print("a deployment is under way: nothing is removed now")
            return
        done = reaping.remove(look.aws, found, print)
    look.state.failed += done.pop("failed")
    look.state.removed = {kind: look.state.removed[kind] + number for kind, number in done.items()}
    look.removed = sum(done.values())


def _ship(look: Pass) -> None:
    group = look.settings["logGroup"]
    if group:
        stream = f"{instance_id() or socket.gethostname()}/journal"
        live = [each.get("token", "") for each in readable_live_runners()]
        clear = {text for text in (*look.secrets.values(), *live, *tokens.known()) if text}
        forms = clear | {in_toml(text) for text in clear}
        to = journal_shipping.Destination(look.aws, group, stream)
        # The longest first: one may begin with another.
        journal_shipping.ship(to, CURSOR, sorted(forms, key=len, reverse=True))


def _tell(look: Pass) -> None:
    settings, state, paused = look.settings, look.state, overrides.load_state()
    total = paused.failures_total + state.group_failures
    now = time.time()
    measured = metrics.Measured(
        removed=state.removed,
        failed=state.failed,
        orphans=look.orphans,
        in_error=sum(since < now - settings["graceMinutes"] * 60 for since in state.in_error.values()),
        spot_failures=total,
        pools_paused=len(paused.paused),
        drifted=drift.drifted(),
        replaced=look.replaced,
        unused=look.unused,
        now=now,
        seconds=now - look.started,
    )
    # A counter that is smaller than before has begun anew.
    lately = total - state.spot_failures if total >= state.spot_failures else total
    state.spot_failures = total
    metrics.write_for_prometheus(Path(settings["metricsFile"]), measured)
    if settings["alarms"]:
        metrics.send_to_cloudwatch(look.aws, settings["deployment"], measured, look.removed, lately)
