"""The parts of config.toml that hold for the whole gitlab-runner process.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-global-section
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..base.labels import Labels
from ..base.marks import Mark
from ..base.section import ConfigTable, refuse
from ..base.values import Duration, HostPort, Integer, Items, Natural, Positive, Texts

_BILLING = "is of use within GitLab's own billing alone"
_MOVED = "is deprecated; it goes under usage_logger.logrotate"

DEFAULT_SHUTDOWN_SECONDS = 30
"""gitlab-runner's own, where `shutdown_timeout` is not set."""


class SessionServer(ConfigTable):
    """`[session_server]`: interactive web terminals of running jobs."""

    listen_address: HostPort | None = Field(default=None, description="Address that the session server binds to")
    advertise_address: HostPort | None = Field(default=None, description="Address that GitLab is told to use")
    session_timeout: Natural | None = Field(
        default=None, description="Seconds that a terminal may outlive its job, which does not end meanwhile"
    )


class ShutdownDrain(ConfigTable):
    """`[machine.shutdown_drain]`: removal of the workers when gitlab-runner stops."""

    enabled: bool | None = Field(
        default=None, description="Whether machines without a job are removed when gitlab-runner stops"
    )
    concurrency: Integer | None = Field(default=None, description="Workers that are removed at the same time")
    max_retries: Integer | None = Field(default=None, description="Further attempts for each worker")
    retry_backoff: Duration | None = Field(
        default=None, description="Wait between attempts, times the attempt's number, such as 5s"
    )


class MachineGlobals(ConfigTable):
    """`[machine]`: what holds for the workers of all pools."""

    shutdown_drain: ShutdownDrain | None = Field(default=None, description="Removal of the workers at a stop")


class Logrotate(ConfigTable):
    """`[experimental.usage_logger.logrotate]`."""

    log_dir: str | None = Field(default=None, description="Folder of the records on the manager")
    max_backup_files: Natural | None = Field(default=None, description="Files that are kept")
    max_rotation_age: Duration | None = Field(default=None, description="How long one file is written to, such as 24h")
    labels: Texts | None = Field(default=None, description="What each record holds beside the job, by name")


class UsageLogger(ConfigTable):
    """`[experimental.usage_logger]`: a record of each job in a file."""

    enabled: bool | None = Field(default=None, description="Whether jobs are recorded")
    writers: Items[Literal["logrotate"]] | None = Field(default=None, description="Where the records go")
    logrotate: Logrotate | None = Field(default=None, description="Files of the records")
    snowplow_billing: None = refuse(_BILLING)
    log_dir: None = refuse(_MOVED)
    max_backup_files: None = refuse(_MOVED)
    max_rotation_age: None = refuse(_MOVED)
    labels: None = refuse(_MOVED)


class Experimental(ConfigTable):
    """`[experimental]`."""

    usage_logger: UsageLogger | None = Field(default=None, description="A record of each job in a file")


METRICS_PORT = 9252
"""Where gitlab-runner listens when `listen_address` names no port."""


class GlobalKeys(ConfigTable):
    """The keys of config.toml that stand outside of `[[runners]]`."""

    listen_address: HostPort | None = Field(
        default=None,
        description="Address of gitlab-runner's metrics, such as 127.0.0.1:9252; off without it. "
        "A running service keeps the one that it started with",
    )
    metrics_server: None = refuse("is passed over since gitlab-runner 12.0; set listen_address")
    session_server: SessionServer | None = Field(default=None, description="Interactive web terminals")
    labels: Labels | None = Field(default=None, description="Labels of all pools; those of a pool override them")
    concurrent: Positive = Field(
        default=10, description="Most jobs at a time, over all pools; a pool's limit bounds its machines"
    )
    check_interval: Natural = Field(default=0, description="Seconds between two questions for jobs; 0 means 3")
    log_level: Literal["debug", "info", "warn", "warning", "error", "fatal", "panic"] | None = Field(
        default=None, description="Least weight of what gitlab-runner logs"
    )
    log_format: Literal["runner", "text", "json"] | None = Field(
        default=None, description="Form of what gitlab-runner logs"
    )
    user: str | None = Field(default=None, description="User of shell executors; of no interest to docker+machine")
    runners: None = refuse("is made from pools; set pools")
    sentry_dsn: Annotated[str | None, Mark.SECRET] = Field(
        default=None, description="Where gitlab-runner reports its own errors"
    )
    connection_max_age: Duration | None = Field(
        default=None, description="How long a connection to GitLab is kept, such as 15m"
    )
    machine: MachineGlobals | None = Field(default=None, description="What holds for the workers of all pools")
    experimental: Experimental | None = Field(default=None, description="What GitLab may change at any time")
    shutdown_timeout: Natural | None = Field(
        default=None, description="Seconds that a forced stop may take; shutdown_drain has to end within them"
    )

    @property
    def metrics_port(self) -> int:
        """The port of `listen_address`."""
        port = re.search(r":(\d+)$", self.listen_address or "")
        return int(port[1]) if port else METRICS_PORT
