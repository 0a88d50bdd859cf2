"""What a manager may do to the Auto Scaling groups of its pools, as statements of its IAM policy.

These are the calls of the executor's plugin (`localcloud/recordings/fleeting_aws_calls.json`), those by which the
manager's tool sees that a group launches nothing, and no others. A group launches machines in AWS's own name, so the
manager needs no right to start any. Which condition keys there are: AWS's Service Authorization Reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...policy_parts import Place, Statement, allow

_GROUP_TAG = "ec2:ResourceTag/aws:autoscaling:groupName"
"""AWS puts it on a group's machines, and lets nobody else do so."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The groups that a manager asks for machines."""

    vpc_arn: str
    """Partition, region and account are taken from it."""

    names: Mapping[str, Sequence[str]]
    """Names of the groups, or patterns, by the user that the manager logs in as on their machines."""


def use_groups(groups: Groups) -> list[Statement]:
    """Return what a manager needs to size these groups and to log in to their machines."""
    here = Place.of(groups.vpc_arn)
    look = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeInstances",
        # The plugin asks for these whatever the machines are, and hangs where it may not.
        "ec2:DescribeSpotInstanceRequests",
    ]
    resize = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    names = dict.fromkeys(name for of_user in groups.names.values() for name in of_user)
    arns = [here.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}") for name in names]
    return [
        allow("LookAtGroups", look, ["*"], {"StringEquals": {"aws:RequestedRegion": here.region}}),
        allow("Resize", resize, arns),
        *_log_in(groups, here),
    ]


def _log_in(groups: Groups, here: Place) -> Iterator[Statement]:
    machines = here.ec2("instance/*")
    for number, (user, names) in enumerate(groups.names.items()):
        condition = {"StringEquals": {"ec2:osuser": user}, "StringLike": {_GROUP_TAG: list(names)}}
        yield allow(f"LogIn{number or ''}", ["ec2-instance-connect:SendSSHPublicKey"], machines, condition)


def wider(groups: Groups) -> Groups:
    """Return the groups by one pattern for each deployment in place of their names; deployments don't begin alike."""
    names = {
        user: [*dict.fromkeys(f"{name.rpartition('/')[0]}/*" for name in of_user)]
        for user, of_user in groups.names.items()
    }
    return replace(groups, names=names)
