"""The names of settings in programs of other languages, and how they lead back to those of the stack file.

One rule: the name in a program is the key of the stack file in lowerCamelCase. Dashes and underscores go, the letter
after one becomes a capital, and the first letter is small: `IdleCount` is `idleCount`, `check_interval` is
`checkInterval`, `amazonec2-root-size` is `amazonec2RootSize`. What users name themselves, such as the keys of `tags`
and of `extra`, stays as it is.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from config_render import NAMESPACE, Settings
from config_render.base.section import Section, child_tables

TOKEN = f"{NAMESPACE}:index:AutoscalingRunner"
"""The type of the component, the same as in a Python program that has it as a class."""

_PATH = re.compile(r"\[(?P<index>\d+)\]|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\")\]|\.?(?P<key>[^.\[]+)")


def camel(key: str) -> str:
    """Return a key of the stack file as programs spell it."""
    joined = re.sub(r"[-_]+(\w)", lambda match: match[1].upper(), key)
    return joined[:1].lower() + joined[1:]


@cache
def keys_of(model: type[Section]) -> Mapping[str, str]:
    """Return the keys of a table that may be set, by their names in programs."""
    return {camel(key): key for key in model.known_keys()}


def as_settings(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return a program's settings as the stack file has them, and paths of names that are spelled so, with a message.

    Whole numbers are integers again: a program's numbers arrive as floating-point ones. What is null is left out.
    """
    errors: list[tuple[str, str]] = []
    return _table(given, Settings, "", errors), errors


def _table(given: Mapping[str, Any], model: type[Section], at: str, errors: list[tuple[str, str]]) -> dict[str, Any]:
    keys, tables, result = keys_of(model), child_tables(model), {}
    for name, value in given.items():
        if name not in keys and (spelled := camel(name)) in keys:
            errors.append((f"{at}{name}", f"is the spelling of stack files; write {spelled}"))
            continue
        key = keys.get(name, name)
        if value is not None:
            result[key] = _value(value, tables.get(key), f"{at}{name}", errors)
    return result


def _value(value: Any, model: type[Section] | None, at: str, errors: list[tuple[str, str]]) -> Any:
    if isinstance(value, Mapping):
        if model is not None:
            return _table(value, model, f"{at}.", errors)
        return {key: _value(each, None, at, errors) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_value(each, model, f"{at}[{index}]", errors) for index, each in enumerate(value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def in_program(path: str) -> str:
    """Return the path of a setting, such as `gitlab-runner-aws:pools[0].machine.IdleCount`, as programs spell it."""
    model: type[Section] | None = Settings
    spelled = ""
    for match in _PATH.finditer(path.removeprefix(f"{NAMESPACE}:")):
        key = match["key"]
        if key is None:
            spelled += match[0]
            continue
        known = model is not None and key in model.known_keys()
        spelled += f".{camel(key) if known else key}"
        model = child_tables(model).get(key) if model is not None else None
    return spelled.removeprefix(".")


def message_in_program(message: str) -> str:
    """Return a message with the keys of the stack file in it as programs spell them."""
    return _foreign().sub(lambda match: camel(match[0]), message)


@cache
def _foreign() -> re.Pattern[str]:
    """Match keys that only the stack file spells so; a plain word such as `Path` only in backticks or in a path."""
    keys = {key for model in models() for key in model.known_keys() if camel(key) != key}
    plain = sorted((key for key in keys if re.search(r"[-_]|[a-z][A-Z]", key)), key=len, reverse=True)
    words = sorted(keys - set(plain))
    return re.compile(
        rf"(?<![\w<:-])(?:{'|'.join(map(re.escape, plain))})(?![\w-])|(?<=[`.])(?:{'|'.join(words)})(?![\w-])"
    )


@cache
def models() -> tuple[type[Section], ...]:
    """Return the models of all tables of the settings, each once."""
    found: dict[type[Section], None] = {}

    def collect(model: type[Section]) -> None:
        if model not in found:
            found[model] = None
            for child in child_tables(model).values():
                collect(child)

    collect(Settings)
    return tuple(found)
