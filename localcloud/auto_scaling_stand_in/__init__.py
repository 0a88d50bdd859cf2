"""A stand-in for Amazon EC2 Auto Scaling and EC2 Instance Connect, in front of the emulated AWS, whose own differ.

What the emulated AWS does otherwise is listed in `recordings/fleeting_aws_calls.json` under `moto_5_2_5_is_not_aws`.
Here a group's instances are pending first, its mixed instances policy counts, failed launches become activities and are
tried again, and what AWS refuses is refused. The instances are those of the emulated EC2.
"""

from .front import AutoScalingStandIn

__all__ = ["AutoScalingStandIn"]
