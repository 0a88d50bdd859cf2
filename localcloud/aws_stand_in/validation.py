"""Stand-in for pulumi-aws: names, types and presence of inputs, held against the installed `pulumi_aws`."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import schema
from .checks import RULES
from .properties import DEFAULTED, UNKNOWN, Properties
from .rules import Failures
from .schema import Kind, ListOf, MapOf, Object, Property, Scalar, snake

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "bool": (bool,), "number": (int, float)}


def failures(token: str, inputs: Properties, carried_out: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield (property path, reason) for each input that is refused.

    `carried_out` are the properties that the stand-in can carry out: it refuses others rather than ignore them.
    """
    given = {key: value for key, value in inputs.items() if key != DEFAULTED}
    badly_formed = list(_block(schema.resource(token).properties, given, ""))
    yield from badly_formed
    if badly_formed:
        return
    for name in given.keys() - carried_out:
        yield name, f"the aws stand-in does not carry out {name} of {token}"
    for rule in RULES.get(token, ()):
        yield from rule(given)


def _block(properties: Mapping[str, Property], given: Properties, at: str) -> Failures:
    for name in given.keys() - properties.keys():
        path = f"{at}{name}"
        yield path, f'Extraneous JSON object property: No argument or block type is named "{snake(name)}".'
    for name, expected in properties.items():
        if given.get(name) is not None:
            yield from _value(expected.kind, given[name], f"{at}{name}", snake(name))
        elif expected.required:
            yield f"{at}{name}", _missing(expected.kind, name)


def _missing(kind: Kind, name: str) -> str:
    inner = kind.item if isinstance(kind, ListOf) else kind
    if isinstance(inner, Object):
        block = snake(name).removesuffix("s")
        return f'Insufficient {block} blocks: At least 1 "{block}" blocks are required.'
    return f'Missing required argument: The argument "{snake(name)}" is required, but no definition was found.'


def _value(kind: Kind, value: Any, path: str, name: str) -> Failures:
    if value == UNKNOWN or value is None:
        return
    if isinstance(kind, Scalar):
        fits = isinstance(value, _PYTHON_TYPES[kind.name]) and (kind.name == "bool" or not isinstance(value, bool))
    else:
        fits = isinstance(value, list if isinstance(kind, ListOf) else dict)
    if not fits:
        wanted = kind.name if isinstance(kind, Scalar) else type(kind).__name__
        text = f'Inappropriate value for attribute "{name}": a {wanted} is required.'
        yield path, f"Incorrect attribute value type: {text}"
    elif isinstance(kind, Object):
        yield from _block(kind.properties, value, f"{path}.")
    elif isinstance(kind, ListOf):
        for index, item in enumerate(value):
            yield from _value(kind.item, item, f"{path}[{index}]", name)
    elif isinstance(kind, MapOf):
        for key, item in value.items():
            yield from _value(kind.item, item, f"{path}.{key}", name)
