"""What machines cost, on markets made by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config_render import Settings
from config_render.base.amounts import Amount
from planning import fees
from planning.costs import (
    ADDRESSES,
    DISKS,
    ENDPOINTS,
    GATEWAYS,
    MACHINES,
    Cost,
    as_plain,
    cost,
    currency,
    from_plain,
    machine_rows,
    week_of_costs,
)
from planning.fees import NetworkRow, network_rows
from planning.market import Market
from planning.spot_history import SpotHistory

from .settings_samples import REGION, parsed, stack, with_own_runners

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ON_DEMAND = {("m5.large", REGION): 0.1, ("t3.small", REGION): 0.02}
FEES = {("gp3", REGION): 0.073, ("public address", REGION): 0.005, ("NAT gateway", REGION): 0.05}
DISK, MANAGERS_DISK = 40 * 0.0001, 20 * 0.0001
"""What a disk costs an hour."""
OFFICE = {"Periods": ["* * 8-17 * * mon-fri *"], "Timezone": "UTC", "IdleCount": 4}


def one_pool(**pool: Any) -> Settings:
    return parsed(stack({"machine": {"autoscaling": [OFFICE]}, **pool}))


def market(spot: float | None = None) -> Market:
    history = {} if spot is None else {("m5.large", f"{REGION}a"): SpotHistory(NOW, ((NOW - timedelta(days=2), spot),))}
    return Market(on_demand=ON_DEMAND, spot=history, fees=FEES)


def priced(settings: Settings, prices: Market) -> Cost:
    return cost(machine_rows(settings, REGION, MONDAY), network_rows(settings.network, REGION), prices)


def near(amount: Amount, known: float, *, missing: bool = False) -> bool:
    return amount.missing == missing and amount.known == pytest.approx(known)


def a_month(amount: Amount) -> float:
    """What an amount by the hour is by the month; all of it has to be known."""
    assert not amount.missing
    return amount.known * 730


def test_the_worst_case_is_every_machine_at_its_highest_price_and_the_manager() -> None:
    dear = priced(one_pool(limit=20, spot={"maxPrice": 0.05}), market())

    assert dear.most == 21
    assert dear.worst[MACHINES].known == pytest.approx(20 * 0.05 + 0.02)
    assert dear.worst[DISKS].known == pytest.approx(20 * DISK + MANAGERS_DISK)
    assert dear.worst[ADDRESSES].known == pytest.approx(21 * 0.005)
    assert dear.worst_per_hour.known == pytest.approx(sum(each.known for each in dear.worst.values()))
    assert dear.worst_per_month.known == pytest.approx(730 * dear.worst_per_hour.known)


def test_what_is_expected_are_the_machines_that_wait_and_the_manager() -> None:
    expected = priced(one_pool(limit=20), market())
    # Four machines for ten hours on five of seven days.
    waiting = 4 * 50 / 168

    assert a_month(expected.expected[MACHINES]) == pytest.approx((waiting * 0.1 + 0.02) * 730)
    assert a_month(expected.expected[DISKS]) == pytest.approx((waiting * DISK + MANAGERS_DISK) * 730)
    assert a_month(expected.expected[ADDRESSES]) == pytest.approx((waiting + 1) * 0.005 * 730)


@pytest.mark.parametrize(("todays", "counted"), [(0.03, 0.03), (0.09, 0.05)], ids=["under the cap", "above it"])
def test_a_spot_machine_costs_the_median_price_but_never_more_than_its_cap(todays: float, counted: float) -> None:
    expected = priced(one_pool(limit=20, spot={"maxPrice": 0.05}), market(todays)).expected[MACHINES]
    assert a_month(expected) == pytest.approx((4 * 50 / 168 * counted + 0.02) * 730)


def test_with_a_price_that_is_not_known_a_sum_is_at_least_what_is_known() -> None:
    settings = one_pool(limit=20, spot={"maxPrice": 0.05})
    no_spot, no_fees = priced(settings, market()), priced(settings, Market(on_demand=ON_DEMAND))

    assert not no_spot.worst_per_hour.missing
    assert no_spot.expected[MACHINES] == Amount(0.02, missing=True)
    assert no_spot.expected_per_month.missing
    assert near(no_fees.worst_per_hour, 20 * 0.05 + 0.02, missing=True)
    assert no_fees.worst[DISKS].value is None
    assert no_fees.worst_per_hour.in_words("{:.2f}".format) == "at least 1.02"


@pytest.mark.parametrize(
    "disk",
    [
        {"amazonec2-volume-iops": 3001},
        {"amazonec2-volume-iops": 4000, "amazonec2-volume-throughput": 126},
        {"amazonec2-volume-type": "io2", "amazonec2-volume-iops": 100},
    ],
)
def test_a_disk_whose_speed_costs_besides_makes_a_sum_at_least_what_is_known(disk: dict[str, Any]) -> None:
    at_most_included = {"amazonec2-volume-iops": 3000, "amazonec2-volume-throughput": 125}

    assert priced(one_pool(driver=disk), market(0.03)).worst_per_hour.missing
    assert (
        priced(one_pool(machine={"MachineOptions": [f"{k}={v}" for k, v in disk.items()]}), market())
        .worst[DISKS]
        .missing
    )
    assert not priced(one_pool(driver=at_most_included), market(0.03)).worst_per_hour.missing


def test_where_no_price_is_known_nothing_is_guessed() -> None:
    unknown = priced(one_pool(limit=20), Market())
    assert (unknown.worst_per_hour.value, unknown.expected_per_month.value) == (None, None)
    assert unknown.worst_per_month.in_words(str) == "not known"


def test_a_price_that_nothing_is_bought_at_need_not_be_known() -> None:
    settings = one_pool(limit=20, spot={"maxPrice": 0.05}, machine={"IdleCount": 0})
    assert a_month(priced(settings, market()).expected[MACHINES]) == pytest.approx(0.02 * 730)


@pytest.mark.parametrize(
    ("network", "gateways", "endpoints", "addresses"),
    [
        ({}, 0, 0, 21),
        ({"private": True}, 1, 0, 2),
        ({"private": True, "natGateways": "perZone"}, 3, 0, 4),
        ({"interfaceEndpoints": ["ec2", "ssm"]}, 0, 6, 21),
        ({"vpcId": "vpc-0ours", "subnetIds": ["subnet-0a"]}, 0, 0, 21),
    ],
    ids=["public", "one gateway", "one in each zone", "endpoints in each zone", "an existing VPC"],
)
def test_the_network_costs_what_is_made_of_it(
    network: dict[str, Any], gateways: int, endpoints: int, addresses: int
) -> None:
    zones = {} if "vpcId" in network else {"zones": ["a", "b", "c"]}
    pools = [{"name": "ci", "limit": 20}]
    settings = parsed(stack(pools=pools, network={**zones, **network}))
    prices = Market(on_demand=ON_DEMAND, fees={**FEES, ("interface endpoint", REGION): 0.01})
    found = priced(settings, prices)

    for costs in (found.worst, found.expected):
        assert costs.get(GATEWAYS, Amount()).known == pytest.approx(gateways * 0.05)
        assert costs.get(ENDPOINTS, Amount()).known == pytest.approx(endpoints * 0.01)
    assert found.worst[ADDRESSES].known == pytest.approx(addresses * 0.005)


def test_disks_and_addresses_are_those_that_the_driver_is_told_of() -> None:
    options = ["amazonec2-root-size=100", "amazonec2-volume-type=gp2", "amazonec2-private-address-only=true"]
    settings = one_pool(limit=20, machine={"MachineOptions": options})
    found = priced(settings, Market(on_demand=ON_DEMAND, fees={**FEES, ("gp2", REGION): 0.146}))

    assert found.worst[DISKS].known == pytest.approx(20 * 100 * 0.0002 + MANAGERS_DISK)
    assert found.worst[ADDRESSES].known == pytest.approx(0.005)


def waiting(settings: Settings) -> list[tuple[str, int, float]]:
    """The zone of each row but the manager's, the most machines that it stands for, and hours that some wait."""
    return [(row.zone[-1], row.most, row.idle_hours) for row in machine_rows(settings, REGION, MONDAY)][:-1]


def test_idle_machines_wait_where_they_are_started_as_long_as_there_is_capacity() -> None:
    zones = one_pool(limit=3, zones=["b", "a"], machine={"IdleCount": 3})
    assert waiting(zones) == [("b", 3, 3 * 168.0), ("a", 3, 0)]


def test_idle_machines_of_entries_with_their_own_runners_are_shared_among_the_zones() -> None:
    zones = with_own_runners({"limit": 3, "zones": ["a", "b"], "machine": {"IdleCount": 3}})
    assert waiting(zones) == [("a", 3, 2 * 168.0), ("b", 3, 168.0)]


def test_no_more_machines_wait_than_the_limit_allows_however_many_a_period_asks_for() -> None:
    always = {"Periods": ["* * * * * * *"], "IdleCount": 7}
    pool = {"limit": 3, "zones": ["a", "b"], "machine": {"autoscaling": [always]}}

    assert waiting(one_pool(**pool)) == [("a", 3, 3 * 168.0), ("b", 3, 0)]
    assert waiting(with_own_runners(pool)) == [("a", 3, 2 * 168.0), ("b", 3, 168.0)]


def test_the_worst_case_is_all_machines_at_the_dearest_placement_not_all_of_them_at_each() -> None:
    prices = {"m5.large": 0.05, "m6i.large": 0.07}
    pool = {"zones": ["a", "b"], "instanceTypes": [*prices], "limit": 20}
    settings = one_pool(**pool, spot={"maxPrice": "onDemand", "onDemandPrice": prices})
    dear = priced(settings, market())

    assert dear.most == 20 + 1
    assert dear.worst[MACHINES].known == pytest.approx(20 * 0.07 + 0.02)


def test_a_placement_without_a_known_price_may_be_the_dearest() -> None:
    settings = one_pool(limit=20, instanceTypes=["m5.large", "m9z.large"])
    assert near(priced(settings, market()).worst[MACHINES], 20 * 0.1 + 0.02, missing=True)


def test_machines_on_demand_come_on_top_and_do_not_wait() -> None:
    spot = {"maxPrice": 0.05, "onDemandLimit": 2}
    rows = machine_rows(one_pool(limit=10, zones=["a", "b"], spot=spot, machine={"IdleCount": 1}), REGION, MONDAY)

    assert [(row.zone[-1], row.cap, row.most, row.idle_hours) for row in rows[:-1]] == [
        ("a", 0.05, 10, 168.0),
        ("b", 0.05, 10, 0),
        ("a", None, 2, 0),
        ("b", None, 2, 0),
    ]
    dear = cost(rows, [], market())
    assert dear.most == 10 + 2 + 1
    assert dear.worst[MACHINES].known == pytest.approx(10 * 0.05 + 2 * 0.1 + 0.02)


def test_the_first_machines_of_a_group_are_on_demand_also_while_they_wait() -> None:
    pool = {"executor": "docker-autoscaler", "limit": 10, "spot": {"maxPrice": 0.05, "onDemandLimit": 2}}
    rows = machine_rows(one_pool(**pool, zones=["a", "b"], machine={"IdleCount": 3}), REGION, MONDAY)

    assert [(row.zone[-1], row.cap, row.most, row.idle_hours) for row in rows[:-1]] == [
        ("a", 0.05, 8, 168.0),
        ("b", 0.05, 8, 0),
        ("a", None, 2, 2 * 168.0),
        ("b", None, 2, 0),
    ]
    assert cost(rows, [], market()).worst[MACHINES].known == pytest.approx(8 * 0.05 + 2 * 0.1 + 0.02)


def test_a_pool_that_is_called_like_the_manager_is_counted_beside_it() -> None:
    assert priced(one_pool(name="manager", limit=3), market()).most == 3 + 1


def test_the_week_has_each_hour_as_clocks_in_one_zone_show_it() -> None:
    week = week_of_costs(one_pool(limit=20), REGION, market(), MONDAY, "Europe/Berlin")
    ci = week.pools["ci"]

    assert (week.zone, len(ci), len(week.pools["manager"])) == ("Europe/Berlin", 168, 168)
    assert [hour for hour in range(24) if ci[hour].known] == [*range(9, 19)]
    assert near(ci[9], 4 * (0.1 + DISK + 0.005))
    assert not any(hour.known for hour in ci[5 * 24 :])
    assert len(week.pools["manager"]) == 168
    assert all(near(hour, 0.02 + MANAGERS_DISK + 0.005) for hour in week.pools["manager"])


def test_the_network_costs_the_same_in_each_hour_of_the_week() -> None:
    settings = one_pool(zones=["a"])
    private = parsed(stack({"zones": ["a"]}, network={"zones": ["a", "b"], "private": True, "natGateways": "perZone"}))

    assert set(week_of_costs(settings, REGION, market(), MONDAY).pools) == {"ci", "manager"}
    gateways = week_of_costs(private, REGION, market(), MONDAY).pools["NAT gateways"]
    assert len(gateways) == 168
    assert all(near(hour, 2 * (0.05 + 0.005)) for hour in gateways)


def test_an_hour_of_which_a_part_is_idle_counts_in_part() -> None:
    half = {"Periods": ["* 30-59 8 * * mon *"], "Timezone": "UTC", "IdleCount": 2}
    settings = one_pool(limit=20, machine={"autoscaling": [half]})
    assert machine_rows(settings, REGION, MONDAY)[0].idle_hours == 1.0


def test_rows_come_back_from_a_stacks_output_as_they_were() -> None:
    rows = machine_rows(one_pool(limit=20, spot={"maxPrice": 0.05}), REGION, MONDAY)
    assert from_plain(as_plain(rows)) == rows


def test_the_network_comes_back_from_a_stacks_output_as_it_was() -> None:
    rows = [NetworkRow(what="NAT gateway", zone=f"{REGION}a", count=1)]
    assert fees.from_plain(fees.as_plain(rows)) == rows
    with pytest.raises(TypeError):
        fees.from_plain([{"what": "NAT gateway"}])


def test_the_output_of_a_release_without_groups_is_no_rows() -> None:
    (row, *_) = as_plain(machine_rows(one_pool(limit=20), REGION, MONDAY))
    del row["group"]
    with pytest.raises(TypeError):
        from_plain([row])


def test_chinas_prices_are_in_yuan() -> None:
    assert [currency(region) for region in ("cn-north-1", "eu-central-1")] == ["CNY", "USD"]
