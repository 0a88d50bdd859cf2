"""The `[[runners]]` sections of config.toml."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..host import LIVE, StepError
from .config_toml import parse, parsed, read

OWN_KEYS = ("id", "token", "token_obtained_at", "token_expires_at")
"""What gitlab-runner itself writes into a `[[runners]]` section, at registration and when it rotates a token."""

AUTOSCALER = "docker-autoscaler"
"""The executor whose instances are those of an Auto Scaling group, and no machines of docker-machine's."""

_KINDS: dict[str, type] = {
    **dict.fromkeys(("name", "url", "token", "executor"), str),
    **dict.fromkeys(("id", "limit"), int),
    **dict.fromkeys(("token_obtained_at", "token_expires_at"), datetime),
    "machine": dict,
    "autoscaler": dict,
}
_TABLE_KINDS: dict[str, dict[str, type]] = {
    "machine": {"MachineName": str},
    "autoscaler": {"plugin": str, "plugin_config": dict, "connector_config": dict, "policy": list},
}
_IN_TOML = {str: "text", int: "a number", datetime: "a date and time", dict: "a table", list: "a list of tables"}

Runner = dict[str, Any]


def sections(content: Mapping[str, object]) -> list[Runner]:
    """Return the `[[runners]]` of a document; keys that this tool needs are spelled as in gitlab-runner's reference.

    Raises `StepError` for what gitlab-runner would refuse to load.
    """
    found = _spelled(content, {"runners": list}, "").get("runners", [])
    return [_section(each, f"runners[{number}]") for number, each in enumerate(found)]


def staged(template: str) -> tuple[dict[str, object], list[Runner]]:
    """Return what the settings' config.toml says beside its sections, and these: one at least. Raises `StepError`."""
    try:
        content = parsed(template)
        found = sections(content)
    except StepError as error:
        raise StepError(f"the settings' config.toml {error}; nothing was changed") from None
    if not found:
        raise StepError("the settings' config.toml has no [[runners]]; nothing was changed")
    return {key: value for key, value in content.items() if key.lower() != "runners"}, found


def _section(section: object, path: str) -> Runner:
    if not isinstance(section, Mapping):
        raise StepError(f"says {path} as something else than a table, which gitlab-runner refuses")
    found = _spelled(section, _KINDS, f"{path}.")
    for name, kinds in _TABLE_KINDS.items():
        if name in found:
            found[name] = _spelled(found[name], kinds, f"{path}.{name}.")
    return found


def _spelled(table: Mapping[str, object], kinds: Mapping[str, type], path: str) -> Runner:
    """Return a table with known keys as the reference has them: gitlab-runner takes them in upper and lower case."""
    known = {key.lower(): key for key in kinds}
    found: dict[str, object] = {}
    for given, value in table.items():
        key = known.get(given.lower(), given)
        if key in kinds and not (isinstance(value, kinds[key]) and not isinstance(value, bool)):
            raise StepError(f"has a {path}{given} that is not {_IN_TOML[kinds[key]]}, which gitlab-runner refuses")
        # Of several spellings the reference's own counts.
        if key == given or key not in table:
            found[key] = value
    return found


def live_runners() -> list[Runner]:
    """Return the sections of the live config.toml: one at least.

    Raises `StepError` where the file is missing, can't be read or has none, as nothing may be concluded then.
    """
    content = read(LIVE)
    try:
        found = sections(content)
    except StepError as error:
        raise StepError(f"{LIVE} {error}; correct it") from None
    if not found:
        raise StepError(f"{LIVE} has no [[runners]]: nothing is known of this deployment's machines; correct it")
    return found


def readable_live_runners() -> list[Runner]:
    """Return the sections of the live config.toml as far as it can be read: for who concludes nothing from the rest."""
    try:
        return sections(parsed(LIVE.read_bytes())) if LIVE.exists() else []
    except StepError:
        return []


def own_keys(section: Mapping[str, object]) -> dict[str, str]:
    """Return the keys that gitlab-runner itself writes into a section, in TOML, as `tokens` keeps them."""
    return {key: _in_toml(section[key]) for key in OWN_KEYS if key in section}


def values(own: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    """Yield keys, whose values are in TOML, with the values themselves. Raises `StepError` where one is more."""
    for key, text in own.items():
        try:
            found = parse(f"{key} = {text}")
        except StepError as error:
            raise StepError(f"the {key} of a runner {error}; nothing was changed") from None
        if [*found] != [key]:
            raise StepError(f"the {key} of a runner is more than one value; nothing was changed")
        yield key, found[key]


def _in_toml(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return json.dumps(value)


def show_ids() -> None:
    """Print the ids at GitLab that sections of the live config.toml have, by the sections' names."""
    print(json.dumps({each.get("name", ""): each["id"] for each in live_runners() if "id" in each}, indent=0))
