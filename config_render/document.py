"""config.toml, made of the settings and of what the stack created."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import tomli_w

from .cache import CacheKeys
from .instance_types import architecture
from .machine import Autoscaling, Machine
from .machine_options import Placement, machine_options
from .pool import Pool, RunnerKeys
from .runner_token import TOKEN_PLACEHOLDER
from .sections import Entry, entries
from .settings import GlobalKeys, Settings

_Numbers = TypeVar("_Numbers", Machine, Autoscaling)

_HEADING = "# Made by gitlab-runner-aws from the settings of its stack; edits on this host are overwritten.\n"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known once the resources exist. During a preview any text may be a marker instead."""

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
    bucket: str
    images: Mapping[str, str]
    """Image ids by architecture: x86_64, arm64. Needed for the types of pools that name no image."""


def render(settings: Settings, facts: Facts) -> str:
    """Return the text of config.toml. Equal arguments give equal bytes, whatever the order of tables and tags."""
    content = document(settings, facts)
    text = tomli_w.dumps(content)
    # Scripts are easier to review over several lines, but that form would lose carriage returns.
    return _HEADING + (text if "\\r" in text else tomli_w.dumps(content, multiline_strings=True))


def document(settings: Settings, facts: Facts) -> dict[str, Any]:
    """Return the content of config.toml as TOML would be read, with a placeholder for the token."""
    runners = [
        _runner(settings, facts, pool, entry)
        for pool in settings.pools
        for entry in entries(pool.name, pool.zones or settings.network.zones, pool.instance_types)
    ]
    return {**settings.table(GlobalKeys), "runners": runners}


def _runner(settings: Settings, facts: Facts, pool: Pool, entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "url": settings.gitlab.url,
        "token": TOKEN_PLACEHOLDER,
        "executor": "docker+machine",
        "limit": entry.share(pool.limit),
        **pool.table(RunnerKeys),
        "docker": pool.docker.table(),
        "cache": _cache(settings, facts),
        "machine": _machine(settings, facts, pool, entry).table(),
    }


def _cache(settings: Settings, facts: Facts) -> dict[str, Any]:
    cache = settings.cache.table(CacheKeys)
    return {**cache, "s3": {**cache["s3"], "BucketName": facts.bucket, "BucketLocation": facts.region}}


def _machine(settings: Settings, facts: Facts, pool: Pool, entry: Entry) -> Machine:
    machine = pool.machine
    placement = Placement(
        region=facts.region,
        zone=entry.zone,
        vpc_id=facts.vpc_id,
        subnet_id=facts.subnets[facts.region + entry.zone],
        security_group=facts.security_group,
        instance_type=entry.instance_type,
        instance_profile=facts.instance_profile,
        ami=pool.ami or facts.images[architecture(entry.instance_type)],
        ssh_user=pool.ssh_user,
        root_size=pool.root_size,
        volume_type=pool.volume_type,
        spot_price=pool.spot.max_price if pool.spot else None,
        tags={
            "runner-manager-name": entry.name,
            "gitlab-runner-aws": facts.deployment,
            **dict(sorted(settings.tags.items())),
        },
    )
    return _share(machine, entry).model_copy(
        update={
            "machine_name": entry.machine_name(machine.machine_name),
            "machine_options": machine_options(placement, machine.machine_options or ()),
            "autoscaling": [_share(period, entry) for period in machine.autoscaling or ()] or None,
        }
    )


def _share(numbers: _Numbers, entry: Entry) -> _Numbers:
    least = numbers.idle_count_min
    return numbers.model_copy(
        update={
            "idle_count": entry.share(numbers.idle_count),
            "idle_count_min": None if least is None else entry.share(least),
        }
    )
