"""The caches of all entries as the stack's one."""

import re
from collections.abc import Mapping, Sequence

from ..settings.cache import CacheKeys, is_amazons, is_amazons_in_another_spelling
from .findings import Findings
from .old_keys import pick, renamed, spelled, with_s3_table, without
from .tables import Tables, is_empty

_TYPES = ("s3", "gcs", "azure")
_WHERE = {"s3": ("BucketName", "ServerAddress"), "gcs": ("BucketName",), "azure": ("AccountName", "ContainerName")}
"""What distinguishes one cache from another, by Type."""


def read_cache(
    entries: Sequence[Mapping[str, object]], at: Sequence[str], tables: Tables, findings: Findings
) -> dict[str, object] | None:
    """Return the setting `cache`; None for a bucket that the stack makes."""
    given = [
        (f"{place}.{spelled(entry, 'cache')}", pick(entry, "cache")) for entry, place in zip(entries, at, strict=True)
    ]
    for place, cache in given:
        if cache is not None and not isinstance(cache, dict):
            findings.refuse(place, None, "must be a table: [runners.cache]")
            return None
    found = [(place, _typed(cache, place, findings)) for place, cache in given if isinstance(cache, dict)]
    used = [(place, cache) for place, cache in found if cache is not None]
    if not used:
        where = found[0][0] if found else given[0][0]
        reason = "has no Type, so that gitlab-runner uses no" if found else "missing, so that there is no"
        findings.note(where, f"{reason} shared cache; this stack makes a bucket for one")
        return None
    place, cache = used[0]
    for other, _ in given:
        if all(other != used_place for used_place, _ in used):
            findings.note(other, f"missing or without Type; the cache of {place} serves all pools of a stack")
    for other, another in used[1:]:
        _compare(place, cache, other, another, findings)
    result = tables.read(CacheKeys, cache, place)
    if isinstance(s3 := result.get("s3"), dict):
        result["s3"] = s3 = _s3(s3, f"{place}.s3", findings)
        result |= _kms_key(s3, f"{place}.s3", findings)
    return result


def _typed(cache: Mapping[str, object], place: str, findings: Findings) -> dict[str, object] | None:
    """Return a cache's table with its Type, without the tables of other types; None for one that is not used."""
    whole = with_s3_table(cache, place, findings)
    if isinstance(s3 := pick(whole, "s3"), dict):
        whole = {**without(whole, "s3"), "s3": renamed(s3, "s3", f"{place}.s3", findings)}
    kind = pick(whole, "Type") or None
    there = [each for each in _TYPES if not is_empty(_told(pick(whole, each, {})))]
    if kind is None:
        if not there:
            return None
        kind = there[0]
        findings.note(
            place, f"has no Type, so that gitlab-runner uses no cache; it is {kind} here, whose table is there"
        )
    if kind not in _TYPES:
        findings.note(f"{place}.Type", "is none of s3, gcs and azure; this stack makes a bucket")
        return None
    for other in there:
        if other != kind:
            findings.left_out(f"{place}.{other}", f"it has no effect while Type is {kind}")
    return {**without(whole, "Type", *(each for each in _TYPES if each != kind)), "Type": kind}


def _told(table: object) -> object:
    return {key: value for key, value in table.items() if value is not False} if isinstance(table, dict) else table


def _compare(
    place: str, cache: Mapping[str, object], other: str, another: Mapping[str, object], findings: Findings
) -> None:
    kind = str(cache["Type"])
    if kind != another["Type"] or any(_where(cache, key) != _where(another, key) for key in _WHERE[kind]):
        findings.refuse(other, None, f"is another cache than {place}, and a stack has one; make a stack of each")
        return
    for key in ("Path", "Shared", "MaxUploadedArchiveSize"):
        if (pick(cache, key) or None) != (pick(another, key) or None):
            findings.left_out(f"{other}.{spelled(another, key)}", f"it is otherwise in {place}, which serves all pools")
    one, two = pick(cache, kind), pick(another, kind)
    if isinstance(one, dict) and isinstance(two, dict) and _rest(one) != _rest(two):
        findings.left_out(f"{other}.{kind}", f"keys of it differ from those of {place}, which serves all pools")


def _where(cache: Mapping[str, object], key: str) -> str:
    table = pick(cache, str(cache["Type"]))
    value = str(pick(table, key) or "") if isinstance(table, dict) else ""
    if key == "ServerAddress":
        return "" if _at_amazon(value) else _bare(value)
    return value


def _rest(table: Mapping[str, object]) -> dict[str, object]:
    known = {key.lower(): value for key, value in table.items() if value not in ("", False)}
    return {key: value for key, value in known.items() if key not in ("serveraddress",)}


def _bare(server: str) -> str:
    return re.sub(r"^https?://", "", server).rstrip("/").lower()


def _at_amazon(server: str) -> bool:
    return is_amazons(_bare(server)) or is_amazons_in_another_spelling(server)


def _s3(s3: dict[str, object], place: str, findings: Findings) -> dict[str, object]:
    result = dict(s3)
    server = result.get("ServerAddress")
    amazons = not isinstance(server, str) or _at_amazon(server)
    if isinstance(server, str) and amazons and not is_amazons(server):
        findings.left_out(f"{place}.ServerAddress", "it is Amazon's own server, in a form that gitlab-runner can't use")
        del result["ServerAddress"]
    elif isinstance(server, str) and _bare(server) != server.lower():
        findings.note(f"{place}.ServerAddress", "is a host and a port without https://; Insecure says which it is")
        result["ServerAddress"] = _bare(server)
    if not result.get("BucketName") and "BucketLocation" in result and amazons:
        findings.left_out(
            f"{place}.BucketLocation", "no BucketName is there; the stack makes a bucket in its own region"
        )
        del result["BucketLocation"]
    return _keys(result, place, amazons, findings)


def _kms_key(s3: Mapping[str, object], place: str, findings: Findings) -> dict[str, object]:
    key = s3.get("ServerSideEncryptionKeyID")
    if not isinstance(key, str) or "AccessKey" in s3 or "RoleARN" in s3:
        return {}
    place = f"{place}.ServerSideEncryptionKeyID"
    if re.fullmatch(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", key):
        findings.note(place, "becomes cache.kmsKey too, so that the manager's role may use the key")
        return {"kmsKey": key}
    example = "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
    findings.want("cache.kmsKey", example, f"{place}: the ARN of that key, so that the manager's role may use it")
    return {}


def _keys(s3: dict[str, object], place: str, amazons: bool, findings: Findings) -> dict[str, object]:
    pair = ("AccessKey", "SecretKey")
    given = [key for key in (*pair, "SessionToken") if key in s3]
    if s3.get("AuthenticationType") == "iam" and given:
        reason = "AuthenticationType is iam, so that gitlab-runner signs in by the instance profile"
        findings.left_out(f"{place}.{given[0]}", f"{' and '.join(given)}: {reason}")
    elif not amazons:
        for key in pair:
            if key not in s3:
                s3[key] = findings.secret(f"cache{key}", "", f"{place}.{key}, which is missing; it is the server's key")
        return s3
    elif given and not all(key in s3 for key in pair):
        findings.left_out(
            f"{place}.{given[0]}", f"{' and '.join(given)} is only a part of a key; the instance profile serves"
        )
        if s3.get("AuthenticationType") == "access-key":
            del s3["AuthenticationType"]
    else:
        return s3
    return {key: value for key, value in s3.items() if key not in (*pair, "SessionToken")}
