"""A pool of workers: one or more `[[runners]]` sections of config.toml.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runners-section
"""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from .docker import Docker
from .instance_types import check_instance_type
from .machine import Machine
from .section import (
    ConfigTable,
    DistinctItems,
    Duration,
    Gibibytes,
    ImageId,
    Integer,
    Items,
    Positive,
    Section,
    UserName,
    Variable,
    checked_by,
    pattern,
)

ZoneSuffix = Annotated[
    str,
    pattern(r"[a-z]|-[a-z0-9-]{1,30}", "is no zone suffix; write a for eu-central-1a, -lax-1a for us-west-2-lax-1a"),
]


def _labels(labels: dict[str, str]) -> dict[str, str]:
    # gitlab-runner does not load a file whose labels break these rules.
    if len(labels) > 32:
        raise ValueError(f"holds {len(labels)} labels; there may be 32")
    for key, value in labels.items():
        if not re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{2,64}", key):
            raise ValueError(f"holds the key {key!r}; a key is 3 to 65 letters, digits, dots, - and _")
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,256}", value):
            raise ValueError(f"has a value at {key!r} that is not 1 to 256 letters, digits, dots, - and _")
    return labels


Labels = Annotated[dict[str, str], AfterValidator(_labels)]


class RunnerKeys(ConfigTable):
    """`[[runners]]`: what docker+machine makes use of and this program does not set itself."""

    output_limit: Integer | None = None
    request_concurrency: Positive | None = None
    strict_check_interval: bool | None = None
    unhealthy_requests_limit: Integer | None = None
    unhealthy_interval: Duration | None = None
    job_status_final_update_retry_limit: Integer | None = None
    tls_ca_file: str | None = Field(default=None, alias="tls-ca-file")
    tls_cert_file: str | None = Field(default=None, alias="tls-cert-file")
    tls_key_file: str | None = Field(default=None, alias="tls-key-file")
    labels: Labels | None = None
    builds_dir: str | None = None
    cache_dir: str | None = None
    clone_url: str | None = None
    environment: Items[Variable] | None = None
    proxy_exec: bool | None = None
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
    feature_flags: dict[str, bool] | None = None
    use_slot_cgroups: bool | None = None
    slot_cgroup_template: str | None = None
    step_runner_image: str | None = None


class Spot(Section):
    """Spot capacity: cheaper, and taken back by AWS at two minutes' notice."""

    # Docker Machine takes 0.50 when no price is given, and AWS refuses an empty one: so it is asked for.
    max_price: float = Field(
        ge=0.001, alias="maxPrice", description="Highest price to pay for a machine, in US dollars per hour"
    )


class Pool(RunnerKeys):
    """Workers that are alike; spread over zones and instance types when several are given."""

    name: Annotated[
        str, pattern(r"[a-z0-9-]{1,32}", "is no pool name: 1 to 32 of the letters a to z, digits and -")
    ] = Field(description="Name of the pool, of its runner entries and of its machines")
    zones: DistinctItems[ZoneSuffix] | None = Field(
        default=None, description="Zones to start machines in, as suffixes; by default those of network.zones"
    )
    instance_types: DistinctItems[Annotated[str, checked_by(check_instance_type)]] = Field(
        default=("m5.large",),
        alias="instanceTypes",
        description="Instance types; each one, in each zone, becomes a runner entry with its share of the limit",
    )
    spot: Spot | None = Field(default=None, description="Use spot capacity; on-demand without it")
    limit: Positive = Field(description="Most machines that the pool may have at a time, idle ones included")
    ami: ImageId | None = Field(
        default=None, description="Image of the machines; by default a current Ubuntu of the types' architecture"
    )
    ssh_user: UserName = Field(
        default="ubuntu",
        alias="sshUser",
        description="User of the image, with sudo rights, that Docker Machine logs in as",
    )
    root_size: Gibibytes = Field(default=40, alias="rootSize", description="Size of the root disk in GiB")
    # io1 and io2 need a rate of operations, for which the driver has no option; st1 and sc1 do not boot.
    volume_type: Literal["gp3", "gp2", "standard"] = Field(
        default="gp3", alias="volumeType", description="EBS type of the root disk"
    )
    docker: Docker = Docker()
    machine: Machine = Machine()

    refused: ClassVar[Mapping[str, str]] = {
        "url": "is the same for all pools; set gitlab.url",
        "token": "is the same for all pools; set it with: pulumi config set --secret gitlab-runner-aws:token",
        "executor": "is always docker+machine; leave it out",
        "id": "is written by gitlab-runner itself; leave it out",
        "token_obtained_at": "is written by gitlab-runner itself; leave it out",
        "token_expires_at": "is written by gitlab-runner itself; leave it out",
        "cache": "is the same for all pools; set cache beside pools",
    }
