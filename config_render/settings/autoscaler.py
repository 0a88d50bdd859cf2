"""`[runners.autoscaler]`: the workers of the executor docker-autoscaler, and how many of them wait for jobs.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnersautoscaler-section
"""

import re
from typing import Annotated

from pydantic import Field

from ..base.periods import CronPeriod, TimeZone
from ..base.section import ConfigTable, left_out, refuse
from ..base.values import Duration, Items, Natural, NoLess, Pattern, Port, Positive, SomeItems, UserName, checked_by

_BY_PROGRAM = "follows from other settings; leave it out"
_ONLY_SSH = "is ssh: workers run Linux; leave it out"

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(duration: str) -> float:
    """Return the seconds of a duration as Go spells it, such as 1h30m."""
    parts = re.findall(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)", duration)
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return -total if duration.startswith("-") else total


def _check_pause(duration: str) -> str | None:
    return None if seconds_of(duration) >= 1 else "is below a second; write it as 60s"


def _check_idle_time(duration: str) -> str | None:
    # The schema that `gitlab-runner lint` of 19.3 checks has the same bounds.
    return None if seconds_of(duration) == 0 or seconds_of(duration) >= 1 else "is below a second; write it as 30m"


Pause = Annotated[Duration, checked_by(_check_pause)]
"""gitlab-runner itself takes any, and polls as often as it is told to."""


class Policy(ConfigTable):
    """`[[runners.autoscaler.policy]]`: how many jobs find a worker that waits; the last one that matches wins."""

    periods: SomeItems[CronPeriod] = Field(
        default=("* * * * *",),
        description="When it holds, in five fields: minute hour day-of-month month day-of-week",
        examples=[["* 9-17 * * mon-fri"]],
    )
    timezone: TimeZone | None = Field(default=None, description="Time zone of the periods, such as Europe/Berlin")
    idle_count: Natural = Field(default=0, description="Jobs, not machines, that find room at once")
    idle_time: Annotated[Duration, checked_by(_check_idle_time)] = Field(
        default="30m", description="How long a spare machine waits"
    )
    scale_factor: float | None = Field(
        default=None, ge=0, description="Room for jobs as a multiple of those that run; idle_count is the least then"
    )
    scale_factor_limit: Natural | None = Field(default=None, description="Most room that scale_factor makes")
    # gitlab-runner 19.3 lint refuses a policy without it.
    preemptive_mode: bool = Field(
        default=False, description="Whether GitLab is asked for a job only once a machine is ready for it"
    )


class ConnectorConfig(ConfigTable):
    """`[runners.autoscaler.connector_config]`: how the manager reaches a worker."""

    os: None = refuse("is linux; leave it out")
    arch: None = refuse("follows from the instance; leave it out")
    protocol: None = refuse(_ONLY_SSH)
    protocol_port: Port | None = Field(default=None, description="Port of the workers' SSH server; 22 if left out")
    username: UserName = Field(
        default="ubuntu", description="User of the image that the manager logs in as; it is put into the group docker"
    )
    password: None = refuse("is not used: workers are reached by key; leave it out")
    key_path: None = refuse(_BY_PROGRAM)
    use_static_credentials: None = refuse("is not used: EC2 Instance Connect hands out the key; leave it out")
    keepalive: Pause | None = Field(default=None, description="Pause between signs of life; 30s if left out")
    timeout: Pause | None = Field(default=None, description="How long to try to reach a worker; 10m if left out")
    use_external_addr: bool | None = Field(default=None, description="Whether the manager uses public addresses")


class ScaleThrottle(ConfigTable):
    """`[runners.autoscaler.scale_throttle]`."""

    limit: NoLess | None = Field(default=None, description="New machines a second: 100 if left out, -1 for no limit")
    burst: Natural | None = Field(default=None, description="How many may be asked for at once")


class StateStorage(ConfigTable):
    """`[runners.autoscaler.state_storage]`: what a restart of gitlab-runner knows of its workers."""

    # Without it a restart removes every worker of the group.
    enabled: bool = Field(default=True, description="Whether workers outlast a restart of gitlab-runner")
    dir: Annotated[str, Pattern(r"/[^\x00]*", "is not a valid path on the manager")] | None = Field(
        default=None, description="Folder on the manager; that of gitlab-runner's configuration if left out"
    )
    keep_instance_with_acquisitions: bool | None = Field(
        default=None, description="Whether a worker is kept whose job was lost with gitlab-runner"
    )


Buckets = Items[Annotated[float, Field(ge=0)]]


class AutoscalerKeys(ConfigTable):
    """`[runners.autoscaler]`, in the order of GitLab's reference. What is refused here follows from other settings."""

    capacity_per_instance: Positive = Field(default=1, description="Jobs that run on one machine at a time")
    max_use_count: Natural | None = Field(
        default=None, description="Jobs after which a machine is replaced; machine.MaxBuilds says the same"
    )
    max_instances: None = refuse("follows from limit and capacity_per_instance; set limit")
    plugin: None = refuse("is set by manager.fleetingPlugin; set its version there")
    plugin_config: None = refuse("is made from the pool; leave it out")
    connector_config: ConnectorConfig = Field(default_factory=left_out, description="How the manager reaches a worker")
    policy: Items[Policy] | None = Field(
        default=None, description="How many jobs find room at once, and when; instead of the numbers under machine"
    )
    instance_ready_command: str | None = Field(
        default=None, description="What must succeed on a new machine before it takes jobs; by default Docker answers"
    )
    instance_acquire_timeout: Pause | None = Field(
        default=None, description="How long a job waits for a machine before it fails; 15m if left out"
    )
    update_interval: Pause | None = Field(
        default=None, description="How often AWS is asked for the group's machines; 1m if left out"
    )
    update_interval_when_expecting: Pause | None = Field(
        default=None, description="The same while machines start or go; 2s if left out"
    )
    deletion_retry_interval: Pause | None = Field(
        default=None,
        description="Pause before the end of an instance that did not end is asked for again; 1m if left out",
    )
    shutdown_deletion_interval: Pause | None = Field(
        default=None, description="Pause between looks at instances that end while gitlab-runner stops; 10s if left out"
    )
    shutdown_deletion_retries: Natural | None = Field(
        default=None, description="How often their end is asked for then; 3 if left out"
    )
    failure_threshold: Positive | None = Field(
        default=None, description="Failed signs of life after which a machine is replaced"
    )
    scale_throttle: ScaleThrottle | None = Field(default=None, description="How fast instances are asked for")
    reservation_throttling: bool | None = Field(
        default=None, description="Whether taskscaler throttles reservations of workers; true if left out"
    )
    log_internal_ip: bool | None = Field(default=None, description="Whether job logs show the machine's address")
    log_external_ip: bool | None = Field(default=None, description="Whether job logs show the machine's public address")
    delete_instances_on_shutdown: bool | None = Field(
        default=None, description="Whether a stop of gitlab-runner removes all machines"
    )
    vm_isolation: None = refuse("is for macOS; leave it out")
    state_storage: StateStorage = Field(
        default_factory=left_out, description="What a restart of gitlab-runner knows of its workers"
    )
    instance_operation_time_buckets: Buckets | None = Field(
        default=None, description="Seconds at which the metric of calls to AWS is divided"
    )
    instance_creation_time_buckets: Buckets | None = Field(
        default=None, description="Seconds at which the metric of instances' creation is divided"
    )
    instance_is_running_time_buckets: Buckets | None = Field(
        default=None, description="Seconds at which the metric of instances' start is divided"
    )
    instance_deletion_time_buckets: Buckets | None = Field(
        default=None, description="Seconds at which the metric of instances' end is divided"
    )
    instance_readiness_time_buckets: Buckets | None = Field(
        default=None, description="Seconds at which the metric of instances' readiness is divided"
    )
    instance_life_duration_buckets: Buckets | None = Field(
        default=None, description="Seconds at which the metric of instances' age is divided"
    )
