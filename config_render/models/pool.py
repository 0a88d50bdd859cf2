"""A pool of workers: one or more `[[runners]]` of config.toml, alike but for their zone and instance type."""

from typing import Annotated

from pydantic import Field

from ..instance_types import check_instance_type
from .driver import DriverOptions
from .runner import RunnerKeys
from .section import left_out
from .spot import Spot
from .values import DistinctItems, ImageId, Pattern, Positive, checked_by

ZoneSuffix = Annotated[
    str,
    Pattern(r"[a-z]|-[a-z0-9-]{1,30}", "is no zone suffix; write a for eu-central-1a, -lax-1a for us-west-2-lax-1a"),
]


class Pool(RunnerKeys):
    """Workers that are alike; spread over zones and instance types when several are given."""

    name: Annotated[
        str, Pattern(r"[a-z0-9-]{1,32}", "is no pool name: 1 to 32 of the letters a to z, digits and -")
    ] = Field(description="Name of the pool, of its runner entries and of its machines")
    limit: Positive = Field(description="Most machines that the pool may have at a time, idle ones included")
    zones: DistinctItems[ZoneSuffix] | None = Field(
        default=None, description="Zones to start machines in, as suffixes; by default those of network.zones"
    )
    instance_types: DistinctItems[Annotated[str, checked_by(check_instance_type)]] = Field(
        default=("m5.large",),
        alias="instanceTypes",
        description="Instance types; each one, in each zone, becomes a runner entry with its share of the limit",
        examples=[["m6i.large", "m5.large"]],
    )
    spot: Spot | None = Field(default=None, description="Use spot capacity; on-demand without it")
    ami: ImageId | None = Field(
        default=None, description="Image of the machines; by default a current Ubuntu of the types' architecture"
    )
    driver: DriverOptions = Field(
        default_factory=left_out,
        description="Options of docker-machine's amazonec2 driver, as the driver spells them",
    )
