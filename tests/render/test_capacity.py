"""What pools promise in numbers, and the table that `check` shows of it."""

from typing import Any

from config_render.render.capacity import PoolCapacity, as_lines, capacities, compared

from .settings_samples import parsed, stack, with_own_runners

SPOT = {"spot": {"maxPrice": 0.1, "onDemandLimit": 3}}
SIX_PLACES = {"zones": ["a", "b", "c"], "instanceTypes": ["m5.large", "m6i.large"]}


def pools(*given: dict[str, Any], **settings: Any) -> list[PoolCapacity]:
    raw = stack(pools=[{"name": f"p{n}", "zones": ["a"], **each} for n, each in enumerate(given)], **settings)
    return capacities(parsed(raw, secrets=["blue", "red"]))


def test_a_pool_runs_as_many_jobs_as_its_limit_in_one_section_wherever_its_machines_are() -> None:
    one, every = pools({"limit": 9, **SIX_PLACES}, concurrent=20)

    assert one == PoolCapacity(pool="p0", jobs=9, machines=9, on_demand=0, entries=1, placements=6)
    assert every == PoolCapacity(pool="in all", jobs=9, machines=9, on_demand=0, entries=1, placements=6)


def test_machines_on_demand_come_on_top_and_bring_no_more_jobs() -> None:
    one, every = pools({"limit": 9, **SPOT}, concurrent=20)
    assert (one.jobs, one.machines, one.on_demand, one.entries) == (9, 12, 3, 1)
    assert (every.jobs, every.machines, every.on_demand) == (9, 12, 3)


def test_no_more_jobs_run_than_the_manager_has_workers() -> None:
    few = pools({"limit": 9, "token": "<secret:blue>"}, {"limit": 5, "token": "<secret:red>"}, concurrent=7)
    assert [each.jobs for each in few] == [7, 5, 7]
    assert [each.machines for each in few] == [9, 5, 14]


def test_pools_of_one_runner_run_as_many_jobs_as_the_largest_of_them() -> None:
    blue, red = {"token": "<secret:blue>"}, {"token": "<secret:red>"}
    found = pools({"limit": 9, **blue}, {"limit": 5, **blue}, {"limit": 4, **red}, {"limit": 2}, concurrent=50)

    assert [each.jobs for each in found] == [9, 5, 4, 2, 9 + 4 + 2]
    assert [each.machines for each in found] == [9, 5, 4, 2, 20]


def test_with_runners_of_their_own_there_are_more_sections_and_as_many_jobs() -> None:
    (one, every) = capacities(with_own_runners({**SIX_PLACES, **SPOT, "limit": 4}))
    assert (one.jobs, one.machines, one.entries, one.placements) == (4, 7, 4, 6)
    assert (every.jobs, every.entries) == (4, 4)


def test_the_table_has_a_line_for_each_pool_and_one_for_all() -> None:
    settings = stack(
        pools=[{"name": "spot", "limit": 60, **SIX_PLACES, **SPOT}, {"name": "deploy", "limit": 4, "zones": ["a"]}],
        concurrent=100,
    )
    assert "\n".join(as_lines(capacities(parsed(settings)))) == (
        """\
pool    jobs at once  machines at most  on demand of these  [[runners]]  placements
spot              60                63                   3            1           6
deploy             4                 4                   0            1           1
in all            60                67                   3            2           7"""
    )


def test_executors_are_compared_pool_by_pool() -> None:
    office = {"Periods": ["* * 8-17 * * mon-fri *"], "IdleCount": 9}
    spot = {"name": "spot", "limit": 6, **SIX_PLACES, **SPOT, "machine": {"autoscaling": [office]}}
    shared = {"name": "shared", "limit": 9, "zones": ["a"], "autoscaler": {"capacity_per_instance": 4}}
    pools = [{**spot, "executor": "docker+machine"}, {**shared, "executor": "docker-autoscaler"}]
    now = parsed(stack(pools=pools, concurrent=100))
    then = parsed(stack(pools=[spot, shared], executor="docker-autoscaler", concurrent=100))

    assert [line.split() for line in compared(now, then)[1:]] == [
        ["spot", "docker+machine", "6", "9", "3", "1", "6", "0", "to", "6", "0.1"],
        ["spot", "docker-autoscaler", "6", "6", "3", "1", "6", "0", "to", "6", "0.1"],
        ["shared", "docker-autoscaler", "9", "3", "0", "1", "1", "0", "on", "demand"],
        ["in", "all", "docker+machine", "and", "docker-autoscaler", "9", "12", "3", "2", "7"],
        ["in", "all", "docker-autoscaler", "9", "9", "3", "2", "7"],
    ]
