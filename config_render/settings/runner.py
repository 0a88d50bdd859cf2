"""`[[runners]]`: one runner entry of config.toml.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runners-section
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..base.labels import Labels
from ..base.marks import Mark
from ..base.periods import Period, TimeZone
from ..base.section import ConfigTable, left_out, refuse
from ..base.values import Duration, InOrder, Integer, Items, Positive, Secret, SomeItems, Variable, checked_by
from .docker import Docker
from .machine import Machine

Executor = Literal["docker+machine"]
"""How gitlab-runner gets machines for jobs; `executors/registry.py` has what each brings."""

_RENAMED = "is passed over since gitlab-runner 17.0; set {}"
_BY_REGISTRATION = "is written by gitlab-runner itself; leave it out"


def _check_regex(text: str) -> str | None:
    # Go's expressions are RE2, which is nearly a part of Python's.
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return "is no regular expression, such as ^[0-9]$"
    return None


def _check_query(text: str) -> str | None:
    return None if re.fullmatch(r"[^:]+:.+", text) else "is no query; write it as name:promql"


def _other_executor(name: str) -> str:
    return f"belongs to the executor {name}; this program's is docker+machine"


class BootVerify(ConfigTable):
    """`[runners.experimental.boot_verify]`: a job of its own that the runner tries at its start."""

    enabled: bool | None = None
    timeout: Duration | None = None
    acquire_min_backoff: Duration | None = None
    acquire_max_backoff: Duration | None = None


class RunnerExperimental(ConfigTable):
    """`[runners.experimental]`."""

    boot_verify: BootVerify | None = None


class CustomBuildDir(ConfigTable):
    """`[runners.custom_build_dir]`."""

    enabled: bool | None = Field(default=None, description="Whether jobs may set GIT_CLONE_PATH")


class MetricsReferee(ConfigTable):
    """`[runners.referees.metrics]`: metrics of a job's worker, kept with the job."""

    prometheus_address: str | None = None
    query_interval: Positive | None = Field(default=None, description="Seconds between two values")
    # gitlab-runner refuses a file without: it takes null for an array that is not one.
    queries: Items[Annotated[str, checked_by(_check_query)]] = Field(
        description='What to ask Prometheus for, as NAME:QUERY, such as "cpu:rate(node_cpu_seconds_total[1m])"'
    )
    # Written so in GitLab's own example.
    metric_queries: None = refuse("is not known to gitlab-runner; the key is queries")


class Referees(ConfigTable):
    """`[runners.referees]`."""

    metrics: MetricsReferee | None = None


class Artifact(ConfigTable):
    """`[runners.artifact]`: the upload of artifacts."""

    upload_timeout: Duration | None = None
    response_header_timeout: Duration | None = None


class JobQueuingDuration(ConfigTable):
    """`[[runners.monitoring.job_queuing_durations]]`: how long a job may wait; the last period that matches wins."""

    periods: SomeItems[Period]
    timezone: TimeZone | None = None
    threshold: Duration | None = None
    jobs_running_for_project: Annotated[str, checked_by(_check_regex)] | None = None


class Monitoring(ConfigTable):
    """`[runners.monitoring]`."""

    job_queuing_durations: Items[JobQueuingDuration] | None = None


class RunnerKeys(ConfigTable):
    """`[[runners]]`, in the order of GitLab's reference. What is refused here this program sets itself."""

    name: str = Field(description="Name of the entry")
    limit: Positive = Field(description="Most machines at a time, idle ones included")
    output_limit: Integer | None = Field(default=None, description="Largest job log in KiB")
    request_concurrency: Positive | None = Field(default=None, description="Questions for jobs at the same time")
    strict_check_interval: bool | None = None
    unhealthy_requests_limit: Integer | None = None
    unhealthy_interval: Duration | None = None
    job_status_final_update_retry_limit: Integer | None = None
    experimental: RunnerExperimental | None = None
    url: None = refuse("is the same for all pools; set gitlab.url")
    id: None = refuse(_BY_REGISTRATION)
    token: Secret | None = Field(
        default=None,
        description="A runner of the pool's own: the name of a secret with its token, such as <secret:blue>; by "
        "default the token of all pools",
    )
    token_obtained_at: None = refuse(_BY_REGISTRATION)
    token_expires_at: None = refuse(_BY_REGISTRATION)
    tls_ca_file: str | None = Field(default=None, alias="tls-ca-file")
    tls_cert_file: str | None = Field(default=None, alias="tls-cert-file")
    tls_key_file: str | None = Field(default=None, alias="tls-key-file")
    labels: Labels | None = None
    executor: None = refuse("is always docker+machine; leave it out")
    builds_dir: str | None = None
    cache_dir: str | None = None
    clone_url: str | None = None
    environment: Annotated[Items[Variable] | None, Mark.HIDDEN] = Field(
        default=None, description="Variables of each job, as NAME=value"
    )
    proxy_exec: bool | None = None
    pre_clone_script: None = refuse(_RENAMED.format("pre_get_sources_script"))
    post_clone_script: None = refuse(_RENAMED.format("post_get_sources_script"))
    pre_get_sources_script: str | None = None
    post_get_sources_script: str | None = None
    pre_build_script: str | None = None
    post_build_script: str | None = None
    prepare_timeout: Duration | None = None
    get_sources_timeout: Duration | None = None
    debug_trace_disabled: bool | None = None
    safe_directory_checkout: bool | None = None
    clean_git_config: bool | None = None
    shell: Literal["bash", "sh", "cmd", "pwsh", "powershell"] | None = None
    custom_build_dir: CustomBuildDir | None = None
    referees: Referees | None = None
    cache: None = refuse("is the same for all pools; set cache beside pools")
    artifact: Artifact | None = None
    feature_flags: Annotated[dict[str, bool], InOrder] | None = None
    monitoring: Monitoring | None = None
    use_slot_cgroups: bool | None = None
    slot_cgroup_template: str | None = None
    instance: None = refuse(_other_executor("instance"))
    ssh: None = refuse(_other_executor("ssh"))
    docker: Docker = Field(default_factory=left_out)
    parallels: None = refuse(_other_executor("parallels"))
    virtualbox: None = refuse(_other_executor("virtualbox"))
    machine: Machine = Field(default_factory=left_out)
    kubernetes: None = refuse(_other_executor("kubernetes"))
    custom: None = refuse(_other_executor("custom"))
    autoscaler: None = refuse(
        "belongs to the executors docker-autoscaler and instance; this program's is docker+machine, see machine"
    )
    step_runner_image: str | None = None
