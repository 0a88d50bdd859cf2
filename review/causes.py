"""Why a resource is replaced or deleted: the property that forces it, and the resource or the settings behind that."""

import re
from collections.abc import Iterable, Iterator

from .changes import DONE, Changes, Property, Resource
from .setting_changes import SettingChange

_EXECUTOR = ("executor", "pools[].executor")

_BEHIND_PROPERTIES = (
    (
        r"(^|\.)ami$",
        ("manager.ami", "manager.image", "manager.os", "manager.instanceType", "manager.replaceOnNewImage"),
    ),
    (r"(^|\.)associatePublicIpAddress$", ("manager.publicAddress",)),
    (r"(^|\.)availabilityZone$", ("network",)),
    (r"(^|\.)(ipv6)?[cC]idrBlock$", ("network",)),
    (r"(^|\.)(subnetId|vpcId|securityGroupId|routeTableId)$", ("network", "manager.publicAddress", "manager.host")),
    (r"(^|\.)bucket$", ("cache.s3",)),
    (r"(^|\.)path$", ("identity.path",)),
    (r"(^|\.)(role|user|policyArn)$", ("identity",)),
    (r"^triggers\[", ("manager.host", "manager.instanceType")),
)
"""The settings that may be behind a property of any resource."""

_BEHIND_DELETION = (
    (r"-network-manager-ssh-", ("manager.sshFrom", "manager.host")),
    (r"-network-manager-metrics-", ("manager.metricsFrom", "manager.host")),
    (r"-network-endpoint", ("network.interfaceEndpoints",)),
    (r"-network-(nat|private)", ("network",)),
    (r"-network-(manager-to-)?worker-docker$", ("network", "manager.host", *_EXECUTOR)),
    (r"-network-manager", ("network", "manager.host")),
    (r"-network-", ("network",)),
    (r"-identity-cache$", ("cache",)),
    (r"-identity-token$", ("tokenParameter", "tokenSecret")),
    (r"-identity-ssm$", ("manager.ssm",)),
    (r"-identity-(manager|groups)$", ("identity", "manager.host", *_EXECUTOR)),
    (r"-identity-", ("identity", "manager.host")),
    (r"-workers-", ("executor", "pools")),
    (r"-manager-instance(-arm64)?$", ("manager.instanceType", "manager.host")),
    (r"-manager-address$", ("manager.elasticIp", "manager.host")),
    (r"-manager-", ("manager.host",)),
    (
        r"-cache-",
        ("cache.Type", "cache.s3.BucketName", "cache.s3.ServerAddress", "cache.gcs", "cache.azure", "cache.expireDays"),
    ),
    (r"-watch-", ("manager.alarms", "manager.logs")),
    (r"-registration-user-data$", ("pools",)),
)
"""The settings that decide whether there is a resource of such a name; the first that fits counts."""

_MOST_SETTINGS = 3
_HOST = "triggers[0]"
"""What the step is replaced for that stands for the runner's life on one host."""
_STEP = "command:remote:Command"


class Quoted(str):
    """A part of a sentence that is a name or a value."""


Sentence = tuple[str, ...]
"""Words, and names and values among them as `Quoted`."""


def causes_of(resource: Resource, changes: Changes) -> tuple[Sentence, ...]:
    """Return why a resource is replaced or deleted, a sentence for each cause."""
    if resource.op == "delete":
        return (_of_deletion(resource, changes),)
    forcing = [each for each in resource.properties if each.replaces] or resource.properties
    return tuple(_of_property(each, resource, changes) for each in forcing)


def values_of(one: Property) -> Sentence:
    """Return a property with its values, where they may be shown."""
    if one.before is None and one.after is None:
        return (Quoted(one.path),)
    return (Quoted(one.path), ": ", *_or_none(one.before), " → ", *_or_none(one.after))


def _or_none(value: str | None) -> Sentence:
    return ("-",) if value is None else (Quoted(value),)


def _of_property(one: Property, resource: Resource, changes: Changes) -> Sentence:
    is_host = resource.type == _STEP and one.path == _HOST
    what: Sentence = ("the manager is another host",) if is_host else (Quoted(one.path),)
    if one.of:
        done = next((DONE[each.op] for each in changes.resources if each.name == one.of and each.goes), "replaced")
        return (*what, ": ", Quoted(one.of), f" is {done}")
    names = next((names for pattern, names in _BEHIND_PROPERTIES if re.search(pattern, one.path)), ())
    return (*(what if is_host else values_of(one)), *_by_settings(changes, resource, names))


def _of_deletion(resource: Resource, changes: Changes) -> Sentence:
    names = next((names for pattern, names in _BEHIND_DELETION if re.search(pattern, resource.name)), ())
    settings = _by_settings(changes, resource, names)
    manager, is_manager, _ = resource.name.partition("-manager-instance")
    successors = (
        each.name
        for each in changes.doing("create")
        if is_manager and each.type == resource.type and each.name.startswith(f"{manager}{is_manager}")
    )
    if successor := next(successors, ""):
        return ("another architecture: ", Quoted(successor), " comes in its place", *settings)
    return settings[1:-1] if settings else ("the program no longer declares it",)


def _by_settings(changes: Changes, resource: Resource, names: Iterable[str]) -> Sentence:
    """Say which changed settings are behind it, if any is known to be."""
    paths = [each.path for each in _changed(changes, resource, names)]
    if not paths:
        return ()
    listed = [part for path in paths[:_MOST_SETTINGS] for part in (", ", Quoted(path))][1:]
    more = f" and {len(paths) - _MOST_SETTINGS} more" if len(paths) > _MOST_SETTINGS else ""
    return (" (", "setting " if len(paths) == 1 else "settings ", *listed, more, ")")


def _changed(changes: Changes, resource: Resource, names: Iterable[str]) -> Iterator[SettingChange]:
    """Yield the settings of these names, or in tables of these names, that differ for the resource's runner."""
    of = [each for each in changes.settings if resource.name.startswith(f"{each.runner}-")]
    # A runner may be called `ci` and another one `ci-arm`.
    for runner in sorted(of, key=lambda each: len(each.runner))[-1:]:
        for each in runner.changes:
            paths = (each.path, re.sub(r"\[[^]]*\]", "[]", each.path))
            if any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in names for path in paths):
                yield each
