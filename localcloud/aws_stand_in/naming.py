"""Stand-in for pulumi-aws: what the Pulumi bridge fills in for inputs that the program leaves out."""

import hashlib
import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .properties import DEFAULTED, Properties

_RANDOM_DIGITS = 7
_counter = itertools.count(1)


class NameTooLongError(ValueError):
    """The resource's Pulumi name leaves no room for the random suffix."""


@dataclass(frozen=True)
class AutoName:
    """The property that the bridge names by itself: `<Pulumi name>-<7 hex digits>`."""

    property: str
    longest: int
    """Characters."""
    prefix: str = "namePrefix"
    """With this property given, the provider makes the name, as Terraform does."""
    lower_case: bool = False


AUTO_NAMES: Mapping[str, AutoName] = {
    "aws:ec2/securityGroup:SecurityGroup": AutoName("name", 255),
    "aws:autoscaling/group:Group": AutoName("name", 255),
    "aws:ec2/launchTemplate:LaunchTemplate": AutoName("name", 128),
    "aws:ec2/keyPair:KeyPair": AutoName("keyName", 255, prefix="keyNamePrefix"),
    "aws:iam/role:Role": AutoName("name", 64),
    "aws:iam/rolePolicy:RolePolicy": AutoName("name", 128),
    "aws:iam/policy:Policy": AutoName("name", 128),
    "aws:iam/instanceProfile:InstanceProfile": AutoName("name", 128),
    "aws:iam/user:User": AutoName("name", 64),
    "aws:cloudwatch/eventRule:EventRule": AutoName("name", 64),
    "aws:cloudwatch/eventTarget:EventTarget": AutoName("targetId", 64),
    "aws:cloudwatch/logGroup:LogGroup": AutoName("name", 255),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": AutoName("name", 255),
    "aws:cloudwatch/metricAlarm:MetricAlarm": AutoName("name", 255),
    "aws:s3/bucket:Bucket": AutoName("bucket", 63, prefix="bucketPrefix", lower_case=True),
}

_CONSTANTS: Mapping[str, Properties] = {
    "aws:ec2/securityGroup:SecurityGroup": {"description": "Managed by Pulumi"},
}


def defaults(token: str, name: str, news: Properties, olds: Properties, seed: bytes) -> Properties:
    """Return the inputs to add to `news`, and under `__defaults` which ones those are.

    A name made earlier (`olds`) is kept. `seed` makes the name repeatable, as the engine wants it.
    Raises NameTooLongError.
    """
    earlier = {key: olds[key] for key in olds.get(DEFAULTED, ()) if key in olds}
    added = {key: value for key, value in _CONSTANTS.get(token, {}).items() if news.get(key) is None}
    auto = AUTO_NAMES.get(token)
    if auto is not None and news.get(auto.property) is None and news.get(auto.prefix) is None:
        added[auto.property] = earlier.get(auto.property) or _auto_name(auto, name, seed)
    return {**added, DEFAULTED: sorted(added)}


def with_prefix(prefix: str) -> str:
    """A unique name of `prefix` and 26 digits: time and a counter, as Terraform makes it."""
    return f"{prefix}{datetime.now(UTC):%Y%m%d%H%M%S}{secrets.randbelow(10000):04d}{next(_counter):08x}"


def named_by_user(token: str, inputs: Properties) -> bool:
    """Whether the resource has a physical name, and it is one that the program gives."""
    auto = AUTO_NAMES.get(token)
    return auto is not None and inputs.get(auto.property) is not None and auto.property not in inputs.get(DEFAULTED, ())


def _auto_name(auto: AutoName, name: str, seed: bytes) -> str:
    stem = f"{name.lower() if auto.lower_case else name}-"
    if len(stem) + _RANDOM_DIGITS > auto.longest:
        raise NameTooLongError(
            f"name '{stem}' plus {_RANDOM_DIGITS} random chars is longer than maximum length {auto.longest}"
        )
    random = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(_RANDOM_DIGITS)
    return stem + random[:_RANDOM_DIGITS]
