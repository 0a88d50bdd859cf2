"""The same runner in two regions, each with a provider of its own, from which it has the region."""

import pulumi
import pulumi_aws as aws
from gitlab_runner_aws import AutoscalingRunner, AutoscalingRunnerArgs

config = pulumi.Config()

for region in config.require_object("regions"):
    provider = aws.Provider(region, region=region, **config.get_object("aws", {}))
    runner = AutoscalingRunner(
        f"ci-{region}",
        AutoscalingRunnerArgs(
            settings=config.require_object("runner"),
            place="two-regions:runner.",
            token=config.require_secret("token"),
        ),
        pulumi.ResourceOptions(provider=provider),
    )
    pulumi.export(region, runner.manager_address)
