"""Stand-in for pulumi-aws: values that the real provider takes as the same although they are written differently."""

import json
from typing import Any

_POLICIES = frozenset({"policy", "policyDocument", "assumeRolePolicy"})
_JSON = frozenset({"eventPattern"})
_TEXT_WITH_NEWLINE = frozenset({"publicKey"})
_SETS = frozenset(
    {
        "vpcSecurityGroupIds",
        "securityGroups",
        "securityGroupIds",
        "routeTableIds",
        "subnetIds",
        "routes",
        "ingress",
        "egress",
        "propagatingVgws",
        "managedPolicyArns",
        "alarmActions",
        "insufficientDataActions",
        "okActions",
        "metricQueries",
        "availabilityZones",
        "enabledMetrics",
        "suspendedProcesses",
        "tags",
        "vpcZoneIdentifiers",
    }
)
"""Lists whose order has no meaning."""


def normal_policy(text: str, version_first: bool = False) -> str:
    """A policy as the provider keeps it: compact, with sorted keys, or with `Version` before the others."""
    document = json.loads(text)
    if version_first and "Version" in document:
        first = {"Version": document.pop("Version")}
        document = {**first, **{key: _sorted(document[key]) for key in sorted(document)}}
        return json.dumps(document, separators=(",", ":"))
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def same(name: str, one: Any, other: Any) -> bool:
    """Whether values of the property `name` make no difference to the provider."""
    if one == other:
        return True
    if name in _POLICIES and isinstance(one, str) and isinstance(other, str):
        return bool(_policy(one) == _policy(other))
    if name in _JSON and isinstance(one, str) and isinstance(other, str):
        return bool(_json(one) == _json(other))
    if name in _TEXT_WITH_NEWLINE and isinstance(one, str) and isinstance(other, str):
        return one.rstrip("\n") == other.rstrip("\n")
    if name in _SETS and isinstance(one, list) and isinstance(other, list):
        return sorted(map(json.dumps, one)) == sorted(map(json.dumps, other))
    return False


def is_empty(value: Any) -> bool:
    """Whether the provider takes the value as if it were absent."""
    return value is None or value is False or value in ("", 0) or value == [] or value == {}


def _sorted(value: Any) -> Any:
    return json.loads(json.dumps(value, sort_keys=True))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _policy(text: str) -> Any:
    return _unwrapped(_json(text))


def _unwrapped(value: Any) -> Any:
    """IAM takes a list of one as that one."""
    if isinstance(value, dict):
        return {key: _unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_unwrapped(item) for item in value]
        return items[0] if len(items) == 1 else items
    return value
