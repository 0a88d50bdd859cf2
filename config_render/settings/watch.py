"""The watch: what looks after the manager's machines again and again, on the manager itself."""

from typing import Annotated

from pydantic import Field

from ..base.section import Section, left_out
from ..base.values import Pattern
from .breaker import BreakerSettings


class WatchSettings(Section):
    """What removes orphaned machines, makes machines where there is capacity, and measures, again and again."""

    enabled: bool = Field(default=True, description="Whether a systemd timer on the manager runs it")
    interval_seconds: Annotated[int, Field(ge=20, le=3600)] = Field(
        default=60, alias="intervalSeconds", description="Seconds from one look to the next"
    )
    # docker-machine knows its instance's id only once that runs: for spot it waits up to five minutes.
    grace_minutes: Annotated[int, Field(ge=6, le=10_080)] = Field(
        default=10,
        alias="graceMinutes",
        description="Minutes for which something that belongs to no machine is left alone: it may be about to",
    )
    dry_run: bool = Field(
        default=False, alias="dryRun", description="Whether the journal only says what would be removed"
    )
    metrics_file: Annotated[
        str,
        Pattern(
            r"/[^\x00-\x1f]*/[^/\x00-\x1f]+\.prom",
            "is not a valid path for node_exporter's textfile collector; write it as /var/lib/node_exporter/ours.prom",
        ),
    ] = Field(
        default="/var/lib/node_exporter/textfile_collector/gitlab-runner-aws.prom",
        alias="metricsFile",
        description="File on the manager with metrics for node_exporter's textfile collector",
    )
    breaker: BreakerSettings = Field(
        default_factory=left_out, description="What to do about machines that can't be created"
    )
