"""The settings of a stack, as its stack file spells them.

What ends up in config.toml is spelled as GitLab spells it; what is ours is camelCase, as Pulumi's settings are.
https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-global-section
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..instance_types import architecture
from .cache import CacheSettings
from .identity import IdentitySettings
from .image import DEFAULT_SYSTEM, ImageLookup, published_image
from .manager import ManagerSettings
from .network import NetworkSettings
from .pool import Pool
from .process import DEFAULT_SHUTDOWN_SECONDS, GlobalKeys
from .section import Section, left_out
from .tags import TagKey, TagValue
from .values import BaseUrl, InOrder, SomeItems, checked_by


def _check_gitlab_url(url: str) -> str | None:
    host, _, path = url.partition("://")[2].partition("/")
    if "/-/" in f"{url}/" or re.search(r"(^|/)(ci|api/v\d|admin.*|users/sign_in)$", path):
        return "is a page of GitLab; give the address that GitLab's start page has"
    if host == "gitlab.com" and path:
        return "has a path; GitLab.com is https://gitlab.com"
    return None


class Gitlab(Section):
    """The GitLab instance whose jobs are run."""

    url: Annotated[BaseUrl, checked_by(_check_gitlab_url)] = Field(
        description="Address of the GitLab instance, such as https://gitlab.example.com",
        examples=["https://gitlab.example.com"],
    )
    check: bool = Field(
        default=True, description="Whether to ask GitLab, before anything is created, if it takes the token"
    )


class Settings(GlobalKeys):
    """All settings of a stack, less the token, which is a secret and is kept out of models."""

    gitlab: Gitlab = Field(description="The GitLab instance")
    network: NetworkSettings = Field(default_factory=left_out, description="The network of manager and workers")
    identity: IdentitySettings = Field(default_factory=left_out, description="Who manager and workers are in IAM")
    manager: ManagerSettings = Field(description="The manager's instance")
    cache: CacheSettings = Field(default_factory=left_out, description="The cache that all pools share")
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=40), InOrder] = Field(
        default_factory=dict, description="AWS tags for everything that is created, the workers included"
    )
    preflight: Literal["warn", "strict", "off"] = Field(
        default="warn",
        description="At a preview, ask AWS for prices, offers and quotas: warn of caps under today's price; "
        "strict: fail; off: do not ask",
    )
    pools: SomeItems[Pool] = Field(description="Pools of workers, one or more")

    @property
    def drain_seconds(self) -> int:
        """What gitlab-runner may take to remove all machines at a stop, once the last job has ended."""
        drain = self.machine.shutdown_drain if self.machine else None
        return (self.shutdown_timeout or DEFAULT_SHUTDOWN_SECONDS) if drain and drain.enabled else 0

    def image_lookups(self, partition: str) -> dict[str, ImageLookup]:
        """Return where to find the images of workers whose pool names none by its id, by `Pool.image_key`."""
        found = {}
        for pool in self.pools:
            for each in pool.instance_types if pool.ami is None else ():
                default = pool.image or published_image(DEFAULT_SYSTEM, architecture(each), partition)
                found[pool.image_key(each)] = default
        return dict(sorted(found.items()))
