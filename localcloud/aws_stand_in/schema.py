"""Stand-in for pulumi-aws: names and types of input properties, read from the installed `pulumi_aws`."""

import importlib
import inspect
import sys
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar

import pulumi


@dataclass(frozen=True)
class Scalar:
    """One plain value; `name` is Terraform's word for its type."""

    name: str


@dataclass(frozen=True)
class ListOf:
    item: "Kind"


@dataclass(frozen=True)
class MapOf:
    item: "Kind"


@dataclass(frozen=True)
class Object:
    """A block; `properties` is evaluated late, because blocks may hold themselves."""

    arguments: type

    @property
    def properties(self) -> Mapping[str, "Property"]:
        return _properties(self.arguments)


Kind = Scalar | ListOf | MapOf | Object


@dataclass(frozen=True)
class Property:
    kind: Kind
    required: bool


_SCALARS: Mapping[object, Scalar] = {
    str: Scalar("string"),
    bool: Scalar("bool"),
    int: Scalar("number"),
    float: Scalar("number"),
}

_NAMES_IN_INPUT: Mapping[str, Any] = {"Output": pulumi.Output, "T": TypeVar("T")}
"""`pulumi.Input` is the text "Output[T]" in part, which has to be understood from another module."""


@cache
def resource(token: str) -> Object:
    """Input properties of the type `token`, e.g. `aws:ec2/vpc:Vpc`."""
    _, package, name = token.split(":")
    class_ = getattr(importlib.import_module(f"pulumi_aws.{package.split('/')[0]}"), name)
    module = sys.modules[class_.__module__]
    # "InitArgs" where a block of another resource has taken the plain name.
    return Object(getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args"))


@cache
def provider() -> Mapping[str, Property]:
    """The provider's own configuration."""
    return _properties(importlib.import_module("pulumi_aws").ProviderArgs)


def camel(name: str) -> str:
    """`cidr_block` -> `cidrBlock`."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def snake(name: str) -> str:
    """`cidrBlock` -> `cidr_block`, as Terraform spells it."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@cache
def _properties(arguments: type) -> Mapping[str, Property]:
    constructor = arguments.__init__  # type: ignore[misc]
    hints = typing.get_type_hints(constructor, localns=_NAMES_IN_INPUT)
    return {
        camel(name): Property(_kind(hints[name]), parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(constructor).parameters.items()
        if name in hints
    }


def _kind(hint: Any) -> Kind:
    """Pulumi's annotations are unions of the type with its Output, Awaitable, dict form and output form."""
    for choice in _choices(hint):
        origin = typing.get_origin(choice)
        if choice in _SCALARS:
            return _SCALARS[choice]
        if origin in (Sequence, list):
            return ListOf(_kind(typing.get_args(choice)[0]))
        if origin in (Mapping, dict):
            return MapOf(_kind(typing.get_args(choice)[1]))
        if inspect.isclass(choice) and choice.__name__.endswith("Args"):
            return Object(choice)
        if inspect.isclass(choice) and issubclass(choice, Enum):
            return _SCALARS[str]
    raise TypeError(f"no kind for {hint}")


def _choices(hint: Any) -> list[Any]:
    if typing.get_origin(hint) is typing.Union:
        return [choice for part in typing.get_args(hint) for choice in _choices(part)]
    return [hint]
