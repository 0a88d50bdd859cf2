"""What the manager is told of its breaker: when a placement is paused, and where else machines may be started."""

from config_render import CreatedResources, Settings
from config_render.executors.docker_machine.entries import fallback_name, machine_name
from config_render.executors.docker_machine.section import placed_options
from config_render.executors.entries import pool_placements
from config_render.executors.registry import pool_entries
from config_render.settings.breaker import BreakerSettings
from config_render.settings.pool import Pool

from ...manager_tool.contract.documents import BreakerPlan, EntryPlan, PlacedOptions, PlacementPlan, PoolPlacements


def breaker_plan(breaker: BreakerSettings, drift: str, placements: PlacementPlan | None) -> BreakerPlan:
    """Return what the manager's tool takes.

    Args:
        breaker: The stack's settings of it.
        drift: `manager.drift`, for the file that is put in place.
        placements: What `placement_plan` returns; None where there is no breaker.
    """
    if not breaker.enabled or placements is None:
        return {"enabled": False, "drift": drift}
    return {
        "enabled": True,
        "drift": drift,
        "failures": breaker.failures,
        "seconds": breaker.minutes * 60,
        "coolDownSeconds": breaker.cool_down_minutes * 60,
        "pools": placements["pools"],
        "entries": placements["entries"],
    }


def placement_plan(settings: Settings, created: CreatedResources) -> PlacementPlan:
    """Return where the entries may start their machines, for the manager to choose."""
    pools: dict[str, PoolPlacements] = {}
    entries: dict[str, EntryPlan] = {}
    for pool in settings.pools_of("docker+machine"):
        own = pool_entries(settings, pool)
        pools[pool.name] = {"placements": _placed(settings, created, pool, fallback=False)}
        if pool.on_demand_limit:
            pools[pool.name]["onDemand"] = _placed(settings, created, pool, fallback=True)
        if len(own) == 1:
            # They stand in config.toml; so a change of them is a change of that alone.
            del pools[pool.name]["placements"][0]["MachineOptions"]
        for entry in own:
            most = entry.share(pool.on_demand_limit)
            entries[entry.name] = {
                "pool": pool.name,
                "first": entry.index,
                "fallback": {"name": fallback_name(entry), "machines": most} if most else None,
            }
    return {"pools": pools, "entries": entries}


def _placed(settings: Settings, created: CreatedResources, pool: Pool, *, fallback: bool) -> list[PlacedOptions]:
    return [
        {
            "label": placement.label,
            "MachineName": machine_name(pool.name, pool.machine.machine_name, placement.label, fallback=fallback),
            "MachineOptions": placed_options(settings, created, pool, placement, fallback=fallback),
        }
        for placement in pool_placements(pool, settings.network.zones)
    ]
