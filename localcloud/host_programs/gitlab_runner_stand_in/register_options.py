"""The options of `register`: flags, environment and template, and the [[runners]] entry that they make."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..go_flags import Flag, Parsed
from ..program_stamp import stamp
from . import settings
from .log import FatalError, say

_KINDS = {"string": "string", "bool": "bool", "int": "int", "int64": "int", "float64": "float"}
_SHORT = {"url": "u", "token": "t"}


def flags() -> list[Flag]:
    """The command's flags: its own, and one for nearly every setting of a [[runners]] entry."""
    own = [
        Flag("template-config", env="TEMPLATE_CONFIG_FILE"),
        Flag("non-interactive", "bool", "n", "REGISTER_NON_INTERACTIVE"),
        Flag("leave-runner", "bool", env="REGISTER_LEAVE_RUNNER"),
        Flag("registration-token", short="r", env="REGISTRATION_TOKEN"),
        Flag("tag-list", env="RUNNER_TAG_LIST"),
        Flag("run-untagged", "bool", env="REGISTER_RUN_UNTAGGED", default=False),
        Flag("locked", "bool", env="REGISTER_LOCKED", default=True),
        Flag("access-level", env="REGISTER_ACCESS_LEVEL"),
        Flag("maximum-timeout", "int", env="REGISTER_MAXIMUM_TIMEOUT"),
        Flag("paused", "bool", env="REGISTER_PAUSED", default=False),
        Flag("maintenance-note", env="REGISTER_MAINTENANCE_NOTE"),
        Flag("name", env="RUNNER_NAME"),
    ]
    return own + [flag for flag, _ in _setting_flags()]


def _setting_flags() -> list[tuple[Flag, list[str]]]:
    """Each flag of a setting, with the setting's path below [[runners]]."""
    found = []
    for section, keys in stamp()["sections"].items():
        for key, fact in keys.items():
            kind = "list" if fact["type"] == "[]string" else _KINDS.get(fact["type"].lstrip("*"))
            if "flag" in fact and kind:
                flag = Flag(fact["flag"], kind, _SHORT.get(fact["flag"], ""), fact.get("env", ""))
                found.append((flag, [*section.split(".")[1:], key]))
    return found


def entry_from(parsed: Parsed) -> dict[str, Any]:
    """The entry as the command line, the environment and the template file give it. Raises `FatalError`."""
    entry: dict[str, Any] = {}
    if parsed.values["name"]:
        entry["name"] = parsed.values["name"]
    for flag, path in _setting_flags():
        if flag.name in parsed.given:
            table = entry
            for step in path[:-1]:
                table = table.setdefault(step, {})
            table[path[-1]] = parsed.values[flag.name]
    _merge(entry, _template(parsed.values["template-config"]))
    return entry


def _template(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    say(f'Merging configuration from template file "{path}"')
    try:
        config, _ = settings.decode(Path(path).read_text(encoding="utf-8"))
    except (OSError, settings.ConfigError) as error:
        reason = f"couldn't load configuration template file: {error}"
    else:
        if len(config.get("runners", [])) == 1:
            return {key: value for key, value in config["runners"][0].items() if key != "token"}
        reason = "configuration template must contain exactly one [[runners]] entry"
    raise FatalError(f"Could not handle configuration merging from template file: {reason}")


def _merge(entry: dict[str, Any], template: Mapping[str, Any]) -> None:
    """Fill what is empty from the template; what was given on the command line wins."""
    for key, value in template.items():
        if isinstance(value, dict) and isinstance(entry.get(key), dict):
            _merge(entry[key], value)
        elif not entry.get(key):
            entry[key] = value
