"""`[runners.machine]`: how many workers there are and when.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnersmachine-section
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..base.marks import Mark
from ..base.periods import Period, TimeZone
from ..base.section import ConfigTable, refuse
from ..base.values import Items, Natural, SomeItems, checked_by
from .option_texts import check_option

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


_NO_OFF_PEAK = "has had no effect since gitlab-runner 14.0; use autoscaling"


class Autoscaling(ConfigTable):
    """`[[runners.machine.autoscaling]]`: other numbers during some periods; the last one that matches wins.

    A period inherits nothing from `[runners.machine]`, so what it does not say is written out with the same
    defaults: left out, IdleTime would be 0 and each machine would go right after its job.
    """

    periods: SomeItems[Period] = Field(
        alias="Periods",
        description="When it holds, in seven fields: second minute hour day-of-month month day-of-week year",
        examples=[["* * 9-17 * * mon-fri *"]],
    )
    timezone: TimeZone | None = Field(
        default=None, alias="Timezone", description="Time zone of the periods, such as Europe/Berlin"
    )
    idle_count: Natural = Field(default=0, alias="IdleCount", description="Machines that wait for jobs")
    idle_scale_factor: float | None = Field(
        default=None, alias="IdleScaleFactor", ge=0, description="Waiting machines as a multiple of those in use"
    )
    idle_count_min: Natural | None = Field(
        default=None, alias="IdleCountMin", description="Least number of waiting machines with IdleScaleFactor"
    )
    idle_time: Natural = Field(default=1800, alias="IdleTime", description="Seconds that a spare machine waits")


class Machine(ConfigTable):
    """`[runners.machine]`, in the order of GitLab's reference. IdleCount and IdleCountMin count the whole pool's."""

    max_growth_rate: Natural | None = Field(
        default=None, alias="MaxGrowthRate", description="Most machines that are created at the same time"
    )
    idle_count: Natural = Field(default=0, alias="IdleCount", description="Machines that wait for jobs")
    idle_scale_factor: float | None = Field(
        default=None, alias="IdleScaleFactor", ge=0, description="Waiting machines as a multiple of those in use"
    )
    idle_count_min: Natural | None = Field(
        default=None, alias="IdleCountMin", description="Least number of waiting machines with IdleScaleFactor"
    )
    idle_time: Natural = Field(default=1800, alias="IdleTime", description="Seconds that a spare machine waits")
    max_builds: Natural | None = Field(
        default=None, alias="MaxBuilds", description="Jobs after which a machine is replaced"
    )
    machine_driver: Literal["amazonec2"] = Field(
        default="amazonec2", alias="MachineDriver", description="Docker Machine's driver, which is AWS's"
    )
    machine_name: Annotated[str, checked_by(check_machine_name)] | None = Field(
        default=None,
        alias="MachineName",
        description="Name of the machines, with %s where their number goes; by default the pool's name and -%s",
    )
    machine_options: Annotated[Items[Option] | None, Mark.HIDDEN] = Field(
        default=None,
        alias="MachineOptions",
        description="Options of docker-machine as name=value; the same go under driver, where they have types",
        examples=[["engine-registry-mirror=http://mirror.example.com:5000"]],
    )
    machine_options_with_name: Annotated[
        Items[Annotated[Option, checked_by(_check_holds_name)]] | None, Mark.HIDDEN
    ] = Field(default=None, alias="MachineOptionsWithName", description="Such options with the machine's name for %s")
    max_removal_attempts: Natural | None = Field(
        default=None, alias="MaxRemovalAttempts", description="Attempts after which a machine may be left behind"
    )
    off_peak_periods: None = refuse(_NO_OFF_PEAK, alias="OffPeakPeriods")
    off_peak_timezone: None = refuse(_NO_OFF_PEAK, alias="OffPeakTimezone")
    off_peak_idle_count: None = refuse(_NO_OFF_PEAK, alias="OffPeakIdleCount")
    off_peak_idle_time: None = refuse(_NO_OFF_PEAK, alias="OffPeakIdleTime")
    autoscaling: Items[Autoscaling] | None = Field(
        default=None, description="Other numbers during some periods; the last one that matches wins"
    )

    @property
    def least_waiting(self) -> int | None:
        """The least number of machines that wait for jobs when any do; None if none ever do."""
        numbers: list[Machine | Autoscaling] = [self, *(self.autoscaling or ())]
        waiting = [
            max(1, each.idle_count_min or 1) if each.idle_scale_factor else each.idle_count
            for each in numbers
            if each.idle_count
        ]
        return min(waiting, default=None)
