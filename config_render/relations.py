"""Rules that join several settings."""

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

from .driver_flags import CKI_ONLY
from .instance_types import architecture
from .problems import Problem, problem
from .raw import RawPool, items, network_zones, pools, table, text, walk, whole
from .runner_token import TOKEN_PLACEHOLDER
from .sections import LONGEST_MACHINE_NAME, same_machines
from .settings import NetworkSettings
from .subnets import MOST_ZONES, check_range, machines_that_fit, subnet_cidrs


def related_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong between values that may each be right; wrong ones are passed over."""
    for pool in pools(raw):
        for rule in _POOL_RULES:
            yield from rule(raw, pool)
    yield from _names_differ(raw)
    yield from _machine_names_fit(raw)
    yield from _machine_names_differ(raw)
    yield from _machines_fit(raw)
    yield from _texts_are_harmless(raw)


def _limit_suffices(raw: Mapping[str, Any], pool: RawPool) -> Iterator[Problem]:
    limit = pool.limit
    if limit is None or limit < 1:
        return
    count = len(pool.entries)
    if limit < count:
        # A share of 0 would mean no limit at all to gitlab-runner.
        message = f"is below {count}, the number of zones x instance types; raise limit or name fewer of them"
        yield problem(pool.at("limit"), message, limit)
    # An autoscaling period may ask for more than limit, as GitLab's own guide does: the runner stops at limit.
    idle = whole(pool.machine.get("IdleCount"))
    if idle is not None and limit < idle:
        yield problem(pool.at("limit"), f"is below IdleCount {idle}; raise limit or lower IdleCount", limit)


def _zones_exist(raw: Mapping[str, Any], pool: RawPool) -> Iterator[Problem]:
    there = network_zones(raw)
    for index, zone in enumerate(items(pool.content.get("zones"))):
        if isinstance(zone, str) and zone not in there:
            message = f"is not in network.zones ({', '.join(there)}); add it there or leave it out here"
            yield problem(pool.at("zones", index), message, zone)


def _image_fits(raw: Mapping[str, Any], pool: RawPool) -> Iterator[Problem]:
    if text(pool.content.get("ami")) and len({architecture(each) for each in pool.instance_types}) > 1:
        message = "can't boot both x86_64 and arm64 instance types; put them into two pools, each with its image"
        yield problem(pool.at("ami"), message, pool.content["ami"])


def _spot_is_whole(raw: Mapping[str, Any], pool: RawPool) -> Iterator[Problem]:
    given = dict(option.partition("=")[::2] for option in pool.options)
    request, price = given.get("amazonec2-request-spot-instance"), given.get("amazonec2-spot-price")
    has_spot = pool.content.get("spot") is not None
    is_spot = has_spot if request is None else request in ("", "1", "t", "T", "true", "TRUE", "True")
    at = pool.at("machine", "MachineOptions")
    if price and not _is_price(price):
        yield problem(at, "has a spot price that AWS refuses; it must be a number of at least 0.001")
    elif is_spot and price is None and not has_spot:
        yield problem(at, "asks for spot machines without a price; set spot.maxPrice of the pool instead")
    elif not is_spot and (price is not None or has_spot):
        yield problem(
            at, "has a spot price for on-demand machines, which have none; set spot.maxPrice of the pool, or neither"
        )


def _is_price(value: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None and float(value) >= 0.001


def _fork_has_options(raw: Mapping[str, Any], pool: RawPool) -> Iterator[Problem]:
    if table(table(raw.get("manager")).get("dockerMachine")).get("url") is not None:
        return
    for index, option in enumerate(items(pool.machine.get("MachineOptions"))):
        if isinstance(option, str) and option.partition("=")[0] in CKI_ONLY:
            message = "is an option of the CKI project's fork; set manager.dockerMachine.url to its downloads"
            yield problem(pool.at("machine", "MachineOptions", index), message)


def _labels_fit(raw: Mapping[str, Any], pool: RawPool) -> Iterator[Problem]:
    count = len({*table(raw.get("labels")), *table(pool.content.get("labels"))})
    if pool.content.get("labels") and count > 32:
        yield problem(pool.at("labels"), f"makes {count} labels together with the global ones; there may be 32")


def _names_differ(raw: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, RawPool] = {}
    for pool in pools(raw):
        if pool.name is None:
            continue
        if pool.name in first:
            message = f"is the name of pools[{first[pool.name].index}] too; choose another"
            yield problem(pool.at("name"), message, pool.name)
        first.setdefault(pool.name, pool)


def _machine_names(raw: Mapping[str, Any]) -> list[tuple[RawPool, str]]:
    # Pools of the same name are reported by that: their machines need no second message.
    named = {pool.name: pool for pool in reversed(pools(raw)) if pool.name and pool.machine_name_is_usable}
    return [
        (pool, entry.machine_name(pool.machine_name))
        for pool in sorted(named.values(), key=lambda pool: pool.index)
        for entry in pool.entries
    ]


def _machine_names_fit(raw: Mapping[str, Any]) -> Iterator[Problem]:
    longest: dict[int, tuple[RawPool, str]] = {}
    for pool, name in _machine_names(raw):
        if len(name) > max(LONGEST_MACHINE_NAME, len(longest.get(pool.index, (pool, ""))[1])):
            longest[pool.index] = (pool, name)
    for pool, name in longest.values():
        message = (
            f"makes the machine name {name} of {len(name)} characters, too long for a host name; "
            f"shorten it until there are {LONGEST_MACHINE_NAME}"
        )
        yield problem(pool.at(*pool.machine_name_from), message, pool.machine_name or pool.name)


def _machine_names_differ(raw: Mapping[str, Any]) -> Iterator[Problem]:
    reported: set[tuple[int, int]] = set()
    for (pool, name), (other, other_name) in combinations(_machine_names(raw), 2):
        if same_machines(name, other_name) and (pool.index, other.index) not in reported:
            reported.add((pool.index, other.index))
            message = (
                f"makes machine names like {other_name}, which the runner can't tell from {name} of "
                f"pools[{pool.index}]: up to its %s, one must not begin like the other; choose another name"
            )
            yield problem(other.at(*other.machine_name_from), message, other.machine_name or other.name)


def _machines_fit(raw: Mapping[str, Any]) -> Iterator[Problem]:
    cidr_text = text(table(raw.get("network")).get("cidr"))
    try:
        cidr: IPv4Network = IPv4Network(cidr_text) if cidr_text else NetworkSettings.model_fields["cidr"].default
    except ValueError:
        return
    zones = network_zones(raw)
    if check_range(cidr) or len(zones) > MOST_ZONES:
        return
    subnets = subnet_cidrs(cidr, zones)
    wanted = dict.fromkeys(subnets, 0)
    for pool in pools(raw):
        for entry in pool.entries:
            wanted[entry.zone] = wanted.get(entry.zone, 0) + entry.share(max(pool.limit or 0, 0))
    for zone, subnet in subnets.items():
        if wanted[zone] > machines_that_fit(subnet):
            message = (
                f"gives zone {zone} {subnet}, which has room for {machines_that_fit(subnet)} machines, while the "
                f"limits of the pools allow {wanted[zone]} there; widen the range or lower the limits"
            )
            yield problem(("network", "cidr"), message, str(cidr))


def _texts_are_harmless(raw: Mapping[str, Any]) -> Iterator[Problem]:
    for at, value in walk(raw):
        if TOKEN_PLACEHOLDER in value:
            yield problem(at, f"holds {TOKEN_PLACEHOLDER}, in whose place the token would be put; leave it out")
        if any("\ud800" <= char <= "\udfff" for char in value):
            yield problem(at, "holds half a character (a lone surrogate), which no file can hold; write it anew")


_POOL_RULES: tuple[Callable[[Mapping[str, Any], RawPool], Iterator[Problem]], ...] = (
    _limit_suffices,
    _zones_exist,
    _image_fits,
    _spot_is_whole,
    _fork_has_options,
    _labels_fit,
)
