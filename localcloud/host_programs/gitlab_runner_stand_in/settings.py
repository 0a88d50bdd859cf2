"""Reading, checking and writing `config.toml` as gitlab-runner's decoder does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import tomllib

from ..private_files import write_private
from ..program_stamp import stamp
from . import encoding, toml_text
from .periods import Period, PeriodError, zone

Config = dict[str, Any]

_DURATION = re.compile(r"[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+|[-+]?0")
_LABEL_KEY = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{2,64}")
_LABEL_VALUE = re.compile(r"[a-zA-Z0-9._-]{1,256}")
_MOST_LABELS = 32
_ALIASES = {
    "int64": "int",
    "S3AuthType": "string",
    "Labels": "map[string]string",
    "DockerSysCtls": "map[string]string",
    "AutoscalerSettingsMap": "map[string]any",
    "DockerPullPolicy": "string",
}
_SCALARS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    # The documentation calls an integer for a float fatal; so a renderer had better not write one.
    "float64": lambda value: isinstance(value, float),
    "time.Time": lambda value: isinstance(value, datetime),
    "any": lambda value: True,
}
_TOML_NAMES = [
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "float"),
    (list, "array"),
    (dict, "map"),
]


class ConfigError(Exception):
    """A file that gitlab-runner refuses to load."""


class ConcurrentError(ConfigError):
    """`concurrent` below 1, which ends even a running process."""


def load(path: Path) -> Config:
    """Return the file's content with the defaults of what it leaves out; a missing file is an empty one.

    Raises `ConfigError`; a key that is not known is dropped without a word, as the real program does.
    """
    config, _ = decode(path.read_text(encoding="utf-8")) if path.exists() else ({}, [])
    return {
        "concurrent": 1,
        "check_interval": 0,
        "connection_max_age": "15m0s",
        "shutdown_timeout": 0,
        "session_server": {"session_timeout": 1800},
        "runners": [],
        **config,
    }


def save(path: Path, config: Config) -> None:
    """Write the file anew: comments and unknown keys are gone, as they are after `load`, and defaults are written."""
    given = {key: value for key, value in config.items() if key != "runners" or value}
    write_private(path, toml_text.encode(encoding.encoded("global", given)))


def decode(text: str) -> tuple[Config, list[str]]:
    """Return the known keys, in the program's own order, and the unknown ones' paths; raises `ConfigError`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"toml: {error}") from None
    unknown: list[str] = []
    config = _table("global", raw, "", unknown)
    _validate(config)
    return config, unknown


def _table(section: str, raw: Mapping[str, Any], path: str, unknown: list[str]) -> Config:
    known: dict[str, dict[str, str]] = stamp()["sections"][section]
    spellings = {key.lower(): key for key in known}
    found: Config = {}
    for given, value in raw.items():
        where = f"{path}.{given}" if path else given
        key = given if given in known else spellings.get(given.lower())
        if key is None:
            unknown.append(where)
        else:
            found[key] = _entry(known[key], value, where, unknown)
    return {key: found[key] for key in known if key in found}


def _entry(fact: Mapping[str, str], value: Any, where: str, unknown: list[str]) -> Any:
    kind, go_type = fact["kind"], fact["type"]
    section = fact.get("section", "")
    if kind == "table":
        _demand(isinstance(value, dict), value, where, "struct")
        return _table(section, value, where, unknown) if section in stamp()["sections"] else value
    if kind == "array of tables":
        _demand(isinstance(value, list) and all(isinstance(v, dict) for v in value), value, where, "slice")
        return [_table(section, item, where, unknown) for item in value]
    # Of a policy's scale factor the decoder was seen to take a whole number.
    is_factor = where.endswith(".scale_factor") and isinstance(value, int) and not isinstance(value, bool)
    _demand(is_factor or _fits(go_type, value), value, where, go_type.lstrip("*"))
    return value


def _demand(condition: bool, value: Any, where: str, wanted: str) -> None:
    if not condition:
        has = next((name for python, name in _TOML_NAMES if isinstance(value, python)), "datetime")
        raise ConfigError(
            f'toml: (last key "{where}"): incompatible types: TOML value has type {has}; destination has type {wanted}'
        )


def _fits(go_type: str, value: Any) -> bool:
    go_type = _ALIASES.get(go_type.lstrip("*"), go_type.lstrip("*"))
    if go_type == "StringOrArray":
        return _fits("string", value) or _fits("[]string", value)
    if go_type == "time.Duration":
        return _fits("int", value) or (isinstance(value, str) and bool(_DURATION.fullmatch(value)))
    if go_type.startswith("[]"):
        return isinstance(value, list) and all(_fits(go_type[2:], item) for item in value)
    if go_type.startswith("map[string]"):
        inner = go_type[len("map[string]") :]
        return isinstance(value, dict) and all(_fits(inner, item) for item in value.values())
    return _SCALARS[go_type](value)


def _validate(config: Config) -> None:
    if config.get("concurrent", 1) < 1:
        raise ConcurrentError("concurrent must be at least 1")
    for runner in config.get("runners", []):
        name = runner.get("name", "")
        _validate_labels({**config.get("labels", {}), **runner.get("labels", {})}, name)
        machine = runner.get("machine", {})
        for option in machine.get("MachineOptionsWithName", []):
            if "%s" not in option:
                raise ConfigError(f"runner {name!r}: MachineOptionsWithName {option!r} must contain %s")
        queuing = runner.get("monitoring", {}).get("job_queuing_durations", [])
        for periods, timezone in [
            *((entry.get("Periods", []), entry.get("Timezone", "")) for entry in machine.get("autoscaling", [])),
            *((entry.get("periods", []), entry.get("timezone", "")) for entry in queuing),
        ]:
            _validate_periods(periods, timezone)


def _validate_labels(labels: Mapping[str, str], name: str) -> None:
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise ConfigError(f"runner {name!r}: invalid label {key!r}")
    if len(labels) > _MOST_LABELS:
        raise ConfigError(f"runner {name!r}: more than {_MOST_LABELS} labels")


def _validate_periods(periods: list[str], timezone: str) -> None:
    try:
        zone(timezone)
        for period in periods:
            Period(period)
    except PeriodError as error:
        raise ConfigError(f"invalid time periods {periods}, caused by: {error}") from None
