"""Two runners in one stack: what they share is said once, pools and token each has of its own."""

import pulumi
from gitlab_runner_aws import AutoscalingRunner, AutoscalingRunnerArgs

config = pulumi.Config()
shared = config.require_object("shared")

for name, own in config.require_object("runners").items():
    runner = AutoscalingRunner(
        name,
        AutoscalingRunnerArgs(
            settings={**shared, **own},
            place=f"two-runners:runners.{name}.",
            token=config.require_secret(f"{name}Token"),
        ),
    )
    pulumi.export(f"{name}_manager", runner.manager_address)
