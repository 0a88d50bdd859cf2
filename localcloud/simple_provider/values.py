"""Resource properties as JSON-like values, in which secrets keep their wrapper and unknown values their marker."""

from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

Properties = dict[str, Any]

UNKNOWN: str = rpc.UNKNOWN
"""What a value is in a preview when it is unknown before the deployment."""


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Return the properties of a request."""
    properties: Properties = json_format.MessageToDict(struct)
    return properties


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """Return properties as an answer carries them."""
    return json_format.ParseDict(properties, struct_pb2.Struct())


def is_secret(value: object) -> bool:
    """Whether `value` is a wrapped secret; `value["value"]` is then what is secret."""
    return rpc.is_rpc_secret(value)


def secret(value: object) -> object:
    """Wrap a value as a secret. Secrets and values that are unknown yet are returned as they are."""
    if is_secret(value) or value == UNKNOWN:
        return value
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


def plain(value: Any) -> Any:
    """Return the value without secret wrappers at any level."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
