"""`[runners.machine]`: how many workers there are and when.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnersmachine-section
"""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .driver_flags import check_option
from .periods import check_period, check_timezone
from .section import ConfigTable, Duration, Integer, Items, Natural, SomeItems, checked_by

Option = Annotated[str, checked_by(check_option)]


def check_machine_name(template: str) -> str | None:
    """Return why `template` can't be a MachineName, or None. Its length is checked once pools are laid out."""
    if template.count("%s") != 1:
        return "must contain %s exactly once: the machine's own number goes there"
    # docker-machine wants ^[a-zA-Z0-9][a-zA-Z0-9\-\.]*$ of the whole name, which begins with "runner-".
    if not re.fullmatch(r"[a-zA-Z0-9.-]*", template.replace("%s", "")):
        return "may hold letters, digits, - and . only, beside its %s"
    return None


def _check_holds_name(option: str) -> str | None:
    return None if "%s" in option else "must contain %s: the machine's name goes there"


class Autoscaling(ConfigTable):
    """`[[runners.machine.autoscaling]]`: other numbers during some periods; the last one that matches wins.

    A period inherits nothing from `[runners.machine]`, so what it does not say is written out with the same
    defaults: left out, IdleTime would be 0 and each machine would go right after its job.
    """

    periods: SomeItems[Annotated[str, checked_by(check_period)]] = Field(alias="Periods")
    idle_count: Natural = Field(default=0, alias="IdleCount")
    idle_scale_factor: float | None = Field(default=None, alias="IdleScaleFactor", ge=0)
    idle_count_min: Natural | None = Field(default=None, alias="IdleCountMin")
    idle_time: Natural = Field(default=1800, alias="IdleTime")
    timezone: Annotated[str, checked_by(check_timezone)] | None = Field(default=None, alias="Timezone")


class Machine(ConfigTable):
    """`[runners.machine]`. IdleCount and IdleCountMin count the machines of the whole pool."""

    idle_count: Natural = Field(default=0, alias="IdleCount")
    idle_scale_factor: float | None = Field(default=None, alias="IdleScaleFactor", ge=0)
    idle_count_min: Natural | None = Field(default=None, alias="IdleCountMin")
    idle_time: Natural = Field(default=1800, alias="IdleTime")
    max_builds: Natural | None = Field(default=None, alias="MaxBuilds")
    max_growth_rate: Natural | None = Field(default=None, alias="MaxGrowthRate")
    max_removal_attempts: Natural | None = Field(default=None, alias="MaxRemovalAttempts")
    machine_driver: Literal["amazonec2"] = Field(default="amazonec2", alias="MachineDriver")
    machine_name: Annotated[str, checked_by(check_machine_name)] | None = Field(
        default=None,
        alias="MachineName",
        description="Name of the machines, with %s where their number goes; by default the pool's name and -%s",
    )
    machine_options: Items[Option] | None = Field(
        default=None,
        alias="MachineOptions",
        description="Further docker-machine options, such as engine-registry-mirror=http://mirror:5000; "
        "one that is also set by this program takes its place",
    )
    machine_options_with_name: Items[Annotated[Option, checked_by(_check_holds_name)]] | None = Field(
        default=None, alias="MachineOptionsWithName"
    )
    autoscaling: Items[Autoscaling] | None = None

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("OffPeakPeriods", "OffPeakTimezone", "OffPeakIdleCount", "OffPeakIdleTime"),
        "has had no effect since gitlab-runner 14.0; use autoscaling",
    )


class ShutdownDrain(ConfigTable):
    """`[machine.shutdown_drain]`: removal of the workers when gitlab-runner stops."""

    enabled: bool | None = None
    concurrency: Integer | None = None
    max_retries: Integer | None = None
    retry_backoff: Duration | None = None


class MachineGlobals(ConfigTable):
    """`[machine]`: what holds for the workers of all pools."""

    shutdown_drain: ShutdownDrain | None = None
