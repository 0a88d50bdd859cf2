"""Machine images that are looked up, and the operating systems of the manager."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ..base.instance_types import Architecture
from ..base.section import Section
from ..base.values import Pattern


class ImageLookup(Section):
    """Where to find an image: the newest of an owner's with such a name, or what a parameter of SSM says."""

    owner: (
        Annotated[
            str,
            Pattern(
                r"\d{12}|self|amazon|aws-marketplace", "is not a valid owner; write an account's 12 digits, or self"
            ),
        ]
        | None
    ) = Field(default=None, description="Account that publishes the image: 12 digits, self or amazon")
    name: str | None = Field(
        default=None,
        description="Name of the image, with * for any text; the newest is taken",
        examples=["ci-worker-*"],
    )
    ssm_parameter: Annotated[str, Pattern(r"/?[\w./-]+", "is not a valid SSM parameter name")] | None = Field(
        default=None,
        alias="ssmParameter",
        description="SSM parameter that holds the image's id, instead of owner and name",
        examples=["/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"],
    )


@dataclass(frozen=True)
class _System:
    user: str
    owner: str
    names: dict[Architecture, str]


_UBUNTU = "099720109477"
_DIFFERENT_OWNERS = {
    ("aws-cn", _UBUNTU): "837727238323",
    ("aws-us-gov", _UBUNTU): "513442679011",
}
"""Canonical's accounts: https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/"""

OperatingSystem = Literal["ubuntu-24.04", "debian-12", "amazon-linux-2023", "rhel-9", "rocky-9"]
DEFAULT_SYSTEM: OperatingSystem = "ubuntu-24.04"

_SYSTEMS: dict[OperatingSystem, _System] = {
    "ubuntu-24.04": _System(
        "ubuntu",
        _UBUNTU,
        {
            "x86_64": "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
            "arm64": "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*",
        },
    ),
    "debian-12": _System("admin", "136693071363", {"x86_64": "debian-12-amd64-*", "arm64": "debian-12-arm64-*"}),
    "amazon-linux-2023": _System(
        "ec2-user",
        "amazon",
        {"x86_64": "al2023-ami-2023.*-kernel-*-x86_64", "arm64": "al2023-ami-2023.*-kernel-*-arm64"},
    ),
    "rhel-9": _System(
        "ec2-user", "309956199498", {"x86_64": "RHEL-9.*_HVM-*-x86_64-*-GP3", "arm64": "RHEL-9.*_HVM-*-arm64-*-GP3"}
    ),
    "rocky-9": _System(
        "rocky", "792107900819", {"x86_64": "Rocky-9-EC2-Base-9.*.x86_64", "arm64": "Rocky-9-EC2-Base-9.*.aarch64"}
    ),
}


def login_user(system: OperatingSystem) -> str:
    """Return the user of a publisher's image, who has sudo rights."""
    return _SYSTEMS[system].user


def published_image(system: OperatingSystem, architecture: Architecture, partition: str) -> ImageLookup:
    """Return where the publisher's newest image is."""
    found = _SYSTEMS[system]
    owner = _DIFFERENT_OWNERS.get((partition, found.owner), found.owner)
    return ImageLookup(owner=owner, name=found.names[architecture])
