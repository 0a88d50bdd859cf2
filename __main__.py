"""One autoscaling GitLab Runner per stack."""

import pulumi

from components import AutoscalingRunner, AutoscalingRunnerArgs, read_stack

stack = read_stack()
runner = AutoscalingRunner(
    "runner",
    AutoscalingRunnerArgs(settings=stack.settings, region=stack.region, token=stack.token, secrets=stack.secrets),
)

pulumi.export("manager_address", runner.manager_address)
pulumi.export("manager_instance_id", runner.manager_instance_id)
pulumi.export("cache_bucket", runner.cache_bucket)
pulumi.export("config_toml", runner.config_toml)
