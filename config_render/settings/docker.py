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
        "is not a valid flavor; it is alpine, alpine3.21, alpine-latest, ubi-fips or ubuntu",
    ),
]


class Service(ConfigTable):
    """`[[runners.docker.services]]`: a container beside that of each job."""

    name: str = Field(description="Image of the service, such as postgres:17")
    alias: str | None = Field(
        default=None, description="Further host names by which jobs reach it, separated by blanks or commas"
    )
    command: Items[str] | None = Field(default=None, description="Command and arguments in place of the image's own")
    entrypoint: Items[str] | None = Field(default=None, description="Entrypoint in place of the image's own")
    environment: Annotated[Items[Variable] | None, Mark.HIDDEN] = Field(
        default=None, description="Variables of the service, as NAME=value"
    )


class Docker(ConfigTable):
    """`[runners.docker]`. Where GitLab's own default is meant, the key is left out."""

    host: None = refuse(_BY_MACHINE)
    tls_cert_path: None = refuse(_BY_MACHINE)
    tls_verify: None = refuse(_BY_MACHINE)
    hostname: str | None = Field(default=None, description="Host name within the job's container")
    image: str = Field(default="alpine", description="Image of jobs that name none")
    runtime: str | None = Field(default=None, description="Container runtime of the machine's Docker, such as nvidia")
    memory: Memory | None = Field(default=None, description="Most memory of a job's container, such as 2g; at least 4m")
    memory_swap: Memory | None = Field(default=None, description="Most memory and swap together")
    memory_reservation: Memory | None = Field(
        default=None, description="Memory that a container is pushed back to when the machine runs short of it"
    )
    cgroup_parent: str | None = Field(default=None, description="Control group that containers are put under")
    cpuset_cpus: ProcessorSet | None = Field(
        default=None, description="Processors that a container may use, such as 0-3"
    )
    cpuset_mems: ProcessorSet | None = Field(
        default=None, description="Memory nodes (NUMA) that a container may use, such as 0,1"
    )
    cpus: Processors | None = Field(default=None, description="Most processors' time of a container, such as 1.5")
    cpu_shares: Natural | None = Field(
        default=None, description="Weight of a container when processors are short; Docker's own is 1024"
    )
    dns: Items[Address] | None = Field(default=None, description="Name servers of containers")
    dns_search: Items[str] | None = Field(default=None, description="Domains in which containers look for short names")
    privileged: bool | None = Field(
        default=None, description="Whether jobs get all rights over their worker, which docker-in-docker needs"
    )
    services_privileged: bool | None = Field(default=None, description="The same for services; as for jobs if left out")
    disable_entrypoint_overwrite: bool | None = Field(
        default=None, description="Whether jobs may not change an image's entrypoint"
    )
    user: str | None = Field(default=None, description="User that a job's commands run as, by name or UID")
    allowed_users: Items[str] | None = Field(
        default=None, description="Users that jobs may choose, by name or UID; all if neither this nor user is set"
    )
    group_add: Items[str] | None = Field(default=None, description="Further groups of the user in the container")
    userns_mode: str | None = Field(
        default=None, description="User namespace; host turns off a mapping that dockerd has"
    )
    cap_add: Items[str] | None = Field(
        default=None, description="Linux capabilities that containers get, such as NET_ADMIN"
    )
    cap_drop: Items[str] | None = Field(default=None, description="Linux capabilities that containers lose")
    oom_kill_disable: bool | None = Field(
        default=None, description="Whether a container is not killed when it runs out of memory"
    )
    oom_score_adjust: Annotated[int, Field(ge=-1000, le=1000)] | None = Field(
        default=None, description="How readily a container's processes are killed when memory is short; more is sooner"
    )
    security_opt: Items[str] | None = Field(
        default=None,
        description="Security options of jobs' containers, as docker run has them, such as no-new-privileges:true",
    )
    services_security_opt: Items[str] | None = Field(default=None, description="The same for services")
    devices: Items[str] | None = Field(default=None, description="Devices of the machine for jobs, such as /dev/kvm")
    device_cgroup_rules: Items[str] | None = Field(
        default=None, description="Rules on devices that appear later, such as c 81:* rmw"
    )
    gpus: str | None = Field(default=None, description="GPUs for jobs, as docker run has it: all, or device=0")
    services_devices: Annotated[dict[str, Items[str]], InOrder] | None = Field(
        default=None, description="Devices for services, as lists by a pattern of the service's image"
    )
    # The workers come and go: a cache on their disks would seldom be there for the next job.
    disable_cache: bool = Field(default=True, description="Whether to do without a cache on the workers' own disks")
    volumes: Items[str] | None = Field(
        default=None, description="Volumes of jobs' containers, such as /cache or /etc/ssl/certs:/etc/ssl/certs:ro"
    )
    volume_keep: bool | None = Field(
        default=None, description="Whether volumes are left on the machine when a job's containers go"
    )
    volume_driver: str | None = Field(default=None, description="Volume driver of the machine's Docker")
    volume_driver_ops: Texts | None = Field(default=None, description="Options of that driver")
    cache_dir: str | None = Field(
        default=None, description="Where on the machine caches are, with disable_cache: false"
    )
    extra_hosts: Items[str] | None = Field(
        default=None, description="Further lines of /etc/hosts in containers, as name:address"
    )
    volumes_from: Items[str] | None = Field(default=None, description="Containers whose volumes jobs get too")
    network_mode: str | None = Field(
        default=None, description="Docker network of containers, such as host or a network's name"
    )
    pid_mode: str | None = Field(
        default=None, description="PID namespace; host shows jobs the processes of the machine"
    )
    ipcmode: str | None = Field(default=None, description="IPC namespace, such as host")
    mac_address: MacAddress | None = Field(default=None, description="MAC address of a job's container")
    links: Items[str] | None = Field(
        default=None, description="Other containers that jobs reach by name, as container:alias"
    )
    services: Items[Service] | None = Field(
        default=None, description="Containers beside that of every job, such as a database or docker:dind"
    )
    services_limit: NoLess | None = Field(
        default=None, description="Most services of a job; -1 for no limit, which is GitLab's own"
    )
    service_memory: Memory | None = Field(default=None, description="Most memory of a service's container")
    service_memory_swap: Memory | None = Field(default=None, description="Most memory and swap together, of a service")
    service_memory_reservation: Memory | None = Field(
        default=None, description="Memory that a service is pushed back to when the machine runs short of it"
    )
    service_cgroup_parent: str | None = Field(default=None, description="Control group that services are put under")
    service_slot_cgroup_template: str | None = Field(
        default=None, description="Name of that group with use_slot_cgroups, where ${slot} is the job's slot"
    )
    service_cpuset_cpus: ProcessorSet | None = Field(default=None, description="Processors that a service may use")
    service_cpus: Processors | None = Field(default=None, description="Most processors' time of a service")
    service_cpu_shares: Natural | None = Field(
        default=None, description="Weight of a service when processors are short"
    )
    service_gpus: str | None = Field(default=None, description="GPUs for services")
    wait_for_services_timeout: NoLess | None = Field(
        default=None, description="Seconds to wait until services answer; 30 if left out, -1 not to wait"
    )
    allowed_images: Items[str] | None = Field(
        default=None, description="Patterns of the images that jobs may name; all if left out"
    )
    allowed_privileged_images: Items[str] | None = Field(
        default=None, description="Patterns of the images whose containers are privileged; all if left out"
    )
    allowed_privileged_services: Items[str] | None = Field(
        default=None, description="Patterns of the services that are privileged; all if left out"
    )
    allowed_pull_policies: Items[PullPolicy] | None = Field(
        default=None, description="Pull policies that jobs may choose; those of pull_policy if left out"
    )
    allowed_services: Items[str] | None = Field(
        default=None, description="Patterns of the services that jobs may name; all if left out"
    )
    pull_policy: Annotated[str | tuple[str, ...], BeforeValidator(_pull_policies), _ONE_OR_MORE] | None = Field(
        default=None, description="When images are pulled; of a list, each is tried after the one before has failed"
    )
    isolation: str | None = Field(default=None, description="Isolation of Windows containers; workers run Linux")
    shm_size: Natural | None = Field(default=None, description="Size of /dev/shm in bytes; Docker's own is 64 MiB")
    tmpfs: Texts | None = Field(
        default=None, description="Paths in memory for jobs' containers, with mount options such as rw,noexec"
    )
    services_tmpfs: Texts | None = Field(default=None, description="The same for services")
    sysctls: Texts | None = Field(default=None, description="Kernel parameters of a container, by name")
    helper_image: str | None = Field(
        default=None, description="Image that fetches sources, caches and artifacts, in place of GitLab's own"
    )
    helper_image_flavor: HelperFlavor | None = Field(
        default=None, description="Which of GitLab's own helper images; alpine if left out"
    )
    container_labels: Texts | None = Field(
        default=None, description="Further labels of the containers; variables of the job are filled in"
    )
    enable_ipv6: bool | None = Field(
        default=None, description="Whether a job's own network has IPv6, with FF_NETWORK_PER_BUILD"
    )
    ulimit: Texts | None = Field(
        default=None, description="Limits of processes, as docker run has them, such as nofile: 4096"
    )
    network_mtu: Natural | None = Field(
        default=None, description="MTU of a job's own network, with FF_NETWORK_PER_BUILD"
    )
    log_options: Annotated[Texts, AfterValidator(_log_options)] | None = Field(
        default=None, description="What Docker's json-file log notes of a container: env and labels"
    )
