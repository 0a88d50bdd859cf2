"""How a VPC's network is divided among zones."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

MOST_ZONES = 6
"""No region has more availability zones."""

_SLICE_BITS = 4
# The router, DNS, one for later use, and both ends of the range: taken by AWS in each subnet.
_RESERVED = 5


def check_range(cidr: IPv4Network) -> str | None:
    """Return why `cidr` can't be a VPC's range, or None."""
    # AWS takes /16 to /28 for a VPC and for a subnet.
    if 16 <= cidr.prefixlen <= 28 - _SLICE_BITS:
        return None
    return f"is a /{cidr.prefixlen}; it must be a /16 to /24, so that each zone gets a sixteenth"


_FIRST_PRIVATE = 8
"""Public subnets are in the lower half of the range, private ones in the upper."""


def subnet_cidrs(cidr: IPv4Network, zones: Sequence[str], *, private: bool = False) -> dict[str, IPv4Network]:
    """Give each zone one sixteenth of `cidr`, in order; for its private subnet another one.

    The size does not depend on how many zones there are, so a zone added at the end moves no other's subnet.
    Raises ValueError for more zones than there is room for.
    """
    slices = list(cidr.subnets(prefixlen_diff=_SLICE_BITS))[_FIRST_PRIVATE if private else 0 :]
    if len(zones) > len(slices):
        raise ValueError(f"{len(zones)} zones do not fit into {cidr}: at most {len(slices)}")
    return dict(zip(zones, slices, strict=False))


def machines_that_fit(subnet: IPv4Network) -> int:
    """Count the addresses of a subnet that are left for workers, one being kept for the manager."""
    return subnet.num_addresses - _RESERVED - 1


def ipv6_slice(vpc_range: str, place: int) -> str:
    """Return the `place`-th /64 of a VPC's IPv6 range, which is a /56."""
    first = IPv6Network(vpc_range)
    return str(IPv6Network((int(first.network_address) + (place << 64), 64)))
