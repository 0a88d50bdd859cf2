"""An autoscaling GitLab Runner on AWS, whose settings are below: your editor completes and describes them."""

import pulumi
from gitlab_runner_aws import AutoscalingRunner, AutoscalingRunnerArgs, SettingsDict

config = pulumi.Config()
settings: SettingsDict = {
    "gitlab": {"url": config.require("gitlabUrl")},
    "concurrent": config.require_int("jobs"),
    "manager": {"sshFrom": [config.require("sshFrom")]},
    "pools": [
        {
            "name": "linux",
            "limit": config.require_int("jobs"),
            "instanceTypes": ["m6i.large", "m5.large"],
            "spot": {"maxPrice": 0.07},
            "machine": {"IdleCount": 0, "IdleTime": 1800, "MaxGrowthRate": 5},
        }
    ],
}
runner = AutoscalingRunner(
    "runner",
    AutoscalingRunnerArgs(settings=settings, token=config.require_secret("runnerToken")),
)
pulumi.export("manager_address", runner.manager_address)
