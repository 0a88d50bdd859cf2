"""What the watch measures, for Prometheus and for CloudWatch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..aws.api import Aws

NAMESPACE = "gitlab-runner-aws"


class Measured(NamedTuple):
    """What is known after a pass."""

    removed: Mapping[str, int]
    """How many of each kind were ever removed."""
    failed: int
    """How many removals ever failed."""
    orphans: Mapping[str, int]
    """How many of each kind this pass found."""
    in_error: int
    spot_failures: int
    """How many creations the breaker has ever counted as failed."""
    pools_paused: int
    drifted: bool
    """Whether somebody has changed config.toml by hand."""
    now: float
    """Seconds since 1970."""
    seconds: float
    """How long the pass took."""
    replaced: int = 0
    """How many of the programs and the unit are not those that were put in place."""
    unused: int = 0
    """On how many instances of groups no job has begun for a day."""


def prometheus(measured: Measured) -> str:
    """Return the text that node_exporter's textfile collector reads."""
    own = "gitlab_runner_aws"
    families: list[tuple[str, str, str, Mapping[str, float]]] = [
        ("removed_total", "counter", "Things that the watch removed.", _by_kind(measured.removed)),
        ("removal_failures_total", "counter", "Removals that failed.", {"": measured.failed}),
        ("orphans", "gauge", "Things to remove that the last pass found.", _by_kind(measured.orphans)),
        ("machines_in_error", "gauge", "Machines whose instance is gone.", {"": measured.in_error}),
        ("creation_failures_total", "counter", "Creations of machines that failed.", {"": measured.spot_failures}),
        ("pools_paused", "gauge", "Runner entries that make no machines for a while.", {"": measured.pools_paused}),
        ("config_drifted", "gauge", "Whether config.toml was changed by hand.", {"": measured.drifted}),
        ("programs_replaced", "gauge", "Programs and units not as they were installed.", {"": measured.replaced}),
        ("instances_unused", "gauge", "Instances on which no job has begun for a day.", {"": measured.unused}),
        ("last_pass_timestamp_seconds", "gauge", "When the watch last ended.", {"": measured.now}),
        ("last_pass_duration_seconds", "gauge", "How long the last pass took.", {"": measured.seconds}),
    ]
    lines = []
    for name, kind, text, values in families:
        lines += [f"# HELP {own}_{name} {text}", f"# TYPE {own}_{name} {kind}"]
        lines += [f"{own}_{name}{labels} {value:.15g}" for labels, value in values.items()]
    return "\n".join([*lines, ""])


def _by_kind(numbers: Mapping[str, int]) -> dict[str, float]:
    return {f'{{kind="{kind.replace(" ", "_")}"}}': number for kind, number in numbers.items()}


def write_for_prometheus(path: Path, measured: Measured) -> None:
    """Replace the file as a whole: the collector, which may be another user, never reads a part."""
    former = os.umask(0o022)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The collector takes files that end in .prom.
        scratch = path.with_name(f".{path.name}.new")
        scratch.write_text(prometheus(measured))
        scratch.rename(path)
    finally:
        os.umask(former)


def send_to_cloudwatch(aws: Aws, deployment: str, measured: Measured, removed: int, spot_failures: int) -> None:
    """Put what the alarms look at; `removed` and `spot_failures` are those since the last pass. Raises `AwsError`."""
    values = {
        "MemoryUsedPercent": memory_used_percent(Path("/proc/meminfo").read_text()),
        "MachinesInError": measured.in_error,
        "SpotFailures": spot_failures,
        "OrphansRemoved": removed,
        "PoolsPaused": measured.pools_paused,
    }
    sent = {"Namespace": NAMESPACE}
    for number, (name, value) in enumerate(values.items(), 1):
        at = f"MetricData.member.{number}"
        sent[f"{at}.MetricName"], sent[f"{at}.Value"] = name, f"{value:.15g}"
        sent[f"{at}.Unit"] = "Percent" if name.endswith("Percent") else "Count"
        sent[f"{at}.Dimensions.member.1.Name"], sent[f"{at}.Dimensions.member.1.Value"] = "Deployment", deployment
    aws.query("monitoring", "PutMetricData", sent)


def memory_used_percent(meminfo: str) -> float:
    """Return the share of memory that no program could get, as the kernel estimates it in /proc/meminfo."""
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in meminfo.splitlines() if line}
    return 100.0 * (1 - kilobytes["MemAvailable"] / kilobytes["MemTotal"])
