"""`[runners.docker]`: the containers that jobs run in.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnersdocker-section
"""

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

from .section import ConfigTable, Integer, Items, Variable

PullPolicy = Literal["always", "if-not-present", "never"]


def _pull_policies(value: object) -> object:
    # Checked by hand: an error of a union would name its branches instead of the value.
    policies = value if isinstance(value, list | tuple) else [value]
    if not policies or any(policy not in get_args(PullPolicy) for policy in policies):
        raise ValueError(f"must be one of {', '.join(get_args(PullPolicy))}, or a list of them")
    return tuple(policies) if isinstance(value, list | tuple) else value


class Service(ConfigTable):
    """`[[runners.docker.services]]`: a container beside that of each job."""

    name: str
    alias: str | None = None
    command: Items[str] | None = None
    entrypoint: Items[str] | None = None
    environment: Items[Variable] | None = None


class Docker(ConfigTable):
    """`[runners.docker]`. Where GitLab's own default is meant, the key is left out."""

    image: str = "alpine"
    privileged: bool | None = None
    # The workers come and go: a cache on their disks would seldom be there for the next job.
    disable_cache: bool = True
    host: str | None = None
    tls_cert_path: str | None = None
    tls_verify: bool | None = None
    hostname: str | None = None
    runtime: str | None = None
    memory: str | None = None
    memory_swap: str | None = None
    memory_reservation: str | None = None
    cgroup_parent: str | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    cpus: str | None = None
    cpu_shares: Integer | None = None
    dns: Items[str] | None = None
    dns_search: Items[str] | None = None
    services_privileged: bool | None = None
    disable_entrypoint_overwrite: bool | None = None
    user: str | None = None
    allowed_users: Items[str] | None = None
    group_add: Items[str] | None = None
    userns_mode: str | None = None
    cap_add: Items[str] | None = None
    cap_drop: Items[str] | None = None
    oom_kill_disable: bool | None = None
    oom_score_adjust: Integer | None = None
    security_opt: Items[str] | None = None
    services_security_opt: Items[str] | None = None
    devices: Items[str] | None = None
    device_cgroup_rules: Items[str] | None = None
    gpus: str | None = None
    services_devices: dict[str, Items[str]] | None = None
    volumes: Items[str] | None = None
    volume_keep: bool | None = None
    volume_driver: str | None = None
    volume_driver_ops: dict[str, str] | None = None
    cache_dir: str | None = None
    extra_hosts: Items[str] | None = None
    volumes_from: Items[str] | None = None
    network_mode: str | None = None
    pid_mode: str | None = None
    ipcmode: str | None = None
    mac_address: str | None = None
    links: Items[str] | None = None
    services: Items[Service] | None = None
    services_limit: Integer | None = None
    service_memory: str | None = None
    service_memory_swap: str | None = None
    service_memory_reservation: str | None = None
    service_cgroup_parent: str | None = None
    service_slot_cgroup_template: str | None = None
    service_cpuset_cpus: str | None = None
    service_cpus: str | None = None
    service_cpu_shares: Integer | None = None
    service_gpus: str | None = None
    wait_for_services_timeout: Integer | None = None
    allowed_images: Items[str] | None = None
    allowed_privileged_images: Items[str] | None = None
    allowed_privileged_services: Items[str] | None = None
    allowed_pull_policies: Items[PullPolicy] | None = None
    allowed_services: Items[str] | None = None
    pull_policy: Annotated[str | tuple[str, ...], BeforeValidator(_pull_policies)] | None = None
    isolation: str | None = None
    shm_size: Integer | None = None
    tmpfs: dict[str, str] | None = None
    services_tmpfs: dict[str, str] | None = None
    sysctls: dict[str, str] | None = None
    helper_image: str | None = None
    helper_image_flavor: str | None = None
    container_labels: dict[str, str] | None = None
    enable_ipv6: bool | None = None
    ulimit: dict[str, str] | None = None
    network_mtu: Integer | None = None
    log_options: dict[str, str] | None = None
