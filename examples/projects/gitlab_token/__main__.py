"""The runner is created in GitLab by the GitLab provider; its token never stands in a stack file."""

import pulumi
import pulumi_gitlab as gitlab
from gitlab_runner_aws import AutoscalingRunner, AutoscalingRunnerArgs

config = pulumi.Config()
registered = gitlab.UserRunner(
    "linux",
    runner_type="group_type",
    group_id=config.require_int("group"),
    description=f"autoscaling, {pulumi.get_stack()}",
    tag_lists=["linux"],
    untagged=True,
)
runner = AutoscalingRunner(
    "ci",
    AutoscalingRunnerArgs(
        settings=config.require_object("runner"), place="gitlab-token:runner.", token=registered.token
    ),
)

pulumi.export("manager_address", runner.manager_address)
pulumi.export("runner_id", registered.id)
