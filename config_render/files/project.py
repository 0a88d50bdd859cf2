"""What Pulumi.yaml declares of the settings: their names, types, descriptions and defaults, as the engine knows them.

The engine wants a value of every setting that is declared without a default. So each has one here, and where there is
no other it is the empty value of its type, which stands for a setting that is left out.
https://www.pulumi.com/docs/iac/concepts/config/#structured-configuration
"""

import json
from collections.abc import Collection, Mapping
from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from ..base.other_settings import OTHER_SETTINGS
from ..settings.stack import Settings

_EMPTY: dict[str, object] = {"string": "", "integer": 0, "boolean": False, "array": [], "object": {}}
_INDENT = "  "


@cache
def declared() -> Mapping[str, Mapping[str, Any]]:
    """Return what Pulumi.yaml has under `config`, by the settings' names without the namespace."""
    fields = {field.alias or name: field for name, field in Settings.model_fields.items()}
    found = {key: _declaration(fields[key]) for key in Settings.known_keys()}
    found |= {
        name: _declaration(FieldInfo(annotation=kind, description=text))
        for name, (kind, text) in OTHER_SETTINGS.items()
    }
    return dict(sorted(found.items()))


def as_yaml() -> str:
    """Return the `config` section of Pulumi.yaml."""
    lines = ["config:"]
    for name, declaration in declared().items():
        lines.append(f"{_INDENT}{name}:")
        lines += [f"{_INDENT * 2}{key}: {json.dumps(value)}" for key, value in declaration.items()]
    return "\n".join(lines) + "\n"


def as_settings(given: Mapping[str, object]) -> dict[str, object]:
    """Return settings as their types want them: the engine keeps each value of a stack file's top level as text."""
    return {name: _typed(name, value) for name, value in given.items()}


def without_defaults(given: Mapping[str, object], keep: Collection[str] = ()) -> dict[str, object]:
    """Return settings less those that the engine, it seems, has filled in; `keep` names some that it has not."""
    return {name: value for name, value in given.items() if name in keep or not _is_default(name, value)}


def _declaration(field: FieldInfo) -> dict[str, object]:
    kind, of = _type(field.annotation)
    items = {"items": {"type": of}} if kind == "array" else {}
    default = field.default if isinstance(field.default, str | int) else _EMPTY[kind]
    return {"type": kind, **items, "description": field.description, "default": default}


def _type(annotation: object) -> tuple[str, str]:
    """Return the engine's name of a type and, for a list, of its entries' type."""
    origin, inner = get_origin(annotation), [each for each in get_args(annotation) if each is not NoneType]
    if origin is tuple:
        return "array", _type(inner[0])[0]
    if origin is Literal or annotation is str:
        return "string", ""
    if annotation in (bool, int):
        return ("boolean" if annotation is bool else "integer"), ""
    # Of `X | None` and `Annotated[X, ...]` the first is the type itself; all else is a table.
    return _type(inner[0]) if inner and origin is not dict else ("object", "")


def _typed(name: str, value: object) -> object:
    is_text = declared().get(name, {}).get("type") == "string"
    if is_text and isinstance(value, bool | int):
        return json.dumps(value)
    if is_text or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _is_default(name: str, value: object) -> bool:
    default = declared().get(name, {}).get("default")
    return type(value) is type(default) and bool(value == default)
