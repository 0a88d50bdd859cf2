"""How pools become runner entries, and where each of these may start its machines."""

import tomllib
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_render import render
from config_render.executors.docker_machine.entries import machine_name, same_machines
from config_render.executors.entries import Placement, entries, placements, pool_placements

from .settings_samples import FACTS, entries_of, options_of, parsed, runners, stack, with_own_runners

TYPES = ["m5.large", "m6i.large", "c5.large", "r5.large", "t3.large"]
FOUR_PLACES = {"zones": ["a", "b"], "instanceTypes": ["m6i.large", "m6g.large"]}
counts = st.integers(0, 500)
some_places = st.builds(lambda zones, types: placements("abcdef"[:zones], TYPES[:types]), *[st.integers(1, 5)] * 2)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [each["name"] for each in found]


def idle(numbers: dict[str, Any]) -> tuple[int, int | None]:
    return numbers["IdleCount"], numbers.get("IdleCountMin")


def test_a_pool_is_one_entry_with_its_whole_limit_however_many_zones_and_types_it_has() -> None:
    period = {"Periods": ["* * * * * sat *"], "IdleCount": 4, "IdleCountMin": 2, "IdleScaleFactor": 1}
    machine = {"IdleCount": 5, "IdleCountMin": 1, "MaxGrowthRate": 3, "autoscaling": [period]}
    (one,) = runners(stack({**FOUR_PLACES, "limit": 9, "machine": machine}))

    assert (one["name"], one["limit"], one["machine"]["MachineName"]) == ("ci", 9, "ci-%s-a-m6i-large")
    assert (options_of(one)["amazonec2-subnet-id"], options_of(one)["amazonec2-ami"]) == ("subnet-0a", "ami-000000aa")
    assert (idle(one["machine"]), one["machine"]["MaxGrowthRate"]) == ((5, 1), 3)
    assert idle(one["machine"]["autoscaling"][0]) == (4, 2)


@pytest.mark.parametrize("each", ["deployment", "pool"])
def test_one_runner_for_a_pool_makes_one_entry(each: str) -> None:
    settings = with_own_runners({**FOUR_PLACES, "limit": 9})
    assert settings.create_runner
    create = settings.create_runner.model_copy(update={"each": each})

    assert names(entries_of(settings.model_copy(update={"create_runner": create}))) == ["ci"]


def test_with_runners_of_their_own_each_zone_and_type_is_an_entry() -> None:
    found = entries_of(with_own_runners({**FOUR_PLACES, "limit": 9}))

    assert [
        (each["name"], each["machine"]["MachineName"], each["limit"], options_of(each)["amazonec2-subnet-id"])
        for each in found
    ] == [
        ("ci-a-m6i-large", "ci-%s-a-m6i-large", 3, "subnet-0a"),
        ("ci-b-m6i-large", "ci-%s-b-m6i-large", 2, "subnet-0b"),
        ("ci-a-m6g-large", "ci-%s-a-m6g-large", 2, "subnet-0a"),
        ("ci-b-m6g-large", "ci-%s-b-m6g-large", 2, "subnet-0b"),
    ]
    assert [each["token"] for each in found] == [f"<secret:token:{name}>" for name in names(found)]
    images = [options_of(each)["amazonec2-ami"] for each in found]
    assert images == ["ami-000000aa"] * 2 + ["ami-000000bb"] * 2


def test_a_pool_with_a_token_has_one_runner_and_so_one_entry() -> None:
    pools = [{"name": name, "limit": 6, **FOUR_PLACES} for name in ("one", "two")]
    pools[0]["token"] = "<secret:own>"
    found = entries_of(with_own_runners(pools=pools))

    assert (names(found)[0], found[0]["limit"], len(found)) == ("one", 6, 1 + 4)


def test_a_pool_without_zones_uses_those_of_the_network() -> None:
    raw = stack()
    del raw["pools"][0]["zones"]

    assert [each.zone for each in pool_placements(parsed(raw).pools[0], ["b", "c"])] == ["b", "c"]
    own = with_own_runners({"zones": None, "limit": 9})
    assert [options_of(each)["amazonec2-zone"] for each in entries_of(own)] == ["a", "b", "c"]


def test_numbers_of_machines_are_shared_out_among_entries() -> None:
    period = {"Periods": ["* * * * * sat *"], "IdleCount": 5, "IdleCountMin": 4, "IdleScaleFactor": 1}
    machine = {"IdleCount": 5, "IdleCountMin": 3, "IdleScaleFactor": 1, "MaxGrowthRate": 4, "autoscaling": [period]}
    found = [each["machine"] for each in entries_of(with_own_runners({"zones": [*"abc"], "machine": machine}))]

    assert [idle(each) for each in found] == [(2, 1), (2, 1), (1, 1)]
    assert [idle(each["autoscaling"][0]) for each in found] == [(2, 2), (2, 1), (1, 1)]
    assert [each["MaxGrowthRate"] for each in found] == [2, 1, 1]


@pytest.mark.parametrize(("growth", "shares"), [(1, [1, 1, 1]), (None, [None] * 3), (0, [0, 0, 0])])
def test_each_entry_may_grow_if_the_pool_may_and_has_no_bound_if_that_has_none(
    growth: int | None, shares: list[int | None]
) -> None:
    # 0 is no bound to gitlab-runner, so that no entry's share may become it.
    found = entries_of(with_own_runners({"zones": [*"abc"], "machine": {"MaxGrowthRate": growth}}))
    assert [each["machine"].get("MaxGrowthRate") for each in found] == shares


@pytest.mark.parametrize(
    ("limit", "machine", "count"),
    [
        (9, {}, 6),
        (4, {}, 4),
        (9, {"IdleCount": 2}, 2),
        (9, {"IdleCount": 7}, 6),
        (9, {"IdleCount": 5, "IdleScaleFactor": 0.5}, 1),
        (9, {"IdleCount": 5, "IdleCountMin": 3, "IdleScaleFactor": 0.5}, 3),
        (9, {"autoscaling": [{"Periods": ["* * * * * sat *"], "IdleCount": 3}]}, 3),
        (9, {"IdleCount": 4, "autoscaling": [{"Periods": ["* * * * * sat *"], "IdleCount": 0}]}, 4),
    ],
)
def test_there_are_no_more_entries_than_jobs_nor_than_machines_that_wait(
    limit: int, machine: dict[str, Any], count: int
) -> None:
    pool = {"zones": [*"abc"], "instanceTypes": TYPES[:2], "limit": limit, "machine": machine}
    found = entries_of(with_own_runners(pool))

    assert len(found) == count
    numbers = [[each["machine"], *each["machine"].get("autoscaling", [])] for each in found]
    at_once = zip(*[[each["IdleCount"] for each in of_entry] for of_entry in numbers], strict=True)
    # One without a machine that waits would take jobs from those that have one.
    assert all(all(each) or not any(each) for each in at_once)
    assert all(each["limit"] > 0 for each in found), "to gitlab-runner that would be no limit"


@given(counts, counts, some_places, st.integers(1, 40))
def test_shares_add_up_and_no_entry_idles_above_its_limit(
    one: int, other: int, places: tuple[Placement, ...], most: int
) -> None:
    idle_count, limit = sorted((one, other))
    laid_out = entries("ci", places, most)

    assert sum(entry.share(limit) for entry in laid_out) == limit
    assert sum(entry.share(idle_count) for entry in laid_out) == idle_count
    assert all(entry.share(idle_count) <= entry.share(limit) for entry in laid_out)
    assert max(entry.share(limit) for entry in laid_out) - min(entry.share(limit) for entry in laid_out) <= 1


@given(some_places, st.integers(1, 40))
def test_entries_spread_over_the_zones_evenly_and_each_can_go_everywhere(
    places: tuple[Placement, ...], most: int
) -> None:
    laid_out = entries("ci", places, most)
    homes = Counter(entry.home.zone for entry in laid_out)
    zones = {place.zone for place in places}

    assert len({entry.name for entry in laid_out}) == len({entry.home for entry in laid_out}) == len(laid_out)
    assert max(homes.values()) - min(homes[zone] for zone in zones) <= 1
    for entry in laid_out:
        assert Counter(entry.placements) == Counter(places)
        assert len({place.zone for place in entry.placements[: len(zones)]}) == len(zones), "a zone before it was tried"


@given(some_places)
def test_the_next_placement_is_in_another_zone(places: tuple[Placement, ...]) -> None:
    zones = {place.zone for place in places}
    assert all(one.zone != other.zone for one, other in pairwise(places)) or len(zones) == 1


@given(some_places, st.sampled_from([None, "m-%s", "build-%s.ci", "x%sy"]), st.booleans())
def test_all_names_of_a_pool_begin_alike_and_tell_the_placement(
    places: tuple[Placement, ...], template: str | None, fallback: bool
) -> None:
    found = [machine_name("ci", template, place.label, fallback=fallback) for place in places]

    assert len({name.partition("%s")[0] for name in found}) == 1
    assert len(set(found)) == len(places)
    assert len(places) == 1 or all(
        place.label in name.partition("%s")[2] for name, place in zip(found, places, strict=True)
    )
    on_demand = machine_name("ci", template, places[0].label, fallback=not fallback)
    assert not same_machines(found[0], on_demand)


def test_a_machine_name_of_the_settings_keeps_its_beginning_and_gets_the_placement_behind_the_number() -> None:
    (one,) = runners(stack({"machine": {"MachineName": "build-%s.ci"}}))
    (two,) = runners(stack({"zones": ["a", "b"], "machine": {"MachineName": "build-%s.ci"}}))

    assert one["machine"]["MachineName"] == "build-%s.ci"
    assert two["machine"]["MachineName"] == "build-%s-a-m5-large.ci"


def test_a_local_zone_keeps_its_dash_in_the_option_and_loses_it_in_names() -> None:
    raw = {**stack({"zones": ["-lax-1a", "a"]}), "network": {"zones": ["-lax-1a", "a"]}}
    facts = replace(FACTS, region="us-west-2", subnets={"us-west-2-lax-1a": "subnet-lax", "us-west-2a": "subnet-a"})
    (one,) = tomllib.loads(render(parsed(raw), facts))["runners"]

    assert one["machine"]["MachineName"] == "ci-%s-lax-1a-m5-large"
    assert options_of(one)["amazonec2-zone"] == "-lax-1a"
    assert options_of(one)["amazonec2-subnet-id"] == "subnet-lax"
