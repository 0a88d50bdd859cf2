"""One autoscaling GitLab Runner per stack."""

import pulumi

from components import AutoscalingRunner, AutoscalingRunnerArgs, read_stack, stack_outputs

stack = read_stack()
runner = AutoscalingRunner(
    "runner",
    AutoscalingRunnerArgs(
        settings=stack.settings,
        region=stack.region,
        token=stack.token,
        registration_token=stack.registration_token,
        access_token=stack.access_token,
        secrets=stack.secrets,
        existing=stack.existing,
    ),
)

for name, value in stack_outputs(stack, runner).items():
    pulumi.export(name, value)
