"""The inputs of a resource type, and the check of a program's inputs against them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .values import UNKNOWN, Properties, is_secret, secret

_KINDS: Mapping[type, str] = {str: "string", float: "number", bool: "boolean", list: "array", dict: "object"}


@dataclass(frozen=True)
class Input:
    """One input property."""

    kind: type | None
    """str, float (any number), bool, list or dict; None for any value."""

    required: bool = False
    secret: bool = False
    default: object = None
    allowed: tuple[str, ...] = ()
    fields: "Mapping[str, Input]" = field(default_factory=dict)
    """Of a dict: its own properties; empty where any key may be used."""


@dataclass(frozen=True)
class Failure:
    """Why an input is refused; `property` is its path."""

    property: str
    reason: str


def check(inputs: Mapping[str, Input], values: Properties, path: str = "") -> tuple[Properties, list[Failure]]:
    """Return the values with defaults filled in and secrets marked, and what is wrong with them."""
    failures = [
        Failure(path + name, f"unknown property {path + name}; there are: {', '.join(sorted(inputs))}")
        for name in values
        if name not in inputs
    ]
    checked: Properties = {}
    for name, expected in inputs.items():
        value = values.get(name)
        if value is None:
            value = expected.default
        if value is not None:
            checked[name] = _check_one(expected, value, path + name, failures)
        elif expected.required:
            failures.append(Failure(path + name, f"missing required property {path + name}"))
    return checked, failures


def _check_one(expected: Input, value: Any, path: str, failures: list[Failure]) -> Any:
    if is_secret(value):
        return secret(_check_one(expected, value["value"], path, failures))
    if value == UNKNOWN:
        return value
    if not _is_kind(value, expected.kind):
        failures.append(Failure(path, f"{path} must be of type {_KINDS[expected.kind or dict]}"))
    elif expected.allowed and value not in expected.allowed:
        failures.append(Failure(path, f"{path} must be one of {', '.join(expected.allowed)}, not {value}"))
    elif expected.fields:
        value, inner = check(expected.fields, value, f"{path}.")
        failures += inner
    return secret(value) if expected.secret else value


def _is_kind(value: object, kind: type | None) -> bool:
    if kind is None:
        return True
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, kind)
