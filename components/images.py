"""Which machine image to start where the settings name none."""

import pulumi

from . import aws

_CANONICAL = "099720109477"
_NAMES = {
    "x86_64": "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
    "arm64": "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*",
}


def ubuntu_image(architecture: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The id of Canonical's newest Ubuntu 24.04 for `architecture` (x86_64 or arm64)."""
    found = aws.get_ami_output(
        most_recent=True,
        owners=[_CANONICAL],
        filters=[{"name": "name", "values": [_NAMES[architecture]]}],
        opts=pulumi.InvokeOutputOptions(parent=parent),
    )
    return found.id
