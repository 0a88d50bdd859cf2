"""config.toml, made of the settings and of what the stack created."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..base.placeholders import ACCESS_KEY_PLACEHOLDER, SECRET_KEY_PLACEHOLDER, TOKEN_PLACEHOLDER
from ..base.regions import s3_endpoint
from ..base.tags import DEPLOYMENT_TAG, MANAGER_TAG
from ..executors.docker_machine.entries import Entry, Placement, machine_name, pool_entries
from ..executors.docker_machine.options import MachineSpec, machine_options
from ..settings.cache import CacheKeys
from ..settings.machine import Autoscaling, Machine
from ..settings.pool import Pool, user_data_path
from ..settings.process import GlobalKeys
from ..settings.runner import RunnerKeys
from ..settings.stack import Settings
from .toml_text import dumps

_Numbers = TypeVar("_Numbers", Machine, Autoscaling)

_HEADING = "# Made by gitlab-runner-aws from its stack's settings; edits on this host are overwritten.\n"
_ADAPTIVE_REQUESTS = "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY"
MARKER = "(known after creation)"
"""Stands for a fact that is not known yet."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known once the resources exist. During a preview any text may be `MARKER` instead."""

    deployment: str
    """Value of the tag `gitlab-runner-aws`, by which a deployment's machines are found."""
    region: str
    vpc_id: str
    subnets: Mapping[str, str]
    """Subnet ids by the whole name of their zone, such as eu-central-1a or us-west-2-lax-1a."""
    security_group: str
    """Name, not id, of the workers' security group."""
    instance_profile: str
    """Name of the workers' instance profile."""
    bucket: str | None
    """The bucket that the stack made; None where the cache is elsewhere."""
    bucket_region: str
    images: Mapping[str, str]
    """Image ids by `Pool.image_key`, for the pools that name none."""
    cache_role: str | None = None
    """ARN of the role that the stack made for large caches."""


def render(settings: Settings, facts: Facts) -> str:
    """Return the text of config.toml. Equal arguments give equal bytes, whatever the order of tables and tags."""
    return _HEADING + dumps(document(settings, facts))


def document(settings: Settings, facts: Facts) -> dict[str, Any]:
    """Return the content of config.toml as TOML would be read, with placeholders for its secrets."""
    return settings.table(GlobalKeys, runners=[*_runners(settings, facts)])


def _runners(settings: Settings, facts: Facts) -> Iterator[dict[str, object]]:
    cache = _cache(settings, facts)
    sharing = sections_by_token(settings)
    for pool in settings.pools:
        docker = pool.docker.table()
        for entry in pool_entries(settings, pool):
            token = token_of(settings, pool, entry)
            yield pool.table(
                RunnerKeys,
                name=entry.name,
                limit=entry.share(pool.limit),
                request_concurrency=pool.request_concurrency or sharing[token] + 1,
                url=settings.gitlab.url,
                token=token,
                executor="docker+machine",
                cache=cache,
                feature_flags=_feature_flags(pool, sharing[token]),
                docker=docker,
                machine=_machine(settings, facts, pool, entry),
            )


def token_of(settings: Settings, pool: Pool, entry: Entry) -> str:
    """Return the placeholder of the token that a runner entry has."""
    each = settings.create_runner.each if settings.create_runner else "deployment"
    own = {"deployment": "", "pool": f":{pool.name}", "entry": f":{entry.name}"}[each]
    return pool.token or TOKEN_PLACEHOLDER.replace(">", f"{own}>")


def pools_by_token(settings: Settings) -> dict[str, list[int]]:
    """Return which pools, by their numbers, take jobs with which token: gitlab-runner counts these together."""
    found: dict[str, list[int]] = {}
    for index, pool in enumerate(settings.pools):
        found.setdefault(token_of(settings, pool, pool_entries(settings, pool)[0]), []).append(index)
    return found


def sections_by_token(settings: Settings) -> Counter[str]:
    """Count the sections of config.toml that may be live on each token: gitlab-runner counts their requests together.

    Source: `getRunnerCounter` and `acquireRequest` in commands/builds_helper.go of gitlab-runner.
    """
    found: Counter[str] = Counter()
    for pool in settings.pools:
        for entry in pool_entries(settings, pool):
            found[token_of(settings, pool, entry)] += 2 if entry.share(pool.on_demand_limit) else 1
    return found


def _feature_flags(pool: Pool, sections: int) -> dict[str, bool] | None:
    if sections == 1:
        return pool.feature_flags
    # In quiet times it lets each token have one request at a time, and a request that GitLab holds back for up to a
    # minute would keep the token's other sections from looking after their machines.
    return dict(sorted({_ADAPTIVE_REQUESTS: False, **(pool.feature_flags or {})}.items()))


def _cache(settings: Settings, facts: Facts) -> dict[str, object]:
    cache = settings.cache
    return cache.table(CacheKeys, s3=_s3(settings, facts) if cache.type == "s3" else None)


def _s3(settings: Settings, facts: Facts) -> dict[str, object]:
    s3 = settings.cache.s3
    given: dict[str, object] = {"bucket_name": s3.bucket_name or facts.bucket}
    if settings.cache.at_amazon:
        given["server_address"] = s3.server_address or s3_endpoint(facts.region)
        given["bucket_location"] = s3.bucket_location or facts.bucket_region
        given["role_arn"] = s3.role_arn or facts.cache_role
    by_key = s3.access_key is not None
    if settings.identity.by_key and settings.cache.at_amazon and not by_key:
        by_key = True
        given["access_key"], given["secret_key"] = ACCESS_KEY_PLACEHOLDER, SECRET_KEY_PLACEHOLDER
    by_profile = None if by_key else "iam"
    return s3.table(**given, authentication_type=s3.authentication_type or by_profile)


def _machine(settings: Settings, facts: Facts, pool: Pool, entry: Entry) -> dict[str, object]:
    machine = pool.machine
    growth = machine.max_growth_rate
    return machine.table(
        **_shares(machine, entry),
        max_growth_rate=max(1, entry.share(growth)) if growth else growth,
        machine_name=machine_name(pool.name, machine.machine_name, entry.home.label),
        machine_options=placed_options(settings, facts, pool, entry.home),
        autoscaling=[period.table(**_shares(period, entry)) for period in machine.autoscaling or ()] or None,
    )


def placed_options(
    settings: Settings, facts: Facts, pool: Pool, placement: Placement, *, fallback: bool = False
) -> list[str]:
    """Return MachineOptions of a pool for one of its placements, on demand for the `fallback` of spot machines."""
    spec = MachineSpec(
        region=facts.region,
        zone=placement.zone,
        vpc_id=facts.vpc_id,
        subnet_id=facts.subnets[facts.region + placement.zone],
        security_group=facts.security_group,
        instance_type=placement.instance_type,
        instance_profile=facts.instance_profile,
        ami=pool.ami or facts.images[pool.image_key(placement.instance_type)],
        spot_price=pool.spot.cap(placement.instance_type) if pool.spot and not fallback else None,
        tags={MANAGER_TAG: pool.name, DEPLOYMENT_TAG: facts.deployment, **settings.tags},
        private=settings.network.private,
        user_data=user_data_path(pool.name) if pool.user_data else None,
        by_key=settings.identity.by_key,
    )
    return machine_options(spec, pool.driver, pool.machine.machine_options or ())


def _shares(numbers: _Numbers, entry: Entry) -> dict[str, int | None]:
    least = numbers.idle_count_min
    return {
        "idle_count": entry.share(numbers.idle_count),
        "idle_count_min": None if least is None else entry.share(least),
    }
