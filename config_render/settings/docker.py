"""`[runners.docker]`: the containers that jobs run in.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnersdocker-section
"""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ..base.marks import Mark
from ..base.section import ConfigTable, refuse
from ..base.values import (
    Address,
    InOrder,
    Items,
    MacAddress,
    Memory,
    Natural,
    NoLess,
    Pattern,
    Processors,
    ProcessorSet,
    Texts,
    Variable,
)

PullPolicy = Literal["always", "if-not-present", "never"]


def _pull_policies(value: object) -> object:
    # Checked by hand: an error of a union would name its branches instead of the value.
    policies = value if isinstance(value, list | tuple) else [value]
    if not policies or any(policy not in get_args(PullPolicy) for policy in policies):
        raise ValueError(f"must be one of {', '.join(get_args(PullPolicy))}, or a list of them")
    return tuple(policies) if isinstance(value, list | tuple) else value


def _log_options(options: Mapping[str, object]) -> Mapping[str, object]:
    # Anything else fails each job.
    if strange := sorted({*options} - {"env", "labels"}):
        raise ValueError(f"holds `{strange[0]}`; gitlab-runner takes env and labels only")
    return options


_BY_MACHINE = "is set for each worker by gitlab-runner itself; leave it out"
_ONE_OR_MORE = WithJsonSchema(
    {
        "anyOf": [
            {"enum": list(get_args(PullPolicy))},
            {"type": "array", "items": {"enum": list(get_args(PullPolicy))}, "minItems": 1},
        ]
    }
)
HelperFlavor = Annotated[
    str,
    Pattern(
        r"alpine(\d+\.\d+)?|alpine-latest|ubi-fips|ubuntu",
        "is no flavor; it is alpine, alpine3.21, alpine-latest, ubi-fips or ubuntu",
    ),
]


class Service(ConfigTable):
    """`[[runners.docker.services]]`: a container beside that of each job."""

    name: str
    alias: str | None = None
    command: Items[str] | None = None
    entrypoint: Items[str] | None = None
    environment: Annotated[Items[Variable] | None, Mark.HIDDEN] = None


class Docker(ConfigTable):
    """`[runners.docker]`. Where GitLab's own default is meant, the key is left out."""

    host: None = refuse(_BY_MACHINE)
    tls_cert_path: None = refuse(_BY_MACHINE)
    tls_verify: None = refuse(_BY_MACHINE)
    hostname: str | None = None
    image: str = Field(default="alpine", description="Image of jobs that name none")
    runtime: str | None = None
    memory: Memory | None = None
    memory_swap: Memory | None = None
    memory_reservation: Memory | None = None
    cgroup_parent: str | None = None
    cpuset_cpus: ProcessorSet | None = None
    cpuset_mems: ProcessorSet | None = None
    cpus: Processors | None = None
    cpu_shares: Natural | None = None
    dns: Items[Address] | None = None
    dns_search: Items[str] | None = None
    privileged: bool | None = Field(
        default=None, description="Whether jobs get all rights over their worker, which docker-in-docker needs"
    )
    services_privileged: bool | None = None
    disable_entrypoint_overwrite: bool | None = None
    user: str | None = None
    allowed_users: Items[str] | None = None
    group_add: Items[str] | None = None
    userns_mode: str | None = None
    cap_add: Items[str] | None = None
    cap_drop: Items[str] | None = None
    oom_kill_disable: bool | None = None
    oom_score_adjust: Annotated[int, Field(ge=-1000, le=1000)] | None = None
    security_opt: Items[str] | None = None
    services_security_opt: Items[str] | None = None
    devices: Items[str] | None = None
    device_cgroup_rules: Items[str] | None = None
    gpus: str | None = None
    services_devices: Annotated[dict[str, Items[str]], InOrder] | None = None
    # The workers come and go: a cache on their disks would seldom be there for the next job.
    disable_cache: bool = Field(default=True, description="Whether to do without a cache on the workers' own disks")
    volumes: Items[str] | None = None
    volume_keep: bool | None = None
    volume_driver: str | None = None
    volume_driver_ops: Texts | None = None
    cache_dir: str | None = None
    extra_hosts: Items[str] | None = None
    volumes_from: Items[str] | None = None
    network_mode: str | None = None
    pid_mode: str | None = None
    ipcmode: str | None = None
    mac_address: MacAddress | None = None
    links: Items[str] | None = None
    services: Items[Service] | None = None
    services_limit: NoLess | None = None
    service_memory: Memory | None = None
    service_memory_swap: Memory | None = None
    service_memory_reservation: Memory | None = None
    service_cgroup_parent: str | None = None
    service_slot_cgroup_template: str | None = None
    service_cpuset_cpus: ProcessorSet | None = None
    service_cpus: Processors | None = None
    service_cpu_shares: Natural | None = None
    service_gpus: str | None = None
    wait_for_services_timeout: NoLess | None = None
    allowed_images: Items[str] | None = None
    allowed_privileged_images: Items[str] | None = None
    allowed_privileged_services: Items[str] | None = None
    allowed_pull_policies: Items[PullPolicy] | None = None
    allowed_services: Items[str] | None = None
    pull_policy: Annotated[str | tuple[str, ...], BeforeValidator(_pull_policies), _ONE_OR_MORE] | None = None
    isolation: str | None = None
    shm_size: Natural | None = None
    tmpfs: Texts | None = None
    services_tmpfs: Texts | None = None
    sysctls: Texts | None = None
    helper_image: str | None = None
    helper_image_flavor: HelperFlavor | None = None
    container_labels: Texts | None = None
    enable_ipv6: bool | None = None
    ulimit: Texts | None = None
    network_mtu: Natural | None = None
    log_options: Annotated[Texts, AfterValidator(_log_options)] | None = None
