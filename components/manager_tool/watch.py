"""The watch: one look at what belongs to the manager, by a systemd timer each minute.

It removes what nobody removes otherwise, ships the journal, and tells Prometheus and CloudWatch. No part of it keeps
another from being done, and none acts while a deployment is under way.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import (
    breaker,
    config,
    draining,
    drift,
    journal_shipping,
    metrics,
    overrides,
    reaper,
    reaping,
    tokens,
    watch_units,
)
from .aws_api import Aws, instance_id
from .config_toml import in_toml
from .host import LIFE, STAGED, StepError, load, write
from .lock import DEPLOYMENT, WATCH, locked
from .machine_names import templates
from .overrides import SETTINGS
from .reach import SECRETS
from .runners import live_runners, readable_live_runners

STATE = STAGED / "watch-state.json"
CURSOR = STAGED / "journal.cursor"
_DAYS_REMEMBERED = 30
_NEXT_LOOK_SECONDS = 5
_LONGEST_STAY_SECONDS = 300
"""Less than systemd gives the service (`watch_units`)."""
_REMOVAL_SECONDS = 3600
"""What an earlier manager may take for its end after its last job."""


@dataclass
class State:
    """What is kept from one pass to the next."""

    in_error: list[str] = field(default_factory=list)
    templates: dict[str, float] = field(default_factory=dict)
    """Names of machines, with %s, and when config.toml last led to them."""
    removed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(reaper.KINDS, 0))
    failed: int = 0
    spot_failures: int = 0


@dataclass
class Pass:
    """One look."""

    settings: dict[str, Any]
    secrets: dict[str, str]
    state: State
    dry_run: bool
    started: float = field(default_factory=time.time)
    orphans: dict[str, int] = field(default_factory=lambda: dict.fromkeys(reaper.KINDS, 0))
    removed: int = 0
    restless: bool = False
    """Whether the breaker wants to look again within seconds."""

    @property
    def aws(self) -> Aws:
        return reaping.account(self.settings, self.secrets)


def stage(settings: dict[str, Any]) -> None:
    """Keep the settings and have the watch run by them, or not at all."""
    write(SETTINGS, json.dumps(settings))
    if settings["enabled"]:
        watch_units.put(settings["intervalSeconds"])
    else:
        watch_units.remove()
    # Placements that are in use have new options now; and with nobody to look, pauses would never end.
    breaker.run(settings["breaker"], time.time())


def watch(*arguments: str) -> int:
    """Look once and return the exit code. With `--dry-run` only tell what would be removed, and keep nothing."""
    with locked(WATCH, wait=False) as ours:
        if not ours:
            print("another pass is under way")
            return 0
        if not SETTINGS.exists():
            print("no settings are there yet")
            return 0
        settings, state = json.loads(SETTINGS.read_text()), State(**load(STATE))
        if "--dry-run" in arguments:
            return _done([_reap], Pass(settings, load(SECRETS), state, dry_run=True))
        look = Pass(settings, load(SECRETS), state, settings["dryRun"])
        code = _done([_break, _tend, _reap, _ship, _tell], look)
        write(STATE, json.dumps(asdict(state)))
        return max(code, _done([_stay], look))


def last_look() -> None:
    """Remove whatever EC2 has of this deployment's machines, once the runner has stopped and its machines are gone."""
    settings = load(SETTINGS)
    # On a host that was there already nothing tells whether another one has taken its place.
    if not settings.get("enabled") or not settings["ownInstance"]:
        return
    look = Pass(settings, load(SECRETS), State(**load(STATE)), dry_run=False)
    try:
        known = templates(live_runners())
    except StepError as error:
        # Whatever is this deployment's is to go, and it is known by its tag, and by its names of the last days.
        known = set()
        print(f"warning: {error}")
    # The second time for the key pairs of instances that were there the first time.
    for _ in range(2):
        found = list(reaper.findings(reaping.look(look.aws, settings), _ours(look, known), frozenset(), 0))
        reaping.remove(look.aws, found, print)
        if not found:
            break


def _done(parts: list[Any], look: Pass) -> int:
    said: set[str] = set()
    for part in parts:
        try:
            part(look)
        except (StepError, OSError, ValueError) as error:
            # What is wrong with config.toml several parts find out.
            if str(error) not in said:
                print(f"watch: {error}", file=sys.stderr)
            said.add(str(error))
    return int(bool(said))


def _break(look: Pass) -> None:
    with locked(DEPLOYMENT, wait=False) as free:
        if free:
            look.restless = breaker.run(look.settings["breaker"], time.time())


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
                config.refresh(look.settings["breaker"]["drift"])
                draining.sweep()


def _reap(look: Pass) -> None:
    settings, state = look.settings, look.state
    known = templates(live_runners())
    seen = reaping.look(look.aws, settings)
    found = list(reaper.findings(seen, _ours(look, known), {*state.in_error}, settings["graceMinutes"] * 60))
    for finding in found:
        look.orphans[finding.kind] += 1
    if look.dry_run:
        for finding in found:
            print(f"would remove {finding.kind} {finding.id}: {finding.why}")
        print(f"dry run: {len(found)} would be removed")
    elif found:
        _remove(look, found)
    state.in_error = sorted(reaper.machines_in_error(seen))


def _ours(look: Pass, at_present: set[str]) -> reaper.Ours:
    settings, state = look.settings, look.state
    oldest = look.started - _DAYS_REMEMBERED * 86_400
    named = {**state.templates, **dict.fromkeys(at_present, look.started)}
    state.templates = {name: last for name, last in named.items() if last > oldest}
    return reaper.Ours(
        deployment=settings["deployment"],
        profile=settings["profile"],
        group=settings["group"],
        apart=settings["apart"],
        templates={*state.templates},
        manager=instance_id(),
        manager_name=settings["manager"],
        spared_before=_spared_before(look),
    )


def _spared_before(look: Pass) -> float:
    """Where the stack has no instance that would tell of an earlier manager: the beginning of this one, for a while."""
    began = float(load(LIFE).get("began", 0.0))
    patience = look.settings["stopTimeout"] + _REMOVAL_SECONDS
    return 0.0 if look.settings["ownInstance"] or look.started > began + patience else began


def _remove(look: Pass, found: list[reaper.Finding]) -> None:
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
    total = paused.failures_total
    now = time.time()
    measured = metrics.Measured(
        removed=state.removed,
        failed=state.failed,
        orphans=look.orphans,
        in_error=len(state.in_error),
        spot_failures=total,
        pools_paused=len(paused.paused),
        drifted=drift.drifted(),
        now=now,
        seconds=now - look.started,
    )
    # A counter that is smaller than before has begun anew.
    lately = total - state.spot_failures if total >= state.spot_failures else total
    state.spot_failures = total
    metrics.write_for_prometheus(Path(settings["metricsFile"]), measured)
    if settings["alarms"]:
        metrics.send_to_cloudwatch(look.aws, settings["deployment"], measured, look.removed, lately)
