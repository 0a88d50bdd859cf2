"""The settings of a stack, as its stack file spells them.

What ends up in config.toml is spelled as GitLab spells it; what is ours is camelCase, as Pulumi's settings are.
https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-global-section
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from .cache import CacheSettings
from .instance_types import Architecture, architecture
from .machine import MachineGlobals
from .manager import ManagerSettings
from .pool import Labels, Pool, ZoneSuffix
from .section import (
    BaseUrl,
    CidrV4,
    ConfigTable,
    DistinctItems,
    Duration,
    Natural,
    Positive,
    Section,
    SomeItems,
    checked_by,
)
from .subnets import MOST_ZONES, check_range


def _check_gitlab_url(url: str) -> str | None:
    host, _, path = url.partition("://")[2].partition("/")
    if "/-/" in f"{url}/" or re.search(r"(^|/)(ci|api/v\d|admin.*|users/sign_in)$", path):
        return "is a page of GitLab; give the address that GitLab's start page has"
    if host == "gitlab.com" and path:
        return "has a path; GitLab.com is https://gitlab.com"
    return None


def _check_tag_key(key: str) -> str | None:
    if key in ("Name", "gitlab-runner-aws", "runner-manager-name"):
        return "is a tag that this program sets itself; choose another key"
    if key.lower().startswith("aws:"):
        return "begins with aws:, which AWS keeps for itself; choose another key"
    if not 1 <= len(key) <= 128:
        return f"has {len(key)} characters; a tag's key has 1 to 128"
    return _check_tag_text(key)


def _check_tag_value(value: str) -> str | None:
    if len(value) > 256:
        return f"has {len(value)} characters; a tag's value has at most 256"
    return _check_tag_text(value)


def _check_tag_text(text: str) -> str | None:
    if "," in text:
        return "holds a comma, at which docker-machine would split it; write it without"
    # The strictest of the services that are tagged is IAM.
    return None if re.fullmatch(r"[\w .:/=+@-]*", text) else "may hold letters, digits, blanks and _ . : / = + - @ only"


TagKey = Annotated[str, checked_by(_check_tag_key)]
TagValue = Annotated[str, checked_by(_check_tag_value)]


def _range(cidr: IPv4Network) -> IPv4Network:
    if reason := check_range(cidr):
        raise ValueError(reason)
    return cidr


class Gitlab(Section):
    """The GitLab instance whose jobs are run."""

    url: Annotated[BaseUrl, checked_by(_check_gitlab_url)] = Field(
        description="Address of the GitLab instance, such as https://gitlab.example.com"
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
    )


class GlobalKeys(ConfigTable):
    """The keys of config.toml that stand outside of `[[runners]]`."""

    concurrent: Positive = Field(
        default=10, description="Most jobs at a time, over all pools; a pool's limit bounds its machines"
    )
    check_interval: Natural = 0
    log_level: Literal["debug", "info", "warn", "warning", "error", "fatal", "panic"] | None = None
    log_format: Literal["runner", "text", "json"] | None = None
    listen_address: str | None = None
    labels: Labels | None = None
    user: str | None = None
    sentry_dsn: str | None = None
    connection_max_age: Duration | None = None
    shutdown_timeout: Natural | None = None
    machine: MachineGlobals | None = None


class Settings(GlobalKeys):
    """All settings of a stack, less the token, which is a secret and is kept out of models."""

    gitlab: Gitlab = Field(description="The GitLab instance")
    network: NetworkSettings = Field(default=NetworkSettings(), description="The network to create")
    manager: ManagerSettings = Field(description="The manager's instance")
    cache: CacheSettings = Field(default=CacheSettings(), description="The cache that all pools share")
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=40)] = Field(
        default_factory=dict, description="AWS tags for everything that is created, the workers included"
    )
    pools: SomeItems[Pool] = Field(description="Pools of workers, one or more")

    refused: ClassVar[Mapping[str, str]] = {"runners": "is made from pools; set pools"}

    @property
    def architectures_without_image(self) -> tuple[Architecture, ...]:
        """The architectures of workers whose pool names no image, so that one has to be looked up."""
        types = [each for pool in self.pools if pool.ami is None for each in pool.instance_types]
        return tuple(sorted({architecture(each) for each in types}))
