"""The settings of a stack, as its stack file spells them.

What ends up in config.toml is spelled as GitLab spells it; what is ours is camelCase, as Pulumi's settings are.
https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-global-section
"""

import re
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from ..instance_types import Architecture, architecture
from ..subnets import MOST_ZONES, check_range
from .cache import CacheSettings
from .manager import ManagerSettings
from .pool import Pool, ZoneSuffix
from .process import GlobalKeys
from .section import Section, left_out
from .tags import TagKey, TagValue
from .values import BaseUrl, CidrV4, DistinctItems, InOrder, SomeItems, checked_by


def _check_gitlab_url(url: str) -> str | None:
    host, _, path = url.partition("://")[2].partition("/")
    if "/-/" in f"{url}/" or re.search(r"(^|/)(ci|api/v\d|admin.*|users/sign_in)$", path):
        return "is a page of GitLab; give the address that GitLab's start page has"
    if host == "gitlab.com" and path:
        return "has a path; GitLab.com is https://gitlab.com"
    return None


def _range(cidr: IPv4Network) -> IPv4Network:
    if reason := check_range(cidr):
        raise ValueError(reason)
    return cidr


class Gitlab(Section):
    """The GitLab instance whose jobs are run."""

    url: Annotated[BaseUrl, checked_by(_check_gitlab_url)] = Field(
        description="Address of the GitLab instance, such as https://gitlab.example.com",
        examples=["https://gitlab.example.com"],
    )
    check: bool = Field(
        default=True, description="Whether to ask GitLab, before anything is created, if it takes the token"
    )


class NetworkSettings(Section):
    """The network that is created for manager and workers."""

    cidr: Annotated[CidrV4, AfterValidator(_range)] = Field(
        default=IPv4Network("10.0.0.0/16"),
        description="Range of the new VPC, /16 to /24; each zone gets a sixteenth of it",
    )
    zones: Annotated[DistinctItems[ZoneSuffix], Field(max_length=MOST_ZONES)] = Field(
        default=("a",),
        description="Zones of the region to use, as suffixes: a for eu-central-1a, -lax-1a for us-west-2-lax-1a. "
        "Add new ones at the end: each zone keeps its subnet as long as it keeps its place",
        examples=[["a", "b"]],
    )


class Settings(GlobalKeys):
    """All settings of a stack, less the token, which is a secret and is kept out of models."""

    gitlab: Gitlab = Field(description="The GitLab instance")
    network: NetworkSettings = Field(default_factory=left_out, description="The network to create")
    manager: ManagerSettings = Field(description="The manager's instance")
    cache: CacheSettings = Field(default_factory=left_out, description="The cache that all pools share")
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=40), InOrder] = Field(
        default_factory=dict, description="AWS tags for everything that is created, the workers included"
    )
    pools: SomeItems[Pool] = Field(description="Pools of workers, one or more")

    @property
    def architectures_without_image(self) -> tuple[Architecture, ...]:
        """The architectures of workers whose pool names no image, so that one has to be looked up."""
        types = [each for pool in self.pools if pool.ami is None for each in pool.instance_types]
        return tuple(sorted({architecture(each) for each in types}))
