"""What machines cost, on markets made by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config_render import Settings
from config_render.costs import as_plain, cost, currency, from_plain, machine_rows, week_of_costs
from config_render.market import Market
from config_render.spot_history import SpotHistory

from .settings_samples import REGION, parsed, stack, with_own_runners

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ON_DEMAND = {("m5.large", REGION): 0.1, ("t3.small", REGION): 0.02}
OFFICE = {"Periods": ["* * 8-17 * * mon-fri *"], "Timezone": "UTC", "IdleCount": 4}


def one_pool(**pool: Any) -> Settings:
    return parsed(stack({"machine": {"autoscaling": [OFFICE]}, **pool}))


def market(spot: float | None = None) -> Market:
    history = {} if spot is None else {("m5.large", f"{REGION}a"): SpotHistory(NOW, ((NOW - timedelta(days=2), spot),))}
    return Market(on_demand=ON_DEMAND, spot=history)


def test_the_worst_case_is_every_machine_at_its_highest_price_and_the_manager() -> None:
    rows = machine_rows(one_pool(limit=20, spot={"maxPrice": 0.05}), REGION, MONDAY)
    dear = cost(rows, market())

    assert dear.most == 21
    assert dear.worst_per_hour == pytest.approx(20 * 0.05 + 0.02)
    assert dear.worst_per_month == pytest.approx(730 * 1.02)


def test_what_is_expected_are_the_machines_that_wait_and_the_manager() -> None:
    expected = cost(machine_rows(one_pool(limit=20), REGION, MONDAY), market()).expected_per_month
    # Four machines for ten hours on five of seven days.
    assert expected == pytest.approx((4 * 50 / 168 * 0.1 + 0.02) * 730)


@pytest.mark.parametrize(("todays", "counted"), [(0.03, 0.03), (0.09, 0.05)], ids=["under the cap", "above it"])
def test_a_spot_machine_costs_the_median_price_but_never_more_than_its_cap(todays: float, counted: float) -> None:
    rows = machine_rows(one_pool(limit=20, spot={"maxPrice": 0.05}), REGION, MONDAY)
    assert cost(rows, market(todays)).expected_per_month == pytest.approx((4 * 50 / 168 * counted + 0.02) * 730)


def test_what_is_not_known_is_not_guessed() -> None:
    rows = machine_rows(one_pool(limit=20, spot={"maxPrice": 0.05}), REGION, MONDAY)
    unknown = cost(rows, Market(on_demand=ON_DEMAND))
    assert (unknown.expected_per_month, unknown.worst_per_hour is None) == (None, False)
    assert cost(rows, Market()).worst_per_hour is None


def test_a_price_that_nothing_is_bought_at_need_not_be_known() -> None:
    rows = machine_rows(one_pool(limit=20, spot={"maxPrice": 0.05}, machine={"IdleCount": 0}), REGION, MONDAY)
    assert cost(rows, Market(on_demand=ON_DEMAND)).expected_per_month == pytest.approx(0.02 * 730)


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
    dear = cost(machine_rows(settings, REGION, MONDAY), market())

    assert dear.most == 20 + 1
    assert dear.worst_per_hour == pytest.approx(20 * 0.07 + 0.02)


def test_a_placement_without_a_known_price_may_be_the_dearest() -> None:
    settings = one_pool(limit=20, instanceTypes=["m5.large", "m9z.large"])
    assert cost(machine_rows(settings, REGION, MONDAY), market()).worst_per_hour is None


def test_machines_on_demand_come_on_top_and_do_not_wait() -> None:
    spot = {"maxPrice": 0.05, "onDemandLimit": 2}
    rows = machine_rows(one_pool(limit=10, zones=["a", "b"], spot=spot, machine={"IdleCount": 1}), REGION, MONDAY)

    assert [(row.zone[-1], row.cap, row.most, row.idle_hours) for row in rows[:-1]] == [
        ("a", 0.05, 10, 168.0),
        ("b", 0.05, 10, 0),
        ("a", None, 2, 0),
        ("b", None, 2, 0),
    ]
    dear = cost(rows, market())
    assert dear.most == 10 + 2 + 1
    assert dear.worst_per_hour == pytest.approx(10 * 0.05 + 2 * 0.1 + 0.02)


def test_a_pool_that_is_called_like_the_manager_is_counted_beside_it() -> None:
    rows = machine_rows(one_pool(name="manager", limit=3), REGION, MONDAY)
    assert cost(rows, market()).most == 3 + 1


def test_the_week_has_each_hour_as_clocks_in_one_zone_show_it() -> None:
    week = week_of_costs(one_pool(limit=20), REGION, market(), MONDAY, "Europe/Berlin")
    ci = week.pools["ci"]

    assert (week.zone, len(ci), len(week.pools["manager"])) == ("Europe/Berlin", 168, 168)
    assert [hour for hour in range(24) if ci[hour]] == [*range(9, 19)]
    assert ci[9] == pytest.approx(0.4)
    assert not any(ci[5 * 24 :])
    assert set(week.pools["manager"]) == {0.02}


def test_an_hour_of_which_a_part_is_idle_counts_in_part() -> None:
    half = {"Periods": ["* 30-59 8 * * mon *"], "Timezone": "UTC", "IdleCount": 2}
    settings = one_pool(limit=20, machine={"autoscaling": [half]})
    assert machine_rows(settings, REGION, MONDAY)[0].idle_hours == 1.0


def test_rows_come_back_from_a_stacks_output_as_they_were() -> None:
    rows = machine_rows(one_pool(limit=20, spot={"maxPrice": 0.05}), REGION, MONDAY)
    assert from_plain(as_plain(rows)) == rows


def test_the_output_of_a_release_without_groups_is_no_rows() -> None:
    (row, *_) = as_plain(machine_rows(one_pool(limit=20), REGION, MONDAY))
    del row["group"]
    with pytest.raises(TypeError):
        from_plain([row])


def test_chinas_prices_are_in_yuan() -> None:
    assert [currency(region) for region in ("cn-north-1", "eu-central-1")] == ["CNY", "USD"]
