"""What the Auto Scaling group of a pool, and the machines that it launches, are made of.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ...base.instance_types import Architecture, architecture
from ...base.tags import DEPLOYMENT_TAG, MANAGER_TAG
from ...settings.pool import Pool
from ...settings.stack import Settings
from .names import group_name

_UBUNTU_ROOT = "/dev/sda1"


@dataclass(frozen=True, kw_only=True)
class RootDisk:
    """The root disk of a pool's machines."""

    device_name: str
    gibibytes: int
    volume_type: str
    iops: int | None
    throughput: int | None
    """MiB a second."""
    encrypted: bool
    kms_key: str | None
    """Id, ARN, alias/NAME or alias ARN; AWS's own key without it."""


@dataclass(frozen=True, kw_only=True)
class TemplateSpec:
    """A launch template of a pool: one for each processor architecture, as each needs an image of its own."""

    architecture: Architecture
    """Distinguishes it from the pool's other one, also in the names of resources."""
    ami: str | None
    """Id of the image, if the pool names one."""
    image_key: str
    """Under which name the image is found otherwise; see `Pool.image_key`."""
    instance_types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GroupSpec:
    """A pool's group and launch templates, without what is known only once other resources exist."""

    name: str
    max_size: int
    """Most machines."""
    zones: tuple[str, ...]
    """As suffixes: `a`, `-lax-1a`."""
    instance_types: tuple[str, ...]
    """In the order in which on-demand machines are started with them; spot machines go where capacity lasts longest."""
    templates: tuple[TemplateSpec, ...]
    spot: bool
    on_demand_base: int
    """Machines that are on-demand ones before the first spot machine is started."""
    on_demand_percentage: int
    """How many of the others are on-demand ones."""
    spot_max_price: str | None
    """US dollars per hour; by default what the type costs on demand."""
    root_disk: RootDisk
    metadata_tokens: str
    """`required` for IMDSv2 alone."""
    metadata_hop_limit: int
    monitoring: bool
    ebs_optimized: bool | None
    """None leaves it to the instance type."""
    cpu_credits: str | None
    instance_profile: str | None
    """Name of another instance profile than the stack's."""
    public_address: bool
    key_name: str | None
    tags: Mapping[str, str]
    """For group, templates, machines and all that comes with these."""


def group_spec(settings: Settings, pool: Pool, deployment: str) -> GroupSpec:
    """Return what the settings alone say of a pool's group.

    Args:
        settings: All settings of the stack.
        pool: One of its pools, of the executor docker-autoscaler.
        deployment: Value of the tag `gitlab-runner-aws`.
    """
    options = pool.given_options()
    spot = pool.spot is not None
    private = settings.network.private or options.get("amazonec2-private-address-only", False)
    tags = {MANAGER_TAG: pool.name, DEPLOYMENT_TAG: deployment, **settings.tags, **options.get("amazonec2-tags", {})}
    return GroupSpec(
        name=group_name(deployment, pool.name),
        max_size=pool.most_instances,
        zones=pool.zones or settings.network.zones,
        instance_types=pool.instance_types,
        templates=_templates(pool),
        spot=spot,
        on_demand_base=pool.on_demand_limit,
        on_demand_percentage=0 if spot else 100,
        spot_max_price=spot_max_price(pool),
        root_disk=root_disk(options),
        metadata_tokens=options["amazonec2-metadata-token"],
        metadata_hop_limit=options["amazonec2-metadata-token-response-hop-limit"],
        monitoring=options.get("amazonec2-monitoring", False),
        ebs_optimized=options.get("amazonec2-use-ebs-optimized-instance"),
        cpu_credits=options.get("amazonec2-credit-specification"),
        instance_profile=options.get("amazonec2-iam-instance-profile"),
        public_address=not private,
        key_name=options.get("amazonec2-keypair-name"),
        tags=tags,
    )


def login_user(pool: Pool) -> str:
    """Return the user that the manager logs in as: that of the connector, or else that of docker-machine."""
    connector = pool.autoscaler.connector_config
    if "username" in connector.model_fields_set:
        return connector.username
    return str(pool.given_options()["amazonec2-ssh-user"])


def ssh_port(pool: Pool) -> int | None:
    """Return the port of the machines' SSH server, if it is given: that of the connector, or of docker-machine."""
    return pool.autoscaler.connector_config.protocol_port or pool.given_options().get("amazonec2-ssh-port")


def groups_by_user(settings: Settings, deployment: str) -> dict[str, tuple[str, ...]]:
    """Return the names of all groups of a stack, by the user that the manager logs in as on their machines."""
    found: dict[str, tuple[str, ...]] = {}
    for pool in settings.pools_of("docker-autoscaler"):
        user = login_user(pool)
        found[user] = (*found.get(user, ()), group_name(deployment, pool.name))
    return found


def without_counterpart(pool: Pool) -> dict[str, str]:
    """Return what is set for docker-machine alone, with what to do instead; see `lost`."""
    driver = pool.driver.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    machine = pool.machine.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    return lost({**pool.given_options(), "extra": driver.get("extra")}, machine)


def lost(options: Mapping[str, object], machine: Mapping[str, object]) -> dict[str, str]:
    """Return which options of docker-machine, as under `driver`, and keys of `machine` have no counterpart.

    With each comes what to do instead.
    """
    found = {name: what for name, what in _LOST_OPTIONS.items() if options.get(name)}
    found |= {name: what for name, what in _LOST_SWITCHES.items() if options.get(name) is False}
    return found | {key: what for key, what in _LOST_KEYS.items() if machine.get(key)}


def _templates(pool: Pool) -> tuple[TemplateSpec, ...]:
    by_architecture: dict[Architecture, list[str]] = {}
    for each in pool.instance_types:
        by_architecture.setdefault(architecture(each), []).append(each)
    return tuple(
        TemplateSpec(architecture=kind, ami=pool.ami, image_key=pool.image_key(types[0]), instance_types=tuple(types))
        for kind, types in by_architecture.items()
    )


def spot_max_price(pool: Pool) -> str | None:
    """Return the highest price of a pool's spot machines, in US dollars per hour; None for what they cost on demand."""
    cap = pool.spot.max_price if pool.spot else None
    # AWS itself charges no more than the on-demand price.
    if cap is None or cap == "onDemand":
        return None
    return format(Decimal(str(cap)), "f")


def root_disk(options: Mapping[str, Any]) -> RootDisk:
    return RootDisk(
        device_name=options.get("amazonec2-device-name", _UBUNTU_ROOT),
        gibibytes=options["amazonec2-root-size"],
        volume_type=options["amazonec2-volume-type"],
        iops=options.get("amazonec2-volume-iops"),
        throughput=options.get("amazonec2-volume-throughput"),
        encrypted=options["amazonec2-volume-encrypted"],
        kms_key=options.get("amazonec2-volume-kms-key"),
    )


_IN_DAEMON_JSON = "write it to /etc/docker/daemon.json, in userData or in an image of your own"
_NO_FLEET = "leave it out: the pool's Auto Scaling group has a launch template of its own"
_OWN_API = "leave it out: the AWS SDK finds the address itself"

_LOST_OPTIONS = {
    "amazonec2-open-port": "let network.workerSecurityGroup name a group that has this rule",
    "amazonec2-ssh-keypath": "leave it out: the manager makes a key, and EC2 Instance Connect takes it to machines",
    "amazonec2-retries": "leave it out: the AWS SDK retries by itself",
    "amazonec2-endpoint": _OWN_API,
    "amazonec2-insecure-transport": _OWN_API,
    "amazonec2-use-fleet": _NO_FLEET,
    "amazonec2-launch-template": _NO_FLEET,
    "engine-opt": _IN_DAEMON_JSON,
    "engine-label": _IN_DAEMON_JSON,
    "engine-storage-driver": _IN_DAEMON_JSON,
    "engine-env": "write it to /etc/systemd/system/docker.service.d/environment.conf, in userData",
    "tls-san": "leave it out: Docker is reached over SSH",
    "extra": "leave it out: no docker-machine reads it",
}
_LOST_SWITCHES = {
    "amazonec2-security-group-readonly": "leave it out: nobody changes the rules of the group",
    "amazonec2-use-private-address": "set autoscaler.connector_config.use_external_addr to true",
}
_LOST_KEYS = {
    "MaxGrowthRate": "set autoscaler.scale_throttle.limit, which counts new machines a second",
    "MachineName": "leave it out: machines have the name of their group",
    "MachineOptionsWithName": "leave it out: no option can hold a machine's name",
    "MaxRemovalAttempts": "leave it out: a removal is tried again until it succeeds",
}
