"""The settings that differ from those of the last `pulumi up`, each with its place in the stack file.

An `AutoscalingRunner` keeps the settings that it was deployed with among its outputs in the state: the old values are
those, whatever branch a merge request is made for, and whether a value stood in the stack file, in a file that it
extends or in a program.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import Any

from config_render import Settings
from config_render.base.placeholders import TOKENS
from config_render.base.problems import NAMESPACE, Location, never_shown, path_of, shown
from config_render.base.section import Section, child_tables
from config_render.files.stack_file import StackFile

from .events import Step, plain

SET = "(set)"
"""Stands for a table whose settings are all left to their defaults, and for a value that is there and not shown."""

_RUNNER = "gitlab-runner-aws:index:AutoscalingRunner"
_ACCESS_KEY = "aws:iam/accessKey:AccessKey"

_TABLE = object()
_LONGEST = 100
_POOLS = "pools"


@dataclass(frozen=True)
class SettingChange:
    """One setting that differs."""

    path: str
    """As the stack file spells it, without the namespace: `pools[0].limit`; of several secrets, all their names."""
    before: str | None
    """None where there was none; `SET` where it is not shown."""
    after: str | None
    where: str = ""
    """FILE:LINE, or FILE where that is all that is known; empty for settings that are in no stack file."""


@dataclass(frozen=True)
class RunnerSettings:
    """What differs in the settings of one runner."""

    runner: str
    """The name of the AutoscalingRunner."""
    known: bool
    """Whether the settings that it was last deployed with are known."""
    changes: tuple[SettingChange, ...] = ()


def runner_settings(metadata: Step, steps: Iterable[Step]) -> RunnerSettings | None:
    """Return what differs in the settings of the runner whose outputs the engine tells of, `steps` being its plan.

    None for other resources, and for a runner of a release that has no settings among its outputs.
    """
    old, new = (((metadata.get(state) or {}).get("outputs") or {}) for state in ("old", "new"))
    if metadata["type"] != _RUNNER or not isinstance(new.get("settings"), dict):
        return None
    name = str(metadata["urn"]).rpartition("::")[2]
    if metadata["op"] != "create" and not isinstance(old.get("settings"), dict):
        return RunnerSettings(name, known=False)
    before, after = ([str(each) for each in state.get("secret_names") or ()] for state in (old, new))
    changed = [
        *setting_changes(plain(old.get("settings") or {}), plain(new["settings"])),
        *secret_changes(before, after, differ=_secrets_differ(name, steps)),
    ]
    return RunnerSettings(name, known=True, changes=tuple(changed))


def _secrets_differ(runner: str, steps: Iterable[Step]) -> bool:
    """Return whether the step that passes the secrets to the manager gets others, and nothing else explains that.

    An access key that the stack makes is among them.
    """
    differ = False
    for step in steps:
        name, changes = str(step["urn"]).rpartition("::")[2], step["op"] != "same"
        if changes and step["type"] == _ACCESS_KEY:
            return False
        if name == f"{runner}-registration-secrets":
            differ = step["op"] == "update" and "stdin" in (step.get("diffs") or ())
    return differ


def setting_changes(before: Mapping[str, object], after: Mapping[str, object]) -> Iterable[SettingChange]:
    """Yield what differs between two tables that `Settings.given` has returned, in the order of the paths."""
    names = [str(pool.get("name")) for pool in _tables(after.get(_POOLS))]
    gone = [str(pool.get("name")) for pool in _tables(before.get(_POOLS)) if pool.get("name") not in names]
    old, new = _flat(_aligned(before, names)), _flat({**after, _POOLS: dict(enumerate(_tables(after.get(_POOLS))))})
    for at in sorted({*old, *new}, key=_order):
        if old.get(at) != new.get(at):
            yield from _change(at, old, new)
    yield from (SettingChange(_POOLS, name, None) for name in gone)


def secret_changes(before: Sequence[str], after: Sequence[str], *, differ: bool) -> Iterable[SettingChange]:
    """Yield the secrets that come and go, by their names; `differ` tells that one of those that stay is another."""
    for name in sorted({*before, *after}):
        if (name in before) != (name in after):
            there = [SET if name in each else None for each in (before, after)]
            yield SettingChange(_of_secret(name), there[0], there[1])
    if differ and (*before,) == (*after,) and after:
        yield SettingChange(" or ".join(_of_secret(name) for name in after), SET, SET)


def located(settings: RunnerSettings, file: StackFile, name: str) -> RunnerSettings:
    """Say where in a stack file, which is called `name`, the settings stand."""
    return replace(settings, changes=tuple(replace(each, where=_where(each, file, name)) for each in settings.changes))


def _where(change: SettingChange, file: StackFile, name: str) -> str:
    place = file.place_of(f"{NAMESPACE}:{change.path}")
    return "" if place is None else f"{place.file or name}:{place.line}"


def _of_secret(name: str) -> str:
    return name if name in TOKENS else f"secrets.{name}"


def _aligned(before: Mapping[str, object], names: Sequence[str]) -> Mapping[str, object]:
    """Return settings with those pools that are still there, by their new indexes."""
    pools = {names.index(pool["name"]): pool for pool in _tables(before.get(_POOLS)) if pool.get("name") in names}
    return {**before, _POOLS: pools}


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _flat(value: object, at: Location = ()) -> dict[Location, object]:
    """Return the values below, and `_TABLE` for each table, by where they stand."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping):
        return {at: value}
    found: dict[Location, object] = {at: _TABLE} if at else {}
    for key, each in value.items():
        found |= _flat(each, (*at, key))
    return found


def _order(at: Location) -> list[tuple[bool, str | int]]:
    return [(isinstance(part, str), part) for part in at]


def _change(at: Location, old: Mapping[Location, object], new: Mapping[Location, object]) -> Iterable[SettingChange]:
    if _TABLE in (old.get(at), new.get(at)) and (
        _is_filled(at, old) or _is_filled(at, new) or not _may_be_left_out(at)
    ):
        return  # what is in the table tells it
    before, after = _texts(at, old, new)
    path = path_of(at).removeprefix(f"{NAMESPACE}:")
    yield SettingChange(path, before or _default(at, old), after or _default(at, new))


def _is_filled(at: Location, values: Mapping[Location, object]) -> bool:
    return any(len(each) > len(at) and each[: len(at)] == at for each in values)


def _texts(at: Location, old: Mapping[Location, object], new: Mapping[Location, object]) -> list[str | None]:
    """Return both values in short, or `SET` in their place."""
    there = [at in old, at in new]
    values = [old.get(at), new.get(at)]
    if _TABLE in values or never_shown(at):
        return [SET if each else None for each in there]
    texts = [_text(each, of) for each, of in (values, reversed(values))] if all(there) else [*map(_text, values)]
    if all(there) and (None in texts or texts[0] == texts[1]):
        return [SET, SET]
    return [(text or SET) if is_there else None for text, is_there in zip(texts, there, strict=True)]


def _text(value: object, other: object = None) -> str | None:
    """Spell a value in short: of a list that is too long for that, what the other one has not."""
    if not isinstance(value, list):
        return _one(value)
    texts = [_one(each) for each in value]
    if None in texts:
        return None
    whole = ", ".join(map(str, texts))
    if len(whole) > _LONGEST:
        own = [
            text for text, each in zip(texts, value, strict=True) if not isinstance(other, list) or each not in other
        ]
        whole = ", ".join(["...", *map(str, own)])
    return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 3]}..."


def _one(value: object) -> str | None:
    text = shown(value)
    # Addresses and versions need quotes in a file, and are read better without.
    return str(value) if text == f'"{value}"' and value and not re.search(r"[\s,]", str(value)) else text


def _default(at: Location, values: Mapping[Location, object]) -> str | None:
    """What holds where a setting is left out of a table that is there."""
    model = _model(at)
    if model is None or (len(at) > 1 and at[:-1] not in values):
        return None
    for name, field in model.model_fields.items():
        if at[-1] in (field.alias, name):
            default = [*field.default] if isinstance(field.default, tuple) else field.default
            default = str(default) if isinstance(default, IPv4Network) else default
            text = _text(default) if default not in ("", []) and isinstance(default, str | int | float | list) else None
            return f"{text} (default)" if text else None
    return None


def _may_be_left_out(at: Location) -> bool:
    """Whether it is a table that means something by being there."""
    model = _model(at)
    fields = {} if model is None else {field.alias or name: field for name, field in model.model_fields.items()}
    return str(at[-1]) in fields and fields[str(at[-1])].default is None


def _model(at: Location) -> type[Section] | None:
    """Return the model of the table that a setting is in; None where no model has it, as in `tags`."""
    model: type[Section] | None = Settings
    for part in at[:-1]:
        if model is not None and not isinstance(part, int):
            model = child_tables(model).get(part)
    return model
