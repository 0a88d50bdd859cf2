"""What of a resource is different: names of properties, and values of those that never hold a secret."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config_render.base.problems import without_secrets

from .events import Step, plain

_SHOWN = frozenset(
    (
        *("ami", "instanceType", "availabilityZone", "cidrBlock", "cidrIpv4", "cidrIpv6", "fromPort", "toPort"),
        *("ipProtocol", "subnetId", "vpcId", "securityGroupId", "routeTableId", "volumeSize", "volumeType"),
        *("encrypted", "monitoring", "ebsOptimized", "disableApiStop", "disableApiTermination"),
        *("mapPublicIpOnLaunch", "enableDnsHostnames", "associatePublicIpAddress", "forceDestroy", "days"),
        *("retentionInDays", "threshold", "evaluationPeriods", "path", "permissionsBoundary", "bucket", "status"),
    )
)
"""Properties whose values may be shown, by the last part of their path."""

_PATH = re.compile(r'\["(?P<quoted>[^"]*)"\]|\[(?P<index>\d+)\]|(?P<name>[^.\[\]]+)')
_LONGEST_VALUE = 80


@dataclass(frozen=True)
class Property:
    """One property that is different."""

    path: str
    """As the engine spells it: `rootBlockDevice.volumeSize`."""
    replaces: bool
    """Whether it is what the resource is replaced for."""
    before: str | None = None
    """The value, where it is known, short and never a secret; else None."""
    after: str | None = None
    of: str = ""
    """The name of the resource whose id the value was, where that one is replaced or deleted."""


def differences(metadata: Step, removed: "RemovedResources | None" = None) -> tuple[Property, ...]:
    """Return what is different, from the metadata of one of the engine's steps; `removed` are those of its plan."""
    detailed = metadata.get("detailedDiff") or {}
    keys = metadata.get("keys") or ()
    replacing = {*keys, *(path for path, diff in detailed.items() if str(diff.get("diffKind")).endswith("-replace"))}
    # A key with a detailed path below it is there already.
    names = [*detailed, *(metadata.get("diffs") or ()), *keys]
    paths = [path for path in dict.fromkeys(names) if path in detailed or not _has_detail(path, detailed)]
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    return tuple(
        Property(
            path,
            path in replacing or path.partition("[")[0].partition(".")[0] in keys,
            _value(path, old.get("inputs"), old.get("outputs")),
            _value(path, new.get("inputs")),
            ""
            if removed is None
            else removed.name_of(path, _below(plain(old.get("inputs")), _parts(path)), str(metadata["urn"])),
        )
        for path in sorted(paths)
    )


class RemovedResources:
    """The resources that are replaced or deleted, by their ids."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._by_id: dict[str, list[tuple[str, str]]] = {}
        for metadata in steps:
            id_ = str((metadata.get("old") or {}).get("id") or "")
            if id_ and metadata["op"] in ("replace", "delete"):
                self._by_id.setdefault(id_, []).append((str(metadata["urn"]), str(metadata["type"])))

    def name_of(self, path: str, value: object, urn: str) -> str:
        """Return the name of the resource whose id `value` is; empty where that is none of them, or `urn` itself."""
        found = [*self._by_id.get(value, ())] if isinstance(value, str) else []
        if any(each[0] == urn for each in found):
            return ""
        # The settings of a bucket have its name as their id too: `bucket` means the Bucket.
        found.sort(key=lambda each: each[1].rpartition(":")[2].lower() not in path.lower())
        return found[0][0].rpartition("::")[2] if found else ""


def _has_detail(path: str, detailed: Iterable[str]) -> bool:
    return any(each.startswith((f"{path}.", f"{path}[")) for each in detailed)


def _value(path: str, *states: object) -> str | None:
    parts = _parts(path)
    if not parts or parts[-1] not in _SHOWN:
        return None
    for state in states:
        value = _below(plain(state), parts)
        if isinstance(value, str | int | float) and value != "":
            text = without_secrets(str(value).lower() if isinstance(value, bool) else str(value))
            return text if len(text) <= _LONGEST_VALUE else None
    return None


def _parts(path: str) -> list[str]:
    return [match["quoted"] or match["index"] or match["name"] for match in _PATH.finditer(path)]


def _below(value: object, parts: Sequence[str]) -> object:
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
