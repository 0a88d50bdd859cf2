"""Tables of config.toml as tables of a stack's settings: key by key, less secrets and what is empty."""

import datetime
import math
import re
from collections.abc import Mapping

from ..base.marks import Mark, marked
from ..base.secret_texts import holds_secret, is_plain, names_a_secret
from ..base.section import ConfigTable, child_tables
from ..base.typos import one_edit_apart
from ..base.values import INT64
from ..settings.autoscaler import AutoscalerKeys, ConnectorConfig, Policy
from ..settings.cache import CacheKeys
from ..settings.docker import Docker
from ..settings.machine import Autoscaling, Machine
from ..settings.process import GlobalKeys
from .findings import Findings
from .old_keys import GONE
from .periods import cron_fields, seven_fields
from .places import below

GITLABS_DEFAULTS: Mapping[type[ConfigTable], Mapping[str, object]] = {
    GlobalKeys: {"concurrent": 1},
    CacheKeys: {"Shared": False},
    Docker: {"disable_cache": False},
    Machine: {"IdleTime": 0},
    Autoscaling: {"IdleTime": 0},
    Policy: {"periods": ["* * * * *"], "idle_time": "0s"},
}
"""What gitlab-runner takes for a key that is left out, where these settings' own default is another.
https://docs.gitlab.com/runner/configuration/advanced-configuration/"""

_ELSEWHERE = ("runners", "url", "executor", "cache", "id", "token", "token_obtained_at", "token_expires_at")
"""Keys that become other settings, or that gitlab-runner writes itself."""
_ON_THE_MANAGER = {
    "tls-ca-file": "it is a file on the old manager; put its text into gitlab.ca",
    "tls-cert-file": "it is a file on the old manager, and no setting puts one onto the new manager; copy it there, "
    "and set tls-cert-file and tls-key-file in the pool",
    "tls-key-file": "it is a file on the old manager, and no setting puts one onto the new manager; copy it there, "
    "and set tls-cert-file and tls-key-file in the pool",
    "CredentialsFile": "it is a file on the old manager; set AccessID to its client_email, and PrivateKey to a "
    "secret's name, whose secret is its private_key",
}
_DURATIONS: Mapping[type[ConfigTable], tuple[str, ...]] = {
    AutoscalerKeys: (
        *("instance_acquire_timeout", "update_interval", "update_interval_when_expecting"),
        *("deletion_retry_interval", "shutdown_deletion_interval"),
    ),
    ConnectorConfig: ("keepalive", "timeout"),
    Policy: ("idle_time",),
}
_SECOND = 10**9
_SECRET_VARIABLE = re.compile(
    r"TOKEN|SECRET|PASS(?!IVE)|PWD|KEY|AUTH|CREDENTIAL|DSN|WEBHOOK|SIGNATURE|_PAT$", re.IGNORECASE
)
_ZERO_IS_NONE = ("request_concurrency", "query_interval")
_EMPTY: tuple[object, ...] = ("", [], {})


def in_camel_case(text: str) -> str:
    """Return a name for a secret, such as `cacheAccessKey` for `cache-AccessKey` and `sentryDsn` for `sentry_dsn`."""
    name = "".join(word[:1].upper() + word[1:] for word in re.split("[_-]", text))
    return name[:1].lower() + name[1:]


class Tables:
    """Reads tables, and tells `findings` what is otherwise in the settings."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def read(self, model: type[ConfigTable], given: Mapping[str, object], at: str) -> dict[str, object]:
        """Return the table of settings that a table of config.toml is, at the place `at`.

        Values of a wrong type stay what they are.
        """
        # gitlab-runner finds keys as they are spelled, else without regard to case.
        known = {key.lower(): key for key in model.known_keys() if key != "extra"}
        refused = {key.lower(): reason for key, reason in model.refused().items()}
        result, extra = dict(GITLABS_DEFAULTS.get(model, {})), {}
        for key, value in given.items():
            place, lowered = below(at, key), key.lower()
            if lowered in _ELSEWHERE or is_empty(value):
                continue
            if lowered in known:
                name = known[lowered]
                if key != name and name in given:
                    self._findings.left_out(place, f"{name} is there too, and gitlab-runner takes one of them")
                elif name in _ON_THE_MANAGER:
                    self._findings.left_out(place, _ON_THE_MANAGER[name])
                elif value != 0 or name not in _ZERO_IS_NONE:
                    result[name] = self._value(model, name, value, place)
            elif lowered in refused or lowered in GONE:
                if value:
                    self._findings.left_out(place, GONE.get(lowered) or f"it {refused[lowered]}")
            elif (kept := self._unknown(key, value, place, known)) is not None:
                extra[key] = kept
        return {**result, "extra": extra} if extra else result

    def _value(self, model: type[ConfigTable], key: str, value: object, place: str) -> object:
        inner = child_tables(model).get(key)
        if inner is not None and issubclass(inner, ConfigTable):
            if isinstance(value, dict):
                return self.read(inner, value, place)
            if isinstance(value, list):
                entries = [self._entry(inner, each, f"{place}[{n}]") for n, each in enumerate(value)]
                return self._with_periods(entries, place) if inner in (Autoscaling, Policy) else entries
        if key in marked(model, Mark.SECRET) and isinstance(value, str):
            return self._findings.secret(in_camel_case(f"cache-{key}" if ".cache." in place else key), value, place)
        if key == "environment" and isinstance(value, list):
            return [self.variable(each, f"{place}[{n}]") for n, each in enumerate(value)]
        if key in ("Periods", "periods") and isinstance(value, list):
            read = cron_fields if model is Policy else seven_fields
            return read(value, place, self._findings)
        if key in _DURATIONS.get(model, ()) and _is_number(value):
            return self._duration(value, place)
        return self.without_secrets(value, key, place)

    def _entry(self, model: type[ConfigTable], value: object, place: str) -> object:
        if isinstance(value, str) and "name" in model.known_keys():
            value = {"name": value}  # as services were written until gitlab-runner 12.9
        return self.read(model, value, place) if isinstance(value, dict) else value

    def _duration(self, value: object, place: str) -> object:
        if isinstance(value, int) and (value == 0 or value >= _SECOND):
            written = f"{value // _SECOND}s"
            self._findings.note(place, f'becomes "{written}": a number counts nanoseconds')
            return written
        self._findings.refuse(place, value, f'counts nanoseconds; write seconds as text, as "{value}s"')
        return value

    def _with_periods(self, entries: list[object], place: str) -> list[object]:
        kept = []
        for index, entry in enumerate(entries):
            if isinstance(entry, dict) and not (entry.get("Periods") or entry.get("periods")):
                self._findings.left_out(f"{place}[{index}]", "it has no period that can be used, so it never holds")
            else:
                kept.append(entry)
        return kept

    def variable(self, variable: object, place: str) -> object:
        """Return NAME=value with a placeholder for a value that is a secret."""
        name, _, value = variable.partition("=") if isinstance(variable, str) else ("", "", "")
        if value and (_SECRET_VARIABLE.search(name) or holds_secret(value) or holds_secret(variable)):
            return f"{name}={self._findings.secret(name or 'variable', value, place)}"
        return self.without_secrets(variable, "variable", place)

    def without_secrets(self, value: object, wish: str, place: str) -> object:
        """Return a value with placeholders for the secrets in its texts."""
        if isinstance(value, str):
            return self._findings.without_secrets(value, wish, place)
        if isinstance(value, list):
            return [self.without_secrets(item, wish, f"{place}[{n}]") for n, item in enumerate(value)]
        if isinstance(value, dict):
            return {
                self._findings.without_secrets(key, wish, place): self.hidden(item, key, below(place, key))
                if names_a_secret(key)
                else self.without_secrets(item, key, below(place, key))
                for key, item in value.items()
            }
        return value

    def _unknown(self, key: str, value: object, place: str, known: Mapping[str, str]) -> object:
        near = next((name for lowered, name in known.items() if one_edit_apart(lowered, key.lower())), None)
        if near is not None:
            self._findings.left_out(place, f"gitlab-runner knows no such key; if {near} is meant, set that")
            return None
        if not _fits(value) or holds_secret(key):
            self._findings.left_out(place, "these settings do not know it, and its value can't be carried over")
            return None
        self._findings.note(
            place,
            "becomes a key under extra: gitlab-runner 19.3 does not know it, and passes over what it does not know",
        )
        return self.hidden(value, key, place, always=names_a_secret(key))

    def hidden(self, value: object, wish: str, place: str, *, always: bool = True) -> object:
        """Return what stands at an unknown key, with placeholders for all texts that may be secrets."""
        if isinstance(value, str):
            if not value or (not always and is_plain(value)):
                return value
            return self._findings.secret(_camel(wish), value, place)
        if isinstance(value, list):
            return [self.hidden(item, wish, f"{place}[{n}]", always=always) for n, item in enumerate(value)]
        if isinstance(value, dict):
            return {
                key: self.hidden(item, key, below(place, key), always=always or names_a_secret(f"{wish}.{key}"))
                for key, item in value.items()
            }
        # A placeholder is a text, and a number or a truth value need not be hidden unless a key says so.
        return self._findings.secret(_camel(wish), str(value), place) if always and _is_number(value) else value


def is_empty(value: object) -> bool:
    """Return whether gitlab-runner would take a value for one that is left out: no text, no entries, empty tables."""
    if isinstance(value, dict):
        return all(is_empty(item) for item in value.values())
    return isinstance(value, str | list) and value in _EMPTY


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(value: object) -> bool:
    """Return whether an unknown key's value can be written to YAML and to TOML again."""
    if isinstance(value, dict):
        return all(not holds_secret(key) and _fits(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_fits, value))
    if isinstance(value, datetime.date | datetime.time):
        return False
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -INT64 <= value < INT64


def _camel(key: str) -> str:
    first, *rest = re.split(r"[^A-Za-z0-9]+", key.strip("-_ ")) or [""]
    return "".join([first, *(part[:1].upper() + part[1:] for part in rest)])
