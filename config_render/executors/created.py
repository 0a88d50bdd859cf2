"""What config.toml needs that settings do not say."""

from collections.abc import Mapping
from dataclasses import dataclass

MARKER = "(known after creation)"
"""Stands for a fact that is unknown yet."""


@dataclass(frozen=True, kw_only=True)
class CreatedResources:
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
