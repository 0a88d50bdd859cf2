"""A config.toml that somebody changed by hand: noticed, shown and kept, before the settings' own takes its place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..contract.constants import SECRET
from ..host import HOME, LIVE, STAGED, StepError, load_list, say, warn, write
from . import harmless
from .config_toml import facts, parsed
from .machine_names import by_section, templates
from .runners import OWN_KEYS, live_runners, sections

WRITTEN = STAGED / "written.json"
"""What was put in place, as templates: two of them while one takes the other's place."""
DRIFTED = HOME / "drifted"

_HIDDEN = "<hidden>"
_OPTIONS_KEY = "runners.machine.MachineOptions"
_OPTION_NAME = re.compile("(?:amazonec2|engine|tls)-[a-z0-9-]+")
_PLACE_IN_LIST = re.compile(r"\[[^]]*\]")
# What gitlab-runner writes where the file says nothing, besides zeros and empty texts.
_DEFAULTS = {"concurrent": 1, "connection_max_age": "15m0s", "session_server.session_timeout": 1800}
_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_MOST_LINES = 100
_HEADING = "# As gitlab-runner-aws had written it. Changed by hand since (values that may be secret are not kept):"

Written = dict[str, Any]


def digest(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def written(
    text: bytes,
    template: str,
    secrets: dict[str, str],
    *,
    strict: bool = True,
    machines: Sequence[tuple[str, str]] = (),
) -> Written:
    """What to remember of a file: no secret is in it.

    `strict` says that it has no key that gitlab-runner ignores, `machines` how those of each section are named.
    """
    return {
        "digest": digest(text),
        "template": template,
        "secrets": {name: digest(secret) for name, secret in secrets.items()},
        "strict": strict,
        "machines": machines,
    }


def wanted_machines() -> set[str]:
    """Return the names of the machines that are wanted, with %s: those of the live file, and of sections of the file
    as it was put in place that are not in the live one, as somebody took them out, or the file is cut off.

    gitlab-runner writes it in place, so that a full disk leaves a part (`defaultConfigSaver` in common/config.go).
    Raises `StepError` where the live file does not say what is wanted.
    """
    live = live_runners()
    found = templates(live)
    there = {name for name, _ in by_section(live)}
    put = [each for state in remembered() for each in state.get("machines", ())]
    return found.union(template for name, template in put if name not in there)


def remember(*states: Written) -> None:
    write(WRITTEN, json.dumps(states))


def remembered() -> list[Written]:
    return [state for state in load_list(WRITTEN) if {"digest", "template", "secrets"} <= {*state}]


def replacing(new: Written) -> None:
    """Remember what is live now as well as what takes its place: the step may be ended before it does, or after."""
    live = _live()
    try:
        known = [state for state in remembered() if not changes(state, live)]
    except StepError:
        known = []
    remember(*(known or [written(live, "", {})])[:1], new)


def drifted() -> bool:
    """Whether config.toml is another than this tool wrote, for reasons that are not gitlab-runner's own."""
    known, live = remembered(), _live()
    if not known or not LIVE.exists():
        return False
    try:
        return all(changes(state, live) for state in known)
    except StepError:
        return True  # this tool wrote what can be read


def lost(template: str, secrets: dict[str, str]) -> list[str]:
    """The changes by hand that putting `template` in place would undo, as lines of a diff without secrets."""
    if not drifted():
        return []
    live, state = _live(), remembered()[-1]
    try:
        by_hand, undone = changes(state, live), changes(written(b"", template, secrets), live)
    except StepError as error:
        return [f"it {error}"]
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
    """Keep what is about to be replaced and say so, where there is something to lose."""
    if not remembered() and _is_anybodys():
        warn(f"{LIVE} was there before; it is replaced, and kept as {_put_aside()}")
    elif lines:
        told = f"{LIVE} was changed by hand; it is replaced, and kept as {_copy()}"
        if policy == "warn":
            warn("\n".join([told, *lines]))
        else:
            say(told)


def _put_aside() -> Path:
    """Keep somebody's own file as it is, where it was."""
    kept = LIVE.with_name(f"{LIVE.name}.before-{_now()}")
    write(kept, LIVE.read_bytes())
    return kept


def _is_anybodys() -> bool:
    """Whether there is more than what gitlab-runner writes when it first starts, which has no runners."""
    try:
        return bool(sections(parsed(_live())))
    except StepError:
        return True


def _live() -> bytes:
    return LIVE.read_bytes() if LIVE.exists() else b""


def _copy() -> Path:
    """Keep what was written, and all that was changed in it; less secrets, so less values that may be some."""
    state, kept = remembered()[-1], DRIFTED / f"config-{_now()}.toml"
    try:
        by_hand = changes(state, _live())
    except StepError:
        return _put_aside()  # nobody can tell what in it is secret
    lines = [line for path in sorted(by_hand) for line in _diff(path, *by_hand[path], state["secrets"])]
    write(kept, "\n".join([_HEADING, *(f"#   {line}" for line in lines), "", state["template"]]))
    return kept


def _now() -> str:
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}"


def changes(state: Written, live: bytes) -> dict[str, tuple[object, object]]:
    """What differs between a file as it was written and as it is now, by path. Raises `StepError`."""
    if state["digest"] == digest(live):
        return {}
    was, now = _facts(state["template"]), _facts(live)
    # gitlab-runner keeps no comment when it writes the file, nor a key that it does not know.
    dropped = not state.get("strict", True) and not live.startswith(b"#")
    paths = [path for path in {**was, **now} if not (dropped and path not in now)]
    pairs = {path: (was.get(path), now.get(path)) for path in paths}
    return {path: pair for path, pair in pairs.items() if not _same(path, *pair, state["secrets"])}


def differing(was: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """Return the paths of `facts` whose values differ, except in how gitlab-runner writes what it has read as `was`."""
    return [path for path in {**was, **now} if not _same(path, was.get(path), now.get(path), {})]


@lru_cache(maxsize=4)
def _facts(text: str | bytes) -> dict[str, object]:
    """What a file says, without what gitlab-runner itself writes into the sections of runners."""
    content = parsed(text)
    runners = content.get("runners")
    if not isinstance(runners, list) or not all(isinstance(each, dict) for each in runners):
        return facts(content)
    given = [{key: value for key, value in each.items() if key.lower() not in OWN_KEYS} for each in runners]
    return facts({**content, "runners": given})


def _same(path: str, was: object, now: object, secrets: dict[str, str]) -> bool:
    if path.endswith(".pull_policy") and isinstance(now, list) and isinstance(was, str):
        was = [was]  # one policy may stand without brackets, and gitlab-runner writes them with
    if was == now or (_says_nothing(was) and _says_nothing(now)):
        return True
    if was is None:
        return bool(_DEFAULTS.get(path) == now)
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return all(_same(path, *pair, secrets) for pair in zip(was, now))
    if not isinstance(now, str):
        return False
    if type(was) is int:
        # A duration in nanoseconds, which gitlab-runner writes with its unit.
        return bool(_DURATION.fullmatch(now)) and _seconds(now) == round(was * _SECONDS["ns"], 9)
    if not isinstance(was, str):
        return False
    if _DURATION.fullmatch(was) and _DURATION.fullmatch(now):
        return _seconds(was) == _seconds(now)
    names = SECRET.findall(was)
    found = re.fullmatch("(.*)".join(map(re.escape, SECRET.split(was)[::2])), now, re.DOTALL) if names else None
    return found is not None and all(secrets.get(name) == digest(text) for name, text in zip(names, found.groups()))


def _says_nothing(value: object) -> bool:
    """Whether gitlab-runner may write a value, or leave it out, where the other file has not got it."""
    return not value or (isinstance(value, str) and bool(_DURATION.fullmatch(value)) and _seconds(value) == 0)


def _seconds(duration: str) -> float:
    parts = re.findall(r"([\d.]+)([^\d.]+)", duration)
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 9)


def _diff(path: str, was: object, now: object, secrets: dict[str, str]) -> list[str]:
    """The lines that show a change; of a list, the items that came and went."""
    gone, come = [[value] if value is not None else [] for value in (was, now)]
    if isinstance(was, list) and isinstance(now, list):
        gone = [item for item in was if not any(_same(path, item, other, secrets) for other in now)]
        come = [item for item in now if not any(_same(path, other, item, secrets) for other in was)]
        if not gone and not come:
            return [f"+{_quoted(path)}: in another order"]
    hidden = SECRET.search(json.dumps(was, default=str)) is not None
    return [
        f"{sign}{_quoted(path)} = {_HIDDEN if hidden else _shown(path, value)}"
        for sign, values in (("-", gone), ("+", come))
        for value in values
    ]


def _quoted(path: str) -> str:
    """A path without control characters: names of runners may have any."""
    return json.dumps(path)[1:-1]


def _shown(path: str, value: object) -> str:
    """A value as a message can have it: somebody's own may be a secret wherever the key does not rule that out."""
    key = _PLACE_IN_LIST.sub("", path)
    if key == _OPTIONS_KEY:
        options = value if isinstance(value, list) else [value]
        return ", ".join(_shown_option(str(option)) for option in options)
    in_harmless_table = f"{key.rpartition('.')[0]}." in harmless.KEYS and isinstance(value, bool)
    return json.dumps(value, default=str) if key in harmless.KEYS or in_harmless_table else _HIDDEN


def _shown_option(option: str) -> str:
    name, equals, _ = option.partition("=")
    if name in harmless.OPTIONS:
        return json.dumps(option)
    return f'"{name}={_HIDDEN}"' if equals and _OPTION_NAME.fullmatch(name) else _HIDDEN
