"""The settings of a stack, as its stack file spells them.

What ends up in config.toml is spelled as GitLab spells it; what is ours is camelCase, as Pulumi's settings are.
https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-global-section
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from ..base.instance_types import architecture
from ..base.section import left_out
from ..base.tags import TagKey, TagValue
from ..base.values import InOrder, SomeItems
from .cache import CacheSettings
from .gitlab import CreateRunner, Gitlab, ParameterName, SecretId
from .identity import IdentitySettings
from .image import DEFAULT_SYSTEM, ImageLookup, published_image
from .manager import ManagerSettings
from .network import NetworkSettings
from .pool import Pool
from .process import DEFAULT_SHUTDOWN_SECONDS, GlobalKeys
from .runner import Executor


class Settings(GlobalKeys):
    """All settings of a stack, less token, registrationToken and accessToken: secrets are kept out of models."""

    executor: Executor = Field(
        default="docker+machine",
        description="How machines are made for jobs: docker+machine, which GitLab removes in May 2027, or "
        "docker-autoscaler; each pool may have its own",
    )
    gitlab: Gitlab = Field(description="The GitLab instance")
    create_runner: CreateRunner | None = Field(
        default=None, alias="createRunner", description="A runner to create in GitLab, with accessToken"
    )
    token_parameter: ParameterName | None = Field(
        default=None,
        alias="tokenParameter",
        description="Name of the parameter in AWS Systems Manager that holds the runner's token; the manager reads it",
    )
    token_secret: SecretId | None = Field(
        default=None,
        alias="tokenSecret",
        description="Name or ARN of the secret in AWS Secrets Manager that holds the token; the manager reads it",
    )
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

    def given(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults, as plain values by the stack file's names.

        A table that may be left out and is there is in it, even if it is empty. Secrets are not settings: where these
        need one, there is a placeholder.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def executor_of(self, pool: Pool) -> Executor:
        """Return a pool's executor: its own, or that of all pools."""
        return pool.executor or self.executor

    def pools_of(self, executor: Executor) -> tuple[Pool, ...]:
        """Return the pools that have an executor."""
        return tuple(pool for pool in self.pools if self.executor_of(pool) == executor)

    @property
    def own_runners(self) -> bool:
        """Whether each runner entry has a runner, and so a token, of its own."""
        return self.create_runner is not None and self.create_runner.each == "entry"

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
