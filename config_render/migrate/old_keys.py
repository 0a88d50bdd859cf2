"""Keys that gitlab-runner has renamed or dropped, as the keys of today.

Sources: CHANGELOG.md of gitlab-runner, and `OffPeak` in common/config.go of version 13.12.
"""

from collections.abc import Mapping
from typing import Any

from ..settings.cache import CacheS3
from .findings import Findings

_NO_EFFECT = "its name since gitlab-runner {}, which passes over the old one"
_RENAMED = {
    "runners": {
        "pre_clone_script": ("pre_get_sources_script", _NO_EFFECT.format("17.0")),
        "post_clone_script": ("post_get_sources_script", _NO_EFFECT.format("17.0")),
    },
    "global": {"metrics_server": ("listen_address", _NO_EFFECT.format("12.0"))},
    "s3": {"UploadRoleARN": ("RoleARN", "which has taken its place")},
}
GONE = {
    "tls-skip-verify": "it has had no effect since gitlab-runner 1.0; put your authority's certificate into gitlab.ca",
    "disable_verbose": "it has had no effect since gitlab-runner 1.0",
    "pull_policies": "gitlab-runner has no such key; if pull_policy is meant, set that",
}
_OFF_PEAK = ("OffPeakPeriods", "OffPeakTimezone", "OffPeakIdleCount", "OffPeakIdleTime")


def pick(table: Mapping[str, object], key: str, default: object = None) -> Any:
    """Return a value as gitlab-runner finds it: by the key as it is spelled, else without regard to case."""
    if key in table:
        return table[key]
    return next((value for other, value in table.items() if other.lower() == key.lower()), default)


def spelled(table: Mapping[str, object], key: str) -> str:
    """Return how a table spells a key that `pick` finds in it, or the key."""
    return key if key in table else next((other for other in table if other.lower() == key.lower()), key)


def without(table: Mapping[str, object], *keys: str) -> dict[str, object]:
    """Return a table without some keys, however they are spelled."""
    lowered = {key.lower() for key in keys}
    return {key: value for key, value in table.items() if key.lower() not in lowered}


def renamed(table: Mapping[str, object], kind: str, at: str, findings: Findings) -> dict[str, object]:
    """Return a table with keys of today. `kind` is `global`, `runners` or `s3`."""
    result = dict(table)
    for old, (new, why) in _RENAMED[kind].items():
        value = pick(result, old)
        if value is None:
            continue
        place = f"{at}.{spelled(result, old)}".lstrip(".")
        result = without(result, old)
        if value and pick(result, new):
            findings.left_out(place, f"{new} is there too, {why}")
        elif value:
            result[new] = value
            findings.note(place, f"becomes {new}, {why}")
    return result


def with_s3_table(cache: Mapping[str, object], at: str, findings: Findings) -> dict[str, object]:
    """Return a cache's table whose S3 keys, which stood beside Type until gitlab-runner 12.0, are in `s3`."""
    moved = {key: value for key, value in cache.items() if key.lower() in _OLD_S3}
    s3 = pick(cache, "s3", {})
    if not moved or not isinstance(s3, dict):
        return dict(cache)
    rest = without(cache, *moved, "s3")
    findings.moved |= {f"{at}.s3.{key}": f"{at}.{key}" for key in moved}
    if any(value not in ("", False) for value in moved.values()):
        findings.note(
            f"{at}.{next(iter(moved))}",
            f"{', '.join(moved)} become part of cache.s3, where gitlab-runner 12.0 moved them",
        )
    return {**rest, "s3": {**moved, **{key: value for key, value in s3.items() if value != ""}}}


_OLD_S3 = {
    key.lower()
    for key in ("ServerAddress", "AccessKey", "SecretKey", "BucketName", "BucketLocation", "Insecure", "SessionToken")
    if key in CacheS3.known_keys()
}


def with_autoscaling(machine: Mapping[str, object], at: str, findings: Findings) -> dict[str, object]:
    """Return `[runners.machine]` with its off-peak time as an entry of `autoscaling`."""
    periods, timezone, count, seconds = (pick(machine, key) for key in _OFF_PEAK)
    rest = without(machine, *_OFF_PEAK)
    given = [key for key in _OFF_PEAK if pick(machine, key) not in (None, "", [], 0, -1)]
    place = f"{at}.{spelled(machine, (given or _OFF_PEAK)[0])}"
    if isinstance(periods, str) and periods:
        periods = [periods]
    if not periods or not isinstance(periods, list):
        if given:
            findings.left_out(place, f"{', '.join(given)} without OffPeakPeriods had no effect")
        return rest
    if pick(rest, "autoscaling"):
        findings.left_out(
            place, "off-peak time had no effect beside autoscaling, and has none since gitlab-runner 14.0"
        )
        return rest
    entry = {"Periods": periods, "IdleCount": count or 0, "IdleTime": seconds or 0}
    findings.note(place, "becomes an entry of autoscaling; off-peak time has had no effect since gitlab-runner 14.0")
    return {**without(rest, "autoscaling"), "autoscaling": [{**entry, **({"Timezone": timezone} if timezone else {})}]}
