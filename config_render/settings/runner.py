"""`[[runners]]`: one runner entry of config.toml.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runners-section
"""

import re
from typing import Annotated, Literal, get_args

from pydantic import Field

from ..base.labels import Labels
from ..base.marks import Mark
from ..base.periods import Period, TimeZone
from ..base.section import ConfigTable, left_out, refuse
from ..base.values import Duration, InOrder, Integer, Items, Positive, Secret, SomeItems, Variable, checked_by
from .autoscaler import AutoscalerKeys
from .docker import Docker
from .machine import Machine

Executor = Literal["docker+machine", "docker-autoscaler"]
"""How gitlab-runner gets machines for jobs: by docker-machine, until GitLab 20.0, or from an Auto Scaling group."""

_RENAMED = "is passed over since gitlab-runner 17.0; set {}"
_BY_REGISTRATION = "is written by gitlab-runner itself; leave it out"


def _check_regex(text: str) -> str | None:
    # Go's expressions are RE2, which is nearly a part of Python's.
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return "is not a valid regular expression, such as ^[0-9]$"
    return None


def _check_query(text: str) -> str | None:
    return None if re.fullmatch(r"[^:]+:.+", text) else "is not a valid query; write it as name:promql"


def _other_executor(name: str) -> str:
    return f"belongs to the executor {name}; this program's are {' and '.join(get_args(Executor))}"


class BootVerify(ConfigTable):
    """`[runners.experimental.boot_verify]`: a job of its own that the runner tries at its start."""

    enabled: bool | None = Field(default=None, description="Whether the runner tries a job at its start")
    timeout: Duration | None = Field(default=None, description="How long that job may take; 5m if left out")
    acquire_min_backoff: Duration | None = Field(
        default=None, description="First pause between attempts to get a worker for it; 1s if left out"
    )
    acquire_max_backoff: Duration | None = Field(default=None, description="Longest such pause; 10s if left out")


class RunnerExperimental(ConfigTable):
    """`[runners.experimental]`."""

    boot_verify: BootVerify | None = Field(default=None, description="A job that the runner tries at its start")


class CustomBuildDir(ConfigTable):
    """`[runners.custom_build_dir]`."""

    enabled: bool | None = Field(default=None, description="Whether jobs may set GIT_CLONE_PATH")


class MetricsReferee(ConfigTable):
    """`[runners.referees.metrics]`: metrics of a job's worker, kept with the job."""

    prometheus_address: str | None = Field(default=None, description="Server that is asked, as host:port")
    query_interval: Positive | None = Field(default=None, description="Seconds between two values")
    # gitlab-runner refuses a file without: it takes null for an array that is not one.
    queries: Items[Annotated[str, checked_by(_check_query)]] = Field(
        description='What to ask Prometheus for, as NAME:QUERY, such as "cpu:rate(node_cpu_seconds_total[1m])"'
    )
    # Written so in GitLab's own example.
    metric_queries: None = refuse("is unknown to gitlab-runner; the key is queries")


class Referees(ConfigTable):
    """`[runners.referees]`."""

    metrics: MetricsReferee | None = Field(default=None, description="Metrics of the job's worker, from Prometheus")


class Artifact(ConfigTable):
    """`[runners.artifact]`: the upload of artifacts."""

    upload_timeout: Duration | None = Field(default=None, description="How long an upload may take; 1h if left out")
    response_header_timeout: Duration | None = Field(
        default=None, description="How long to wait for GitLab's answer after it; 10m if left out"
    )


class JobQueuingDuration(ConfigTable):
    """`[[runners.monitoring.job_queuing_durations]]`: how long a job may wait; the last period that matches wins."""

    periods: SomeItems[Period] = Field(
        description="When the threshold holds, in seven fields as those of machine.autoscaling"
    )
    timezone: TimeZone | None = Field(default=None, description="Time zone of the periods, such as Europe/Berlin")
    threshold: Duration | None = Field(default=None, description="Wait from which a job counts as late, such as 5m")
    jobs_running_for_project: Annotated[str, checked_by(_check_regex)] | None = Field(
        default=None,
        description="Pattern of how many of a project's jobs run already, of those that count, such as ^[0-9]$",
    )


class Monitoring(ConfigTable):
    """`[runners.monitoring]`."""

    job_queuing_durations: Items[JobQueuingDuration] | None = Field(
        default=None, description="How long jobs may wait before a metric counts them"
    )


class RunnerKeys(ConfigTable):
    """`[[runners]]`, in the order of GitLab's reference. What is refused here this program sets itself."""

    name: str = Field(description="Name of the entry")
    limit: Positive = Field(description="Most machines at a time, idle ones included")
    output_limit: Integer | None = Field(default=None, description="Largest job log in KiB")
    request_concurrency: Positive | None = Field(default=None, description="Questions for jobs at the same time")
    strict_check_interval: bool | None = Field(
        default=None,
        description="Whether a new job is asked for no sooner than check_interval says, after one was received too",
    )
    unhealthy_requests_limit: Integer | None = Field(
        default=None, description="Failed questions for jobs, in a row, after which the runner pauses"
    )
    unhealthy_interval: Duration | None = Field(default=None, description="How long it pauses then, such as 1h")
    job_status_final_update_retry_limit: Integer | None = Field(
        default=None, description="Attempts to tell GitLab the result of a job"
    )
    experimental: RunnerExperimental | None = Field(default=None, description="What GitLab may change at any time")
    url: None = refuse("is the same for all pools; set gitlab.url")
    id: None = refuse(_BY_REGISTRATION)
    token: Secret | None = Field(
        default=None,
        description="A runner of the pool's own: the name of a secret with its token, such as <secret:blue>; by "
        "default the token of all pools",
    )
    token_obtained_at: None = refuse(_BY_REGISTRATION)
    token_expires_at: None = refuse(_BY_REGISTRATION)
    tls_ca_file: str | None = Field(
        default=None,
        alias="tls-ca-file",
        description="File on the manager with the certificate of GitLab's CA; or set gitlab.caCertificate",
    )
    tls_cert_file: str | None = Field(
        default=None, alias="tls-cert-file", description="File on the manager with a client certificate for GitLab"
    )
    tls_key_file: str | None = Field(
        default=None, alias="tls-key-file", description="File on the manager with the key of that certificate"
    )
    labels: Labels | None = Field(
        default=None, description="Labels of the pool's jobs in metrics and logs of GitLab Runner"
    )
    executor: Executor | None = Field(
        default=None, description="How machines are made for jobs; by default the executor of all pools"
    )
    builds_dir: str | None = Field(default=None, description="Where jobs have their sources, within the container")
    cache_dir: str | None = Field(default=None, description="Where a job's cache is put together, within the container")
    clone_url: str | None = Field(
        default=None, description="Address that jobs fetch sources from, if gitlab.url is none for them"
    )
    environment: Annotated[Items[Variable] | None, Mark.HIDDEN] = Field(
        default=None, description="Variables of each job, as NAME=value"
    )
    proxy_exec: bool | None = Field(
        default=None, description="Whether the helper program starts the job's commands (experimental)"
    )
    pre_clone_script: None = refuse(_RENAMED.format("pre_get_sources_script"))
    post_clone_script: None = refuse(_RENAMED.format("post_get_sources_script"))
    pre_get_sources_script: str | None = Field(default=None, description="Commands before sources are fetched")
    post_get_sources_script: str | None = Field(default=None, description="Commands after sources were fetched")
    pre_build_script: str | None = Field(default=None, description="Commands before those of the job")
    post_build_script: str | None = Field(
        default=None, description="Commands after those of the job, before after_script"
    )
    prepare_timeout: Duration | None = Field(
        default=None, description="How long it may take until a job's environment is there"
    )
    get_sources_timeout: Duration | None = Field(default=None, description="How long fetching sources may take")
    debug_trace_disabled: bool | None = Field(
        default=None, description="Whether CI_DEBUG_TRACE is without effect, which would show secrets in job logs"
    )
    safe_directory_checkout: bool | None = Field(
        default=None, description="Whether Git is told that the job's folder is safe, whoever owns it"
    )
    clean_git_config: bool | None = Field(
        default=None, description="Whether Git's configuration is removed before and after each job; true if left out"
    )
    shell: Literal["bash", "sh", "cmd", "pwsh", "powershell"] | None = Field(
        default=None, description="Shell of the job's script; bash if left out, and sh where an image has none"
    )
    custom_build_dir: CustomBuildDir | None = Field(
        default=None, description="Whether jobs choose where their sources are"
    )
    referees: Referees | None = Field(default=None, description="What is kept with a job beside its log")
    cache: None = refuse("is the same for all pools; set cache beside pools")
    artifact: Artifact | None = Field(default=None, description="Upload of artifacts")
    feature_flags: Annotated[dict[str, bool], InOrder] | None = Field(
        default=None, description="Feature flags of GitLab Runner, such as FF_NETWORK_PER_BUILD, with true or false"
    )
    monitoring: Monitoring | None = Field(default=None, description="Which jobs metrics count as late")
    use_slot_cgroups: bool | None = Field(
        default=None, description="Whether each job's containers are in a control group of the job's slot"
    )
    slot_cgroup_template: str | None = Field(
        default=None, description="Name of that group, where ${slot} is the job's slot"
    )
    instance: None = refuse(_other_executor("instance"))
    ssh: None = refuse(_other_executor("ssh"))
    docker: Docker = Field(default_factory=left_out, description="Containers that jobs run in")
    parallels: None = refuse(_other_executor("parallels"))
    virtualbox: None = refuse(_other_executor("virtualbox"))
    machine: Machine = Field(default_factory=left_out, description="How many machines there are, and when")
    kubernetes: None = refuse(_other_executor("kubernetes"))
    custom: None = refuse(_other_executor("custom"))
    autoscaler: AutoscalerKeys = Field(
        default_factory=left_out, description="Workers of the executor docker-autoscaler"
    )
    step_runner_image: str | None = Field(
        default=None, description="Image with the program for CI/CD steps, in place of GitLab's own"
    )
