"""What AWS charges for by time beside machines: their disks and public addresses, NAT gateways, interface endpoints."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from config_render.settings.network import NetworkSettings

PUBLIC_ADDRESS = "public address"
"""A public IPv4 address, in use or not."""
NAT_GATEWAY = "NAT gateway"
INTERFACE_ENDPOINT = "interface endpoint"


@dataclass(frozen=True, kw_only=True)
class NetworkRow:
    """What a new VPC has in one zone for as long as the stack is there."""

    what: str
    """`NAT gateway`, each with a public address of its own, or `interface endpoint`."""
    zone: str
    """Whole name: eu-central-1a."""
    count: int


class Machine(Protocol):
    """A machine as far as its fees go."""

    @property
    def zone(self) -> str:
        """Whole name: eu-central-1a."""

    @property
    def disk_type(self) -> str:
        """EBS type of the root disk."""

    @property
    def public_address(self) -> bool:
        """Whether it has one."""


def price_region(zone: str) -> str:
    """Return the region code of a zone in AWS's price list, where a local zone is a region of its own."""
    return zone[:-1]


def network_rows(network: NetworkSettings, region: str) -> list[NetworkRow]:
    """List what the stack's new VPC is charged for; nothing of an existing VPC."""
    if not network.is_new:
        return []
    zones = [region + zone for zone in network.zones]
    gateways = (zones if network.nat_gateways == "perZone" else zones[:1]) if network.private else []
    endpoints = len(network.interface_endpoints or ())
    return [
        *(NetworkRow(what=NAT_GATEWAY, zone=zone, count=1) for zone in gateways),
        *(NetworkRow(what=INTERFACE_ENDPOINT, zone=zone, count=endpoints) for zone in zones if endpoints),
    ]


def fees_of(machines: Iterable[Machine], network: Iterable[NetworkRow]) -> tuple[tuple[str, str], ...]:
    """Return what has to be priced, sorted: EBS types and the names above, each with a region code."""
    found = set()
    for each in machines:
        region = price_region(each.zone)
        found |= {(each.disk_type, region), *([(PUBLIC_ADDRESS, region)] if each.public_address else [])}
    for row in network:
        region = price_region(row.zone)
        found |= {(row.what, region), *([(PUBLIC_ADDRESS, region)] if row.what == NAT_GATEWAY else [])}
    return tuple(sorted(found))


def as_plain(rows: Iterable[NetworkRow]) -> list[dict[str, object]]:
    """Return rows as tables, to keep as a stack's output."""
    return [asdict(row) for row in rows]


def from_plain(tables: Iterable[Mapping[str, Any]]) -> list[NetworkRow]:
    """Return the rows that `as_plain` made tables of. Raises TypeError for other tables."""
    return [NetworkRow(**table) for table in tables]
