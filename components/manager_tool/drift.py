"""A config.toml that somebody changed by hand: noticed, shown and kept, before the settings' own takes its place."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .host import HOME, LIVE, STAGED, StepError, load_list, write
from .reach import SECRET
from .runners import OWN_KEYS
from .toml_facts import facts

WRITTEN = STAGED / "written.json"
"""What was put in place, as templates: two of them while one takes the other's place."""
DRIFTED = HOME / "drifted"

_CONFIDENTIAL = re.compile("token|secret|password|key|auth|environment|credential|variables|headers", re.IGNORECASE)
# What gitlab-runner writes where the file says nothing, besides zeros and empty texts.
_DEFAULTS = {"concurrent": 1, "connection_max_age": "15m0s", "session_server.session_timeout": 1800}
_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_MOST_LINES = 100

Written = dict[str, Any]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def written(text: str, template: str, secrets: dict[str, str]) -> Written:
    """What to remember of a file: no secret is in it."""
    return {
        "digest": digest(text),
        "template": template,
        "secrets": {name: digest(secret) for name, secret in secrets.items()},
    }


def remember(*states: Written) -> None:
    write(WRITTEN, json.dumps(states))


def remembered() -> list[Written]:
    return [state for state in load_list(WRITTEN) if {"digest", "template", "secrets"} <= {*state}]


def replacing(new: Written) -> None:
    """Remember what is live now as well as what takes its place: the step may be ended before it does, or after."""
    live = LIVE.read_text() if LIVE.exists() else ""
    known = [state for state in remembered() if not changes(state, live)]
    remember(*(known or [written(live, "", {})])[:1], new)


def drifted() -> bool:
    """Whether config.toml is another than this tool wrote, for reasons that are not gitlab-runner's own."""
    known, live = remembered(), LIVE.read_text() if LIVE.exists() else ""
    return bool(known and live) and all(changes(state, live) for state in known)


def lost(template: str, secrets: dict[str, str]) -> list[str]:
    """The changes by hand that putting `template` in place would undo, as lines of a diff without secrets."""
    if not drifted():
        return []
    live = LIVE.read_text()
    state = remembered()[-1]
    by_hand, undone = changes(state, live), changes(written("", template, secrets), live)
    lines = [line for path in sorted({*by_hand} & {*undone}) for line in _diff(path, *by_hand[path], state["secrets"])]
    return lines[:_MOST_LINES] + [f"... and {len(lines) - _MOST_LINES} more lines"] * (len(lines) > _MOST_LINES)


def refuse(lines: list[str]) -> None:
    """Raise `StepError` where there is something to lose."""
    if lines:
        shown = "\n".join(lines)
        raise StepError(
            f"{LIVE} was changed by hand:\n{shown}\nPut the change into the stack's settings, or undo it on the "
            "manager; or set manager.drift to warn or overwrite to replace the file. Nothing was changed."
        )


def keep(lines: list[str], policy: str) -> None:
    """Keep a copy of the file that is about to be replaced, and say so, where there is something to lose."""
    # gitlab-runner writes a file of its own when it first starts, which has no runners.
    if LIVE.exists() and "[[runners]]" in LIVE.read_text() and not remembered():
        print(f"{LIVE} was there before; it is replaced, and kept as {_copy()}")
    elif lines:
        print(f"{LIVE} was changed by hand; it is replaced, and kept as {_copy()}")
        if policy == "warn":
            print("\n".join(lines))


def _copy() -> Path:
    kept = DRIFTED / f"config-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.toml"
    write(kept, LIVE.read_text())
    return kept


def changes(state: Written, live: str) -> dict[str, tuple[Any, Any]]:
    """What differs between a file as it was written and as it is now, by path."""
    if state["digest"] == digest(live):
        return {}
    was, now = facts(state["template"]), facts(live)
    paths = [path for path in {**was, **now} if not _is_own(path)]
    pairs = {path: (was.get(path), now.get(path)) for path in paths}
    return {path: pair for path, pair in pairs.items() if not _same(path, *pair, state["secrets"])}


def _is_own(path: str) -> bool:
    section, _, key = path.rpartition(".")
    return key in OWN_KEYS and section.startswith("runners[") and section.endswith("]")


def _same(path: str, was: Any, now: Any, secrets: dict[str, str]) -> bool:
    if was == now or (not was and not now):
        return True
    if was is None:
        return bool(_DEFAULTS.get(path) == now)
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return all(_same(path, *pair, secrets) for pair in zip(was, now))
    if not (isinstance(was, str) and isinstance(now, str)):
        return False
    if _DURATION.fullmatch(was) and _DURATION.fullmatch(now):
        return _seconds(was) == _seconds(now)
    names = SECRET.findall(was)
    found = re.fullmatch("(.*)".join(map(re.escape, SECRET.split(was)[::2])), now, re.DOTALL) if names else None
    return found is not None and all(secrets.get(name) == digest(text) for name, text in zip(names, found.groups()))


def _seconds(duration: str) -> float:
    parts = re.findall(r"([\d.]+)([^\d.]+)", duration)
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 9)


def _diff(path: str, was: Any, now: Any, secrets: dict[str, str]) -> list[str]:
    """The lines that show a change; of a list, the items that came and went."""
    gone, come = [[value] if value is not None else [] for value in (was, now)]
    if isinstance(was, list) and isinstance(now, list):
        gone = [item for item in was if not any(_same(path, item, other, secrets) for other in now)]
        come = [item for item in now if not any(_same(path, other, item, secrets) for other in was)]
        if not gone and not come:
            return [f"+{path}: in another order"]
    hidden = _CONFIDENTIAL.search(path.rpartition(".")[2]) or SECRET.search(json.dumps(was))
    return [
        f"{sign}{path} = {'<hidden>' if hidden else _shown(value)}"
        for sign, values in (("-", gone), ("+", come))
        for value in values
    ]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    option, equals, _ = text.partition("=")
    return f'{option}=<hidden>"' if equals and _CONFIDENTIAL.search(option) else text
