"""What settings name as being there already, as it was found in the account."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .stack import Settings


@dataclass(frozen=True, kw_only=True)
class ExistingSubnet:
    """An existing subnet."""

    id: str
    arn: str
    zone: str
    """Its zone's whole name, such as eu-central-1a."""
    vpc_id: str
    free_addresses: int


@dataclass(frozen=True, kw_only=True)
class ExistingNetwork:
    """An existing VPC, as far as a stack uses it."""

    vpc_id: str
    vpc_arn: str
    subnets: tuple[ExistingSubnet, ...]
    manager_subnet: ExistingSubnet
    worker_group: str | None = None
    """ARN of the security group that `network.workerSecurityGroup` names."""


@dataclass(frozen=True, kw_only=True)
class ExistingResources:
    """What was looked up before anything is created.

    Attributes:
        network: The existing VPC and its subnets; None where the stack makes its own.
        images: Architectures (x86_64, arm64) of the images that settings name by their ids, by these.
    """

    network: ExistingNetwork | None = None
    images: Mapping[str, str] = field(default_factory=dict)


def with_existing_zones(settings: Settings, region: str, network: ExistingNetwork | None) -> Settings:
    """Return the settings with the zones that the existing subnets are in as those of the network."""
    if network is None:
        return settings
    zones = tuple(subnet.zone.removeprefix(region) for subnet in network.subnets)
    return settings.model_copy(update={"network": settings.network.model_copy(update={"zones": zones})})
