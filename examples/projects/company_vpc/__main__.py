"""A runner inside of the company's own VPC, with the company's provider, tags and protection."""

import pulumi
import pulumi_aws as aws
from gitlab_runner_aws import AutoscalingRunner, AutoscalingRunnerArgs, GivenNetwork

from components import CompanyVpc


def with_owner(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Put a tag on whatever has tags already."""
    if "tags" not in args.props:
        return None
    tags = {**args.props["tags"], "owner": "platform"}
    return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)


config = pulumi.Config()
access = config.require_object("aws")  # arguments of the provider: region, profile, ...
provider = aws.Provider("company", default_tags={"tags": {"cost-center": "4711"}}, **access)
# All three go to whatever has the VPC as its parent, and to the parts of that.
for_all = pulumi.ResourceOptions(provider=provider, transforms=[with_owner], protect=True)
vpc = CompanyVpc("vpc", access["region"], ["a", "b"], for_all)

runner = AutoscalingRunner(
    "ci",
    AutoscalingRunnerArgs(
        settings=config.require_object("runner"),
        place="company-vpc:runner.",  # how messages spell the place of a setting
        network=GivenNetwork(vpc_id=vpc.id, subnet_ids=vpc.subnets),
        token=config.require_secret("token"),
    ),
    # The runner stood beside the VPC once: without the alias it would be replaced.
    pulumi.ResourceOptions(parent=vpc, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]),
)

pulumi.export("manager_address", runner.manager_address)
