"""The breaker: what the manager does about machines that can't be created."""

from typing import Annotated

from pydantic import Field

from ..base.section import Section


class BreakerSettings(Section):
    """When machines are no longer made at a placement, a zone with an instance type, and for how long."""

    enabled: bool = Field(
        default=True,
        description="Whether machines are made at the pool's next placement for a while where they can't be created",
    )
    failures: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="Creations of machines at one placement that have to fail in a row"
    )
    # A pass of the watch looks back no further than an hour.
    minutes: Annotated[int, Field(ge=1, le=60)] = Field(default=10, description="Minutes within which they have to")
    cool_down_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=15, alias="coolDownMinutes", description="Minutes until one machine is tried there again"
    )
