"""The options that docker-machine creates a worker with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .driver_flags import FLAGS, split_tags


@dataclass(frozen=True)
class Placement:
    """Where a worker is started and as what: all that differs between runner entries or is known late."""

    region: str
    zone: str
    """As a suffix: `a`, `-lax-1a`."""
    vpc_id: str
    subnet_id: str
    security_group: str
    """The group's name: the driver takes no id."""
    instance_type: str
    instance_profile: str
    ami: str
    ssh_user: str
    root_size: int
    """GiB."""
    volume_type: str
    spot_price: float | None
    """US dollars per hour; None for on-demand."""
    tags: Mapping[str, str]


def machine_options(placement: Placement, given: Sequence[str]) -> list[str]:
    """Return MachineOptions: ours, with those of `given` in their place or, if new or repeatable, at the end.

    Tags are joined by key, since a key given twice is refused by AWS; a tag of `given` goes over one of ours.
    """
    own_endpoint = any(option.startswith("amazonec2-endpoint=") for option in given)
    # With an endpoint of its own the driver no longer puts the region before the zone.
    zone = placement.region + placement.zone if own_endpoint else placement.zone
    options = {name: [value] for name, value in _own(placement, zone).items()}
    for option in given:
        name, equals, value = option.partition("=")
        text = value if equals else "true"
        if name == "amazonec2-tags":
            options[name] = [_tags({**placement.tags, **split_tags(text)})]
        elif FLAGS[name] == "list":
            options[name] = [*options.get(name, []), text]
        else:
            options[name] = [text]
    return [f"{name}={value}" for name, values in options.items() for value in values]


def _own(placement: Placement, zone: str) -> dict[str, str]:
    options = {
        "amazonec2-region": placement.region,
        "amazonec2-vpc-id": placement.vpc_id,
        "amazonec2-subnet-id": placement.subnet_id,
        "amazonec2-zone": zone,
        "amazonec2-security-group": placement.security_group,
        "amazonec2-security-group-readonly": "true",
        "amazonec2-use-private-address": "true",
        "amazonec2-instance-type": placement.instance_type,
        "amazonec2-iam-instance-profile": placement.instance_profile,
        "amazonec2-ami": placement.ami,
        "amazonec2-ssh-user": placement.ssh_user,
        "amazonec2-root-size": str(placement.root_size),
        "amazonec2-volume-type": placement.volume_type,
        "amazonec2-volume-encrypted": "true",
        "amazonec2-metadata-token": "required",
        # Containers are one hop further away from the metadata service than the machine.
        "amazonec2-metadata-token-response-hop-limit": "2",
        "amazonec2-tags": _tags(placement.tags),
    }
    if placement.spot_price is not None:
        # A price alone would silently start on-demand machines, spot without a price caps it at 0.50.
        options["amazonec2-request-spot-instance"] = "true"
        options["amazonec2-spot-price"] = format(Decimal(str(placement.spot_price)), "f")
    return options


def _tags(tags: Mapping[str, str]) -> str:
    return ",".join(f"{key},{value}" for key, value in tags.items())
