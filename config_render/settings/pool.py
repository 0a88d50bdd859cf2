"""A pool of workers: one or more `[[runners]]` of config.toml, alike but for their zone and instance type."""

import math
from typing import Annotated, Any

from pydantic import Field

from ..base.instance_types import architecture, check_instance_type
from ..base.placeholders import secret_names
from ..base.section import left_out
from ..base.values import DistinctItems, ImageId, Pattern, Positive, checked_by
from .driver import DriverOptions
from .image import ImageLookup
from .network import ZoneSuffix
from .option_texts import merge_options
from .programs import WORKER_DOCKER, DockerEngine
from .runner import RunnerKeys
from .spot import Spot

LONGEST_USER_DATA = 16 * 1024
"""Bytes that EC2 takes, before they are base64."""


def _check_user_data(text: str) -> str | None:
    if secret_names(text):
        return "holds a placeholder, but every job can read its machine's user data; keep secrets out of it"
    size = len(text.encode(errors="replace"))
    if size > LONGEST_USER_DATA:
        return f"has {size} bytes; EC2 takes {LONGEST_USER_DATA}: let it fetch the rest from a bucket"
    return None if text.startswith("#") else "begins with neither #! nor #cloud-config, so cloud-init would ignore it"


def user_data_path(pool: str) -> str:
    """Return where on the manager a pool's user data is."""
    return f"/etc/gitlab-runner/user-data/{pool}"


class Pool(RunnerKeys):
    """Workers that are alike; spread over zones and instance types when several are given."""

    name: Annotated[
        str, Pattern(r"[a-z0-9-]{1,32}", "is not a valid pool name: 1 to 32 of the letters a to z, digits and -")
    ] = Field(description="Name of the pool, of its runner entries and of its machines")
    limit: Positive = Field(
        description="Most jobs that the pool runs at a time, and most machines that it has, idle ones included"
    )
    zones: DistinctItems[ZoneSuffix] | None = Field(
        default=None, description="Zones to start machines in, as suffixes; by default those of network.zones"
    )
    instance_types: DistinctItems[Annotated[str, checked_by(check_instance_type)]] = Field(
        default=("m5.large",),
        alias="instanceTypes",
        description="Instance types; machines are started with one of them, in one zone, and with the next where AWS "
        "has no capacity",
        examples=[["m6i.large", "m5.large"]],
    )
    spot: Spot | None = Field(default=None, description="Use spot capacity; on-demand without it")
    ami: ImageId | None = Field(
        default=None, description="Image of the machines; by default a current Ubuntu of the types' architecture"
    )
    image: ImageLookup | None = Field(default=None, description="Where to look the image up, instead of ami")
    user_data: Annotated[str, checked_by(_check_user_data)] | None = Field(
        default=None, alias="userData", description="User data of the machines: cloud-init's #cloud-config or a script"
    )
    docker_engine: DockerEngine | None = Field(
        default=None,
        alias="dockerEngine",
        description="With docker-autoscaler: the Docker Engine to install on machines whose image has none; by default "
        f"{WORKER_DOCKER} from Docker's packages",
    )
    driver: DriverOptions = Field(
        default_factory=left_out,
        description="Options of docker-machine's amazonec2 driver, as the driver spells them",
    )

    def image_key(self, instance_type: str) -> str:
        """Return the key in `CreatedResources.images` for an instance type, for a pool without `ami`."""
        return f"pools.{self.name}" if self.image else architecture(instance_type)

    @property
    def on_demand_limit(self) -> int:
        """How many on-demand machines a spot pool may have while there is no spot capacity."""
        return (self.spot.on_demand_limit if self.spot else None) or 0

    def given_options(self) -> dict[str, Any]:
        """Return what machines are created with, without what follows from where they are: driver, MachineOptions."""
        typed = self.driver.model_dump(by_alias=True, exclude_none=True)
        return {**typed, **merge_options(self.machine.machine_options or ())}

    @property
    def most_instances(self) -> int:
        """How many machines it takes to run `limit` jobs, where a machine runs as many as docker-autoscaler is told."""
        return math.ceil(self.limit / self.autoscaler.capacity_per_instance)
