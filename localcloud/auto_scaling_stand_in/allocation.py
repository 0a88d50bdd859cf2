"""Stand-in for Auto Scaling: which kind of machine a group launches next, and where it tries.

"Allocation strategies for multiple instance types" and "Instances distribution" in the Auto Scaling User Guide. EC2's
own choice between spot pools can't be known: here it is the order of the overrides.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .group import Group, Member
from .launch import Placement


def next_market(group: Group, running: list[Member], template: Mapping[str, Any]) -> str:
    """Whether the next instance is a `spot` or an `on-demand` one."""
    policy = group.settings.get("MixedInstancesPolicy")
    if policy is None:
        return str((template.get("InstanceMarketOptions") or {}).get("MarketType") or "on-demand")
    distribution = policy["InstancesDistribution"]
    base, percentage = (
        distribution["OnDemandBaseCapacity"],
        distribution["OnDemandPercentageAboveBaseCapacity"],
    )
    above = max(0, group.desired - base)
    # Rounded up: "rounds up in favor of On-Demand Instances".
    wanted = min(base, group.desired) - (-above * percentage // 100)
    has = sum(member.market == "on-demand" for member in running)
    return "on-demand" if has < wanted else "spot"


def placements(group: Group, ec2: Any, template: Mapping[str, Any], market: str) -> Iterator[Placement]:
    """Yield where to try, one after the other: the emptiest zone first, there each type in the policy's order."""
    overrides = group.settings.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("Overrides") or ()
    kinds = [each["InstanceType"] for each in overrides] or [template.get("InstanceType", "")]
    in_zone = Counter(member.zone for member in group.running)
    spots = [(ec2.get_subnet(subnet).availability_zone, subnet) for subnet in group.subnets]
    for zone, subnet in sorted(spots or [(zone, "") for zone in group.zones], key=lambda spot: in_zone[spot[0]]):
        for kind in kinds:
            yield Placement(market, kind, zone, subnet)


def to_remove(group: Group, running: list[Member]) -> Member | None:
    """Which instance goes when there are too many: an unprotected one of the fullest zone, the oldest first."""
    in_zone = Counter(member.zone for member in running)
    free = [member for member in running if not member.protected]
    return max(free, key=lambda member: in_zone[member.zone], default=None)
