"""What the manager is told of the places where an entry's machines may be started, on demand ones included."""

from typing import Any

import pytest

from components.executors.docker_machine.breaker_plan import placement_plan
from components.manager.watch_settings import watch_settings
from components.manager_tool.contract.documents import BreakerPlan
from components.manager_tool.executors.docker_machine import overrides
from config_render import Settings
from config_render.settings.breaker import BreakerSettings
from tests.render.settings_samples import FACTS, entries_of, options_of, parsed, runners, stack, with_own_runners

SPOT = {"spot": {"maxPrice": 0.1, "onDemandLimit": 3}}
PLACES: dict[str, Any] = {"zones": ["a", "b"], "instanceTypes": ["m6i.large", "m6g.large"], "limit": 11}
LABELS = ["a-m6i-large", "b-m6i-large", "a-m6g-large", "b-m6g-large"]


def options(way: dict[str, Any]) -> dict[str, str]:
    return options_of({"machine": way})


def plans_of(settings: Settings) -> dict[str, dict[str, Any]]:
    """The plan of each entry, as the manager reads it; options at home that stand in config.toml alone are put in."""
    plans: dict[str, Any] = {**overrides.planned(placement_plan(settings, FACTS))}
    for entry in entries_of(settings):
        plans[entry["name"]]["placements"][0].setdefault("MachineOptions", entry["machine"]["MachineOptions"])
    return plans


def plan_of(pool: dict[str, Any]) -> dict[str, Any]:
    """The plan of a stack's only entry."""
    (entry,) = plans_of(parsed(stack(pool))).values()
    return entry


def test_a_pool_has_each_placement_once_however_many_entries_begin_at_one() -> None:
    pools = [{"name": "ci", **PLACES, **SPOT}, {"name": "other", "zones": ["c"], "limit": 7}]
    plan: Any = placement_plan(with_own_runners(pools=pools), FACTS)

    labels = {
        name: {kind: [way["label"] for way in ways] for kind, ways in pool.items()}
        for name, pool in plan["pools"].items()
    }
    assert labels == {"ci": {"placements": LABELS, "onDemand": LABELS}, "other": {"placements": [""]}}
    keys = {key for pool in plan["pools"].values() for ways in pool.values() for way in ways for key in way}
    assert keys == {"label", "MachineName", "MachineOptions"}

    def entry(first: int) -> dict[str, Any]:
        fallback = {"name": f"od-ci-{LABELS[first]}", "machines": 1} if first < 3 else None
        return {"pool": "ci", "first": first, "fallback": fallback}

    assert plan["entries"] == {
        **{f"ci-{LABELS[first]}": entry(first) for first in range(4)},
        "other": {"pool": "other", "first": 0, "fallback": None},
    }


def test_what_stands_in_config_toml_is_not_said_again_so_that_a_change_of_it_changes_nothing_else() -> None:
    plan = placement_plan(parsed(stack({**PLACES, **SPOT})), FACTS)["pools"]["ci"]

    assert ["MachineOptions" in way for way in plan["placements"]] == [False, True, True, True]
    assert all("MachineOptions" in way for way in plan["onDemand"])
    several = placement_plan(with_own_runners(PLACES), FACTS)["pools"]["ci"]
    assert all("MachineOptions" in way for way in several["placements"]), "each is elsewhere for some entry"


def test_every_zone_and_type_has_its_name_and_its_options_in_the_order_in_which_they_are_tried() -> None:
    plan = plan_of(PLACES)

    assert ([way["label"] for way in plan["placements"]], plan["fallback"]) == (LABELS, None)
    assert [way["MachineName"] for way in plan["placements"]] == [f"ci-%s-{label}" for label in LABELS]
    chosen = ("amazonec2-zone", "amazonec2-subnet-id", "amazonec2-instance-type", "amazonec2-ami")
    assert [tuple(options(way)[name] for name in chosen) for way in plan["placements"]] == [
        ("a", "subnet-0a", "m6i.large", "ami-000000aa"),
        ("b", "subnet-0b", "m6i.large", "ami-000000aa"),
        ("a", "subnet-0a", "m6g.large", "ami-000000bb"),
        ("b", "subnet-0b", "m6g.large", "ami-000000bb"),
    ]


def test_placements_differ_in_nothing_else() -> None:
    every = [options(way) for way in plan_of({**PLACES, **SPOT, "driver": {"amazonec2-root-size": 80}})["placements"]]
    placed = {"amazonec2-zone", "amazonec2-subnet-id", "amazonec2-instance-type", "amazonec2-ami"}

    rest = [{name: value for name, value in each.items() if name not in placed} for each in every]
    assert rest == rest[:1] * len(rest)
    assert (rest[0]["amazonec2-root-size"], rest[0]["amazonec2-spot-price"]) == ("80", "0.1")


def test_each_type_has_its_own_cap() -> None:
    prices = {"m6i.large": 0.12, "m6g.large": 0.09}
    plan = plan_of({**PLACES, "spot": {"maxPrice": "onDemand", "onDemandPrice": prices}})

    assert [options(way)["amazonec2-spot-price"] for way in plan["placements"]] == ["0.12", "0.12", "0.09", "0.09"]


@pytest.mark.parametrize("pool", [{}, PLACES, {**PLACES, **SPOT}, {**SPOT, "machine": {"MachineName": "m-%s.ci"}}])
def test_config_toml_has_the_first_placement_of_each_entry(pool: dict[str, Any]) -> None:
    for settings in (parsed(stack(pool)), with_own_runners(pool)):
        plans = plans_of(settings)
        rendered = {each["name"]: each for each in entries_of(settings)}

        assert rendered.keys() == plans.keys()
        for name, entry in rendered.items():
            home = plans[name]["placements"][0]
            assert [entry["machine"][key] for key in ("MachineName", "MachineOptions")] == [
                home[key] for key in ("MachineName", "MachineOptions")
            ]


def test_with_runners_of_their_own_entries_begin_at_home_and_can_go_everywhere() -> None:
    plans = plans_of(with_own_runners(PLACES))

    assert [*plans] == [f"ci-{label}" for label in LABELS]
    for number, plan in enumerate(plans.values()):
        assert {way["name"] for way in plan["placements"]} == {f"ci {label}" for label in LABELS}
        assert [way["label"] for way in plan["placements"]] == [*LABELS[number:], *LABELS[:number]]
        tags = {options(way)["amazonec2-tags"] for way in plan["placements"]}
        assert tags == {"runner-manager-name,ci,gitlab-runner-aws,dev"}, "the pool's, whichever entry and place"


def test_machines_on_demand_stand_in_everywhere_under_names_of_their_own() -> None:
    fallback = plan_of({**PLACES, **SPOT, "machine": {"IdleCount": 3}})["fallback"]

    assert (fallback["name"], fallback["machines"]) == ("od-ci", 3)
    assert [way["label"] for way in fallback["placements"]] == LABELS
    assert [way["MachineName"] for way in fallback["placements"]] == [f"od-ci-%s-{label}" for label in LABELS]
    for way, spot in zip(fallback["placements"], plan_of({**PLACES, **SPOT})["placements"], strict=True):
        bought = {"amazonec2-request-spot-instance": "true", "amazonec2-spot-price": "0.1"}
        assert {**options(way), **bought} == options(spot), "they differ in how they are bought, and in that alone"
        assert not bought.keys() & options(way).keys()


def test_machines_on_demand_come_on_top_of_the_limit_and_are_not_in_config_toml() -> None:
    (one,) = runners(stack({**PLACES, **SPOT, "machine": {"IdleCount": 3}}))

    assert (one["name"], one["limit"], one["machine"]["IdleCount"]) == ("ci", 11, 3)
    assert options_of(one)["amazonec2-request-spot-instance"] == "true"


def test_a_single_placement_is_told_from_its_stand_in() -> None:
    plan = plan_of({**SPOT, "machine": {"MachineName": "m-%s"}})
    (spot,), (on_demand,) = plan["placements"], plan["fallback"]["placements"]

    assert (spot["label"], spot["MachineName"]) == ("", "m-%s")
    assert (on_demand["label"], on_demand["MachineName"]) == ("", "od-m-%s")


def test_machines_on_demand_are_shared_out_and_no_entry_stands_in_with_none() -> None:
    plans = plans_of(with_own_runners({**PLACES, **SPOT}))
    fallbacks = [plan["fallback"] for plan in plans.values()]

    assert [each["machines"] for each in fallbacks if each] == [1, 1, 1]
    assert [each["name"] for each in fallbacks if each] == [f"od-ci-{label}" for label in LABELS[:3]]
    # A limit of 0 would be none at all to gitlab-runner.
    assert fallbacks[3] is None
    assert fallbacks[1] is not None
    assert [way["label"] for way in fallbacks[1]["placements"]] == [*LABELS[1:], LABELS[0]]


def test_the_watch_is_told_of_placements_unless_it_or_its_breaker_is_off() -> None:
    names = dict.fromkeys(("region", "deployment", "manager", "vpc", "profile", "group", "log_group"), "x")

    def breaker(**watch: Any) -> BreakerPlan:
        manager = {"sshFrom": ["203.0.113.0/24"], "watch": watch, "drift": "fail"}
        settings = parsed(stack({**PLACES, **SPOT}, manager=manager))
        return watch_settings(settings, **names, created=FACTS)["breaker"]

    by_default = BreakerSettings()
    assert breaker() == {
        "enabled": True,
        "drift": "fail",
        "failures": by_default.failures,
        "seconds": 60 * by_default.minutes,
        "coolDownSeconds": 60 * by_default.cool_down_minutes,
        **placement_plan(parsed(stack({**PLACES, **SPOT})), FACTS),
    }
    assert breaker(enabled=False) == breaker(breaker={"enabled": False}) == {"enabled": False, "drift": "fail"}
