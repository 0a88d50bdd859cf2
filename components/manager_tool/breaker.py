"""The breaker: an entry whose machines can't be created makes none for a while, and others take its jobs.

AWS answers many refused requests for spot machines with a longer lockout, and gitlab-runner would ask every few
seconds. It tells in its journal of each machine that it created or could not create (`createWithGrowthCapacity` in
executors/docker/machine/provider.go).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from . import config, host, pausing
from .machine_folders import folders
from .pausing import Entry, State

_LONGEST_LOOK_BACK = 3600
_NEWS = re.compile(r"Machine (created|creation failed)")
# After an error's text, which may hold anything, in each of gitlab-runner's log formats.
_NAME = re.compile(r"""\bname["']?[=:]\s*"?([A-Za-z0-9.-]+)""")


class News(NamedTuple):
    """What the journal says of one machine."""

    time: float
    machine: str
    failed: bool


def run(settings: dict[str, Any], now: float) -> None:
    """Look at the journal, then pause, try or release entries; `now` in seconds since 1970. Raises `StepError`.

    `settings` are those of the renderer's `breaker_plan`. To be called with the deployments' lock held.
    """
    if not config.TEMPLATE.exists():
        return
    state = pausing.load()
    before = state.limits
    if settings["enabled"]:
        _, entries = pausing.split(config.TEMPLATE.read_text())
        look_back = max(settings["seconds"], min(now - state.seen, _LONGEST_LOOK_BACK))
        news = _news(now - look_back)
        state.failures_total += sum(each.failed and each.time > state.seen for each in news)
        state.seen, state.form = max([state.seen, *(each.time for each in news)]), settings["paused"]
        state.trial_form = settings["trying"]
        _decide(state, entries, news, settings, now)
        state.limits = _limits(state, entries, _machines())
    else:
        state.paused, state.trying, state.limits = {}, {}, {}
    _keep(state, settings["drift"], changed=state.limits != before)


def _keep(state: State, drift_policy: str, *, changed: bool) -> None:
    former = pausing.load()
    pausing.save(state)
    if changed:
        try:
            config.apply_again(drift_policy)
        except (host.StepError, OSError):
            # The next run decides again, by what is live.
            pausing.save(former)
            raise


def _decide(state: State, entries: Sequence[Entry], news: Sequence[News], settings: dict[str, Any], now: float) -> None:
    """Move entries between running, paused and trying."""
    names = {entry.name for entry in entries}
    state.paused = {name: until for name, until in state.paused.items() if name in names}
    state.trying = {name: since for name, since in state.trying.items() if name in names}
    by_entry = _by_entry(entries, news)
    for entry in entries:
        name, own = entry.name, by_entry[entry.name]
        if name in state.paused:
            if now >= state.paused[name]:
                del state.paused[name]
                state.trying[name] = now
                print(f"breaker: {name} may make one machine, to see whether it works again")
        elif name in state.trying:
            _judge(state, name, [each for each in own if each.time > state.trying[name]], settings, now)
        elif _in_a_row(own, now - settings["seconds"]) >= settings["failures"]:
            _pause(state, name, f"{settings['failures']} creations in a row failed", settings, now)


def _judge(state: State, name: str, since: Sequence[News], settings: dict[str, Any], now: float) -> None:
    if not since:
        return
    del state.trying[name]
    if all(each.failed for each in since):
        _pause(state, name, "it still can't make machines", settings, now)
    else:
        print(f"breaker: {name} makes machines again")


def _pause(state: State, name: str, why: str, settings: dict[str, Any], now: float) -> None:
    state.paused[name] = now + settings["coolDownSeconds"]
    print(f"breaker: {name} makes no machines for {settings['coolDownSeconds']} s: {why}")


def _in_a_row(news: Sequence[News], oldest: float) -> int:
    """How many of the newest creations failed without a success after them."""
    count = 0
    for each in news:
        count = count + 1 if each.failed and each.time > oldest else 0
    return count


def _limits(state: State, entries: Sequence[Entry], machines: Sequence[str]) -> dict[str, int]:
    count = {name: len(own) for name, own in _by_entry(entries, [News(0, each, False) for each in machines]).items()}
    limits = {name: count[name] for name in state.paused} | {name: count[name] + 1 for name in state.trying}
    return {entry.name: min(entry.limit, limits[entry.name]) for entry in entries if entry.name in limits}


def _by_entry(entries: Sequence[Entry], news: Sequence[News]) -> dict[str, list[News]]:
    """The news of each entry, by the names that gitlab-runner gives to its machines."""
    found: dict[str, list[News]] = {entry.name: [] for entry in entries}
    patterns = [(entry, _pattern(entry.machine_name)) for entry in entries]
    for each in news:
        fitting = [entry for entry, pattern in patterns if pattern.fullmatch(each.machine)]
        if fitting:
            # The part of the token before it may end like the beginning of another entry's.
            found[max(fitting, key=lambda entry: len(entry.machine_name)).name].append(each)
    return found


def _pattern(machine_name: str) -> re.Pattern[str]:
    # runner-<part of the token>-<MachineName>: `newMachineName` in executors/docker/machine/name.go.
    return re.compile("runner-[a-z0-9-]{1,9}-" + re.escape(machine_name).replace("%s", "[0-9]+-[0-9a-f]{8}"))


def _machines() -> list[str]:
    """The machines that docker-machine has an instance for; one that is being created, or failed, has none yet."""
    return [folder.name for folder in folders() if folder.instance]


def _news(since: float) -> list[News]:
    """What gitlab-runner's journal says of machines, oldest first."""
    command = ("journalctl", "-u", "gitlab-runner", "-o", "json", "--all", "--no-pager", f"--since=@{since:.6f}")
    _, output = host.run(*command)
    found = []
    for line in output.splitlines():
        entry = json.loads(line)
        # A text with control characters comes as its bytes.
        text = entry["MESSAGE"]
        text = text if isinstance(text, str) else bytes(text).decode(errors="replace")
        message = host.COLORS.sub("", text)
        told, names = _NEWS.search(message), _NAME.findall(message)
        if told and names:
            found.append(News(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, names[-1], told[1] != "created"))
    return found
