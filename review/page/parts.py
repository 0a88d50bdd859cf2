"""The parts of a stack, each with what a person should know of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from config_render import DEFAULT_VPC, Settings
from planning.costs import MachineRow

from .svg import joined


@dataclass(frozen=True)
class Part:
    """A part by its name."""

    name: str
    lines: tuple[str, ...]


def network_name(settings: Settings) -> str:
    """Return which VPC it is."""
    network = settings.network
    if network.is_new:
        return f"VPC {network.cidr}, made by this stack{', with IPv6' if network.ipv6 else ''}"
    return "The region's default VPC" if network.vpc_id == DEFAULT_VPC else f"VPC {network.vpc_id}, there already"


def manager_part(settings: Settings, region: str) -> Part:
    """Return the manager: what it is and how it is reached."""
    manager = settings.manager
    if manager.host:
        return Part("Manager", ("an existing host", "runs gitlab-runner"))
    address = "an address that stays" if manager.elastic_ip else "a public address"
    where = f"{manager.instance_type} in {region}{settings.network.zones[0]}"
    ways = [way for way, there in (("SSH", True), ("a bastion", manager.bastion), ("SSM", manager.ssm)) if there]
    reached = f"{address if manager.public_address else 'no public address'}; {joined(ways)}"
    return Part("Manager", (where, reached, "runs gitlab-runner with docker+machine"))


def way_out(settings: Settings) -> Part:
    """Return how traffic gets out of the VPC."""
    network = settings.network
    ports = joined(map(str, network.egress_ports)) if network.egress_ports else ""
    bounded = f"open to the outside: TCP {ports}" if ports else "open to the outside: every port"
    if not network.is_new:
        return Part("Way out", ("the VPC's own routes", bounded))
    if not network.private:
        return Part("Internet gateway", ("workers have public addresses", bounded))
    count = "in each zone" if network.nat_gateways == "perZone" else "for all zones"
    return Part("NAT gateway", (f"one {count}", "workers have private addresses only", bounded))


def services(settings: Settings) -> list[Part]:
    """Return the services that the stack uses beside EC2."""
    network, manager = settings.network, settings.manager
    found = [_cache(settings)]
    if network.is_new:
        found.append(Part("Endpoints", ("s3: gateway, free", *(network.interface_endpoints or ()))))
    if settings.token_parameter or settings.token_secret:
        found.append(Part("Runner token", ("Parameter Store" if settings.token_parameter else "Secrets Manager",)))
    if manager.logs:
        found.append(Part("CloudWatch Logs", (f"kept for {manager.logs.retention_days} days",)))
    if manager.alarms:
        found.append(Part("Alarms", ("told to an SNS topic",)))
    return found


def _cache(settings: Settings) -> Part:
    cache = settings.cache
    if cache.makes_bucket and cache.at_amazon:
        encrypted = "a KMS key" if cache.kms_key else "S3's own keys"
        return Part("S3 cache", ("bucket of this stack", f"kept for {cache.expire_days} days", encrypted))
    if cache.type != "s3":
        return Part("Cache", ({"gcs": "Google Cloud Storage", "azure": "Azure storage"}[cache.type],))
    return Part("S3 cache", ("a bucket there already" if cache.at_amazon else "on another server",))


def in_words(settings: Settings, region: str, rows: Sequence[MachineRow]) -> str:
    """Return all that the drawing shows as sentences."""
    parts = [manager_part(settings, region), way_out(settings), *services(settings)]
    said = [f"{part.name}: {', '.join(part.lines)}." for part in parts]
    for pool in settings.pools:
        mine = [row for row in rows if row.pool == pool.name]
        kinds = [
            f"up to {row.most} {row.type} {'on demand' if row.cap is None else 'spot'} in {row.zone}" for row in mine
        ]
        said.append(f"Pool {pool.name}, limit {pool.limit}: {joined(kinds)}.")
    return f"{network_name(settings)}. The manager asks {settings.gitlab.url} for jobs. {' '.join(said)}"
