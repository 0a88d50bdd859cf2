"""Rules that join several settings of a stack."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from ipaddress import IPv4Network

from ..base.placeholders import check_placeholders, secret_names
from ..base.problems import Problem, problem
from ..base.subnets import MOST_ZONES, check_range, machines_that_fit, subnet_cidrs
from ..executors.docker_machine.entries import LONGEST_MACHINE_NAME, same_machines
from ..settings.manager import ManagerSettings
from ..settings.network import NetworkSettings
from .account_rules import ACCOUNT_RULES
from .cache_rules import CACHE_RULES
from .docker_autoscaler_rules import DOCKER_AUTOSCALER_RULES
from .docker_machine_rules import DOCKER_MACHINE_RULES
from .policy_rules import POLICY_RULES
from .pool_rules import POOL_RULES, PoolRule
from .program_rules import PROGRAM_RULES
from .raw import RawPool, RawStack, text, walk, whole
from .token_rules import proxy_problems, token_problems


def related_problems(
    raw: Mapping[str, object], secrets: Collection[str], tokens: Mapping[str, str | None]
) -> Iterator[Problem]:
    """Yield what is wrong between values that may each be right; wrong ones are passed over.

    `secrets` holds the names of the secrets that placeholders may stand for, `tokens` the secret settings of
    `placeholders.TOKENS` that are there.
    """
    stack = RawStack(raw)
    for pool in stack.pools:
        for pool_rule in (*POOL_RULES, *EXECUTOR_RULES.get(pool.executor, ())):
            yield from pool_rule(stack, pool)
    for rule in STACK_RULES:
        yield from rule(stack)
    yield from token_problems(stack, tokens)
    yield from _texts_are_harmless(stack, secrets)


def _names_differ(stack: RawStack) -> Iterator[Problem]:
    first: dict[str, RawPool] = {}
    for pool in stack.pools:
        if pool.name is None:
            continue
        if pool.name in first:
            message = f"is the name of pools[{first[pool.name].index}] too; choose another"
            yield problem(pool.at("name"), message, pool.name)
        first.setdefault(pool.name, pool)


def _named_pools(stack: RawStack) -> list[RawPool]:
    # Pools of the same name are reported by that: their machines need no second message.
    named = {pool.name: pool for pool in reversed(stack.pools) if pool.name and pool.machine_name_is_usable}
    return sorted(named.values(), key=lambda pool: pool.index)


def _section_names_differ(stack: RawStack) -> Iterator[Problem]:
    first: dict[str, RawPool] = {}
    for pool in _named_pools(stack):
        taken = [name for name in stack.section_names(pool) if first.setdefault(name, pool) is not pool]
        if taken:
            message = (
                f"makes [[runners]] called {taken[0]}, as pools[{first[taken[0]].index}] does, and the manager tells "
                "them by their names; choose another name"
            )
            yield problem(pool.at("name"), message, pool.name)


def _names_machines(pool: RawPool) -> bool:
    return pool.by_machine


def _machine_names_fit(stack: RawStack) -> Iterator[Problem]:
    for pool in filter(_names_machines, _named_pools(stack)):
        name = max(pool.machine_names, key=len)
        if len(name) > LONGEST_MACHINE_NAME:
            message = (
                f"makes the machine name {name} of {len(name)} characters, too long for a host name; "
                f"shorten it until there are {LONGEST_MACHINE_NAME}"
            )
            yield problem(pool.at(*pool.machine_name_from), message, pool.machine_name or pool.name)


def _machine_names_differ(stack: RawStack) -> Iterator[Problem]:
    # Before these names gitlab-runner puts a part of the runner's token, which tells those of other tokens.
    by_token: dict[str | None, list[tuple[RawPool, str]]] = {}
    for pool in filter(_names_machines, _named_pools(stack)):
        prefixes = {name.partition("%s")[0]: name for name in reversed(pool.machine_names)}
        by_token.setdefault(stack.token_of(pool), []).extend((pool, name) for name in prefixes.values())
    for names in by_token.values():
        yield from _names_of_one_token_differ(names)


def _names_of_one_token_differ(names: list[tuple[RawPool, str]]) -> Iterator[Problem]:
    reported: set[tuple[int, int]] = set()
    # In this order a name follows those that it begins like, and no others stand between.
    shorter: list[tuple[RawPool, str]] = []
    for this in sorted(names, key=lambda named: (named[1].partition("%s")[0], named[0].index)):
        while shorter and not same_machines(shorter[-1][1], this[1]):
            shorter.pop()
        for that in shorter:
            (pool, name), (other, other_name) = sorted((this, that), key=lambda named: named[0].index)
            if (pool.index, other.index) not in reported:
                reported.add((pool.index, other.index))
                message = (
                    f"makes machine names like {other_name}, which the runner can't tell from {name} of "
                    f"pools[{pool.index}]: up to its %s, one must not begin like the other; choose another name"
                )
                yield problem(other.at(*other.machine_name_from), message, other.machine_name or other.name)
        shorter.append(this)


def _machines_fit(stack: RawStack) -> Iterator[Problem]:
    if stack.table("network").get("vpcId") is not None:
        return
    cidr_text = text(stack.table("network").get("cidr"))
    try:
        cidr: IPv4Network = IPv4Network(cidr_text) if cidr_text else NetworkSettings.model_fields["cidr"].default
    except ValueError:
        return
    zones = stack.zones
    if check_range(cidr) or len(zones) > MOST_ZONES:
        return
    subnets = subnet_cidrs(cidr, zones)
    wanted = dict.fromkeys(subnets, 0)
    for pool in stack.pools:
        # All of a pool's machines may be in one zone when the others have no capacity.
        for zone in pool.zones:
            wanted[zone] = wanted.get(zone, 0) + pool.most_machines
    for zone, subnet in subnets.items():
        if wanted[zone] > machines_that_fit(subnet):
            message = (
                f"gives zone {zone} {subnet}, which has room for {machines_that_fit(subnet)} machines, while the "
                f"limits of the pools allow {wanted[zone]} there; widen the range or lower the limits"
            )
            yield problem(("network", "cidr"), message, str(cidr))


def _cache_has_its_bucket(stack: RawStack) -> Iterator[Problem]:
    cache = stack.table("cache")
    kind = cache.get("Type", "s3")
    if kind in ("gcs", "azure") and cache.get(kind) is None:
        yield problem(("cache", "Type"), f"needs the table {kind} beside it, which says where the cache is", kind)
    for other in ("gcs", "azure"):
        if cache.get(other) is not None and kind != other:
            yield problem(("cache", other), f"has no effect unless Type is {other}; set that or leave this out")


def _cache_keys_come_together(stack: RawStack) -> Iterator[Problem]:
    s3 = stack.table("cache", "s3")
    pair = ("AccessKey", "SecretKey")
    given = [key for key in pair if s3.get(key) is not None]
    needed_by = [key for key in ("SessionToken",) if s3.get(key) is not None]
    if s3.get("AuthenticationType") == "access-key":
        needed_by.append("AuthenticationType")
    if given or needed_by:
        for key in pair:
            if key not in given:
                message = f"missing, while {[*given, *needed_by][0]} is set; needed: a secret's name, <secret:NAME>"
                yield problem(("cache", "s3", key), message)
    if given and s3.get("AuthenticationType") == "iam":
        message = "means the instance profile, while there are keys; leave out one or the other"
        yield problem(("cache", "s3", "AuthenticationType"), message, "iam")


def _drain_ends_in_time(stack: RawStack) -> Iterator[Problem]:
    given = stack.table("manager").get("stopTimeout", ManagerSettings.model_fields["stop_timeout"].default)
    most, seconds = whole(given), whole(stack.content.get("shutdown_timeout"))
    if most is not None and seconds is not None and seconds > most:
        message = f"is above manager.stopTimeout {most}, which a stop of the service may take; lower it, or raise that"
        yield problem(("shutdown_timeout",), message, seconds)


def _texts_are_harmless(stack: RawStack, secrets: Collection[str]) -> Iterator[Problem]:
    if not _may_be_harmful(stack.content):
        return
    for at, value in walk(stack.content):
        reason = check_placeholders(value)
        if reason:
            yield problem(at, reason)
        for name in secret_names(value):
            if name not in secrets and not reason:
                message = f"stands for the secret {name}, which is not set; set it with: pulumi config set --secret"
                yield problem(at, f"{message} --path gitlab-runner-aws:secrets.{name}")
        if _HALF.search(value):
            yield problem(at, "holds half a character (a lone surrogate), which no file can hold; write it anew")


def _may_be_harmful(content: Mapping[str, object]) -> bool:
    """Look through all texts at once, which takes a tenth of the time that it takes to keep their places in mind."""
    try:
        return _SUSPECT.search(json.dumps(content, ensure_ascii=False)) is not None
    except (TypeError, ValueError, RecursionError):  # no plain tables, lists and values
        return True


_HALF = re.compile("[\ud800-\udfff]")
_SUSPECT = re.compile("<secret:|[\ud800-\udfff]")

EXECUTOR_RULES: Mapping[str, tuple[PoolRule, ...]] = {
    "docker+machine": DOCKER_MACHINE_RULES,
    "docker-autoscaler": DOCKER_AUTOSCALER_RULES,
}

STACK_RULES: tuple[Callable[[RawStack], Iterator[Problem]], ...] = (
    *ACCOUNT_RULES,
    _names_differ,
    _section_names_differ,
    _machine_names_fit,
    _machine_names_differ,
    _machines_fit,
    _cache_has_its_bucket,
    _cache_keys_come_together,
    _drain_ends_in_time,
    *CACHE_RULES,
    *POLICY_RULES,
    *PROGRAM_RULES,
    proxy_problems,
)
