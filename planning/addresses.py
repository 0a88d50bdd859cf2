"""Whether machines in existing subnets have a way to the internet, and addresses that are of use there."""

from collections.abc import Iterable, Iterator

from config_render.base.problems import Location, Problem, problem
from config_render.settings.pool import Pool
from config_render.settings.stack import Settings

from .market import Machines, Market
from .routes import WayOut, existing_subnets

_PRIVATE = "amazonec2-private-address-only"
_NO_ROUTE = "has no route to the internet, so that {}; add one for 0.0.0.0/0, such as to a NAT gateway, or {}"


def unreachable(settings: Settings, every: Iterable[Machines], region: str, market: Market) -> list[Problem]:
    """Return what keeps machines in existing subnets from the internet, or people from the manager."""
    if existing_subnets(settings.network) is None:
        return []
    found: dict[str, Problem] = {}
    for each in (*_of_pools(settings, every, region, market), *_of_manager(settings, market)):
        # Several pools may be in one subnet, and the manager with them.
        found.setdefault(each.path, each)
    return list(found.values())


def _of_pools(settings: Settings, every: Iterable[Machines], region: str, market: Market) -> Iterator[Problem]:
    network = settings.network
    subnets = dict(zip((region + zone for zone in network.zones), network.subnet_ids or (), strict=False))
    for one in every:
        subnet = subnets.get(one.zone, "")
        way = market.ways_out.get(subnet)
        match one.at:
            case ("pools", int(index)):
                yield from _of_pool(settings, index, subnet, way, public=one.public_address)


def _of_pool(settings: Settings, index: int, subnet: str, way: WayOut | None, *, public: bool) -> Iterator[Problem]:
    pool, at = settings.pools[index], ("pools", index, "driver", _PRIVATE)
    if way is WayOut.NONE and not _has_proxy(pool):
        message = _NO_ROUTE.format("machines there can fetch neither Docker nor images", "take another subnet")
        yield problem(_place(settings, subnet), message, subnet)
    elif way is WayOut.GATEWAY and not public:
        message = (
            f"leaves machines without a way out: {subnet} leads to an internet gateway, which serves public addresses "
            "alone; leave it out, or take a subnet that leads to a NAT gateway"
        )
        yield problem(at, message, True)
    elif way is WayOut.OTHER and public:
        message = (
            f"missing: {subnet} leads to no internet gateway of its own, so that the public address of each machine "
            "there costs and is of no use; set true"
        )
        yield problem(at, message)


def _of_manager(settings: Settings, market: Market) -> Iterator[Problem]:
    network, manager = settings.network, settings.manager
    if manager.host is not None:
        return
    subnet = network.manager_subnet_id or (network.subnet_ids or ("",))[0]
    way = market.ways_out.get(subnet)
    at: Location = ("manager", "publicAddress")
    if way is WayOut.NONE and manager.proxy is None:
        message = _NO_ROUTE.format("the manager reaches neither GitLab nor AWS", "set manager.proxy")
        yield problem(_place(settings, subnet), message, subnet)
    elif way is WayOut.GATEWAY and not manager.public_address:
        message = (
            f"leaves it without a way out: {subnet} leads to an internet gateway, which serves public addresses alone; "
            "set network.managerSubnetId, a subnet that leads to a NAT gateway"
        )
        yield problem(at, message, False)
    elif way is WayOut.OTHER and manager.public_address:
        message = (
            f"is true, while {subnet} leads to no internet gateway of its own, so that nothing reaches the manager at "
            "a public address; set false, and run deployments from inside the network"
        )
        yield problem(at, message)


def _place(settings: Settings, subnet: str) -> Location:
    subnets = settings.network.subnet_ids or ()
    if subnet in subnets:
        return ("network", "subnetIds", subnets.index(subnet))
    return ("network", "managerSubnetId")


def _has_proxy(pool: Pool) -> bool:
    return any("proxy" in str(each).lower() for each in pool.given_options().get("engine-env", ()))
