"""Stand-in for the `aws` provider plugin (pulumi-aws 7.51.1): answers the Pulumi engine, over an emulated AWS.

What it answers is driven by `recordings/aws_provider_behaviour.json`. It is used by tests and by people who try the
program on a laptop; a real deployment uses the real plugin.
"""

from .servicer import AwsProviderStandIn

__all__ = ["AwsProviderStandIn"]
