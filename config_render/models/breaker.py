"""The breaker: what the manager does about machines that can't be created."""

from typing import Annotated

from pydantic import Field

from .section import Section


class BreakerSettings(Section):
    """When a runner entry stops making machines, and for how long."""

    enabled: bool = Field(
        default=True, description="Whether an entry whose machines can't be created makes none for a while"
    )
    failures: Annotated[int, Field(ge=1, le=100)] = Field(
        default=5, description="Creations of an entry's machines that have to fail in a row"
    )
    # A pass of the watch looks back no further than an hour.
    minutes: Annotated[int, Field(ge=1, le=60)] = Field(default=10, description="Minutes within which they have to")
    cool_down_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=15, alias="coolDownMinutes", description="Minutes until the entry may try one machine again"
    )
