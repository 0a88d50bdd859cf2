"""What people who know docker+machine may not expect of docker-autoscaler: told, and let pass."""

from collections.abc import Iterator

from ..base.problems import Location, Problem, problem
from ..executors.docker_autoscaler.group import without_counterpart
from ..settings.pool import Pool
from ..settings.stack import Settings
from .live_cautions import PoolCaution


def _on_demand_comes_first(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if pool.on_demand_limit:
        first = "machine is" if pool.on_demand_limit == 1 else f"{pool.on_demand_limit} machines are"
        message = (
            f"means another thing to docker-autoscaler: the first {first} always on demand, and no more where there is "
            "no spot capacity, since an Auto Scaling group does not fall back; leave it out for spot capacity alone"
        )
        yield problem((*at, "spot", "onDemandLimit"), message, pool.on_demand_limit)


def _docker_machines_own_is_left_behind(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    keys = pool.machine.known_keys()
    for name, what in without_counterpart(pool).items():
        place = "machine" if name in keys else "driver"
        yield problem((*at, place, name), f"has no counterpart in docker-autoscaler; {what}")


AUTOSCALER_CAUTIONS: tuple[PoolCaution, ...] = (
    _on_demand_comes_first,
    _docker_machines_own_is_left_behind,
)
