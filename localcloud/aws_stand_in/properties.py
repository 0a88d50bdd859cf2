"""Stand-in for pulumi-aws: resource properties as plain Python values, with secrets and unknown values told apart."""

from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

Properties = dict[str, Any]

UNKNOWN: str = rpc.UNKNOWN
"""What a value is in a preview when it is unknown before the deployment."""

DEFAULTED = "__defaults"
"""Key under which the bridge lists the inputs that it filled in itself."""


def from_struct(struct: struct_pb2.Struct) -> tuple[Properties, frozenset[str]]:
    """Return the values without their secret wrappers, and the top-level keys that hold a secret somewhere."""
    wrapped = json_format.MessageToDict(struct)
    secrets = frozenset(key for key, value in wrapped.items() if _holds_secret(value))
    return {key: _plain(value) for key, value in wrapped.items()}, secrets


def to_struct(properties: Properties, secrets: Iterable[str] = ()) -> struct_pb2.Struct:
    """Return a Struct in which the values of the keys `secrets` are marked secret."""
    struct = struct_pb2.Struct()
    hidden = frozenset(secrets)
    struct.update({key: _secret(value) if key in hidden else value for key, value in properties.items()})
    return struct


def has_unknown(value: object) -> bool:
    """Whether `value` is, or holds, a value that is unknown yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value == UNKNOWN


def without_nulls(value: Any) -> Any:
    """Leave out null properties at every level, as the bridge does."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _secret(value: Any) -> dict[str, Any]:
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


def _holds_secret(value: object) -> bool:
    if rpc.is_rpc_secret(value):
        return True
    if isinstance(value, dict):
        return any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)


def _plain(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return _plain(value["value"])
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
