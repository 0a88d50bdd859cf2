"""Looking up machine images."""

import pulumi

from config_render import ImageLookup

from . import aws


def image(lookup: ImageLookup, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The id of the newest image that `lookup` describes, or of the one that its SSM parameter holds."""
    opts = pulumi.InvokeOutputOptions(parent=parent)
    if lookup.ssm_parameter is not None:
        # The provider marks every parameter's value as a secret; an image's id is none.
        return pulumi.Output.unsecret(aws.get_parameter_output(name=lookup.ssm_parameter, opts=opts).value)
    found = aws.get_ami_output(
        most_recent=True,
        owners=[str(lookup.owner)],
        filters=[{"name": "name", "values": [str(lookup.name)]}],
        opts=opts,
    )
    return found.id
