"""Looking up machine images."""

import pulumi

from config_render import ImageLookup

from . import aws


def image(lookup: ImageLookup, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The id of the newest image that `lookup` describes, or of the one that its SSM parameter holds."""
    opts = pulumi.InvokeOutputOptions(parent=parent)
    if lookup.ssm_parameter is not None:
        # Its `value` would count as a secret, and with it all that is made of it.
        return aws.get_parameter_output(name=lookup.ssm_parameter, opts=opts).insecure_value
    found = aws.get_ami_output(
        most_recent=True,
        owners=[str(lookup.owner)],
        filters=[{"name": "name", "values": [str(lookup.name)]}],
        opts=opts,
    )
    return found.id
