"""How pools become runner entries, and what their machines are created with."""

import tomllib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from config_render import render
from config_render.layout import entries

from .settings_samples import FACTS, options_of, parsed, runners, stack


def test_a_pool_becomes_one_entry_for_each_zone_and_type() -> None:
    found = runners(stack({"zones": ["a", "b"], "instanceTypes": ["m6i.large", "m6g.large"], "limit": 9}))

    assert [
        (runner["name"], runner["machine"]["MachineName"], runner["limit"], options_of(runner)["amazonec2-subnet-id"])
        for runner in found
    ] == [
        ("ci-a-m6i-large", "ci-a-m6i-large-%s", 3, "subnet-0a"),
        ("ci-a-m6g-large", "ci-a-m6g-large-%s", 2, "subnet-0a"),
        ("ci-b-m6i-large", "ci-b-m6i-large-%s", 2, "subnet-0b"),
        ("ci-b-m6g-large", "ci-b-m6g-large-%s", 2, "subnet-0b"),
    ]
    assert [options_of(runner)["amazonec2-ami"] for runner in found] == ["ami-000000aa", "ami-000000bb"] * 2


def test_a_pool_without_zones_uses_those_of_the_network() -> None:
    raw = stack()
    del raw["pools"][0]["zones"]

    assert [options_of(runner)["amazonec2-zone"] for runner in runners(raw)] == ["a", "b", "c"]


def test_numbers_of_machines_are_shared_out() -> None:
    period = {"Periods": ["* * * * * sat *"], "IdleCount": 4, "IdleCountMin": 2, "IdleScaleFactor": 1}
    machine = {"IdleCount": 5, "IdleCountMin": 1, "MaxGrowthRate": 3, "autoscaling": [period]}
    found = [runner["machine"] for runner in runners(stack({"zones": ["a", "b", "c"], "machine": machine}))]

    assert [(each["IdleCount"], each["IdleCountMin"]) for each in found] == [(2, 1), (2, 0), (1, 0)]
    assert [(each["autoscaling"][0]["IdleCount"], each["autoscaling"][0]["IdleCountMin"]) for each in found] == [
        (2, 1),
        (1, 1),
        (1, 0),
    ]
    assert [each["MaxGrowthRate"] for each in found] == [3, 3, 3]


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 6), st.integers(1, 5))
def test_shares_add_up_and_no_entry_idles_above_its_limit(one: int, other: int, zones: int, types: int) -> None:
    idle, limit = sorted((one, other))
    laid_out = entries("ci", "abcdef"[:zones], ["m5.large", "m6i.large", "c5.large", "r5.large", "t3.large"][:types])

    assert sum(entry.share(limit) for entry in laid_out) == limit
    assert sum(entry.share(idle) for entry in laid_out) == idle
    assert all(entry.share(idle) <= entry.share(limit) for entry in laid_out)
    assert all(entry.share(limit) >= 1 for entry in laid_out) or limit < len(laid_out)


def test_a_machine_name_is_told_apart_in_each_entry() -> None:
    one = runners(stack({"machine": {"MachineName": "build-%s.ci"}}))
    two = runners(stack({"zones": ["a", "b"], "machine": {"MachineName": "build-%s.ci"}}))

    assert [runner["machine"]["MachineName"] for runner in one] == ["build-%s.ci"]
    assert [runner["machine"]["MachineName"] for runner in two] == [
        "build-a-m5-large-%s.ci",
        "build-b-m5-large-%s.ci",
    ]


def test_a_local_zone_keeps_its_dash_in_the_option_and_loses_it_in_names() -> None:
    raw = {**stack({"zones": ["-lax-1a", "a"]}), "network": {"zones": ["-lax-1a", "a"]}}
    facts = replace(FACTS, region="us-west-2", subnets={"us-west-2-lax-1a": "subnet-lax", "us-west-2a": "subnet-a"})
    (first, _) = tomllib.loads(render(parsed(raw), facts))["runners"]

    assert first["name"] == "ci-lax-1a-m5-large"
    assert options_of(first)["amazonec2-zone"] == "-lax-1a"
    assert options_of(first)["amazonec2-subnet-id"] == "subnet-lax"


def test_spot_always_comes_with_its_price() -> None:
    (on_demand,) = runners(stack())
    (spot,) = runners(stack({"spot": {"maxPrice": 0.001}}))

    assert not [name for name in options_of(on_demand) if "spot" in name]
    assert options_of(spot)["amazonec2-request-spot-instance"] == "true"
    assert options_of(spot)["amazonec2-spot-price"] == "0.001"


def test_the_guides_spot_options_work_as_they_are_pasted() -> None:
    pasted = ["amazonec2-request-spot-instance=true", "amazonec2-spot-price=0.03"]
    (runner,) = runners(stack({"machine": {"MachineOptions": pasted}}))

    assert [option for option in runner["machine"]["MachineOptions"] if "spot" in option] == pasted


def test_an_option_of_the_user_takes_the_place_of_ours() -> None:
    given_options = ["amazonec2-root-size=80", "amazonec2-monitoring", "amazonec2-use-private-address=false"]
    options = options_of(runners(stack({"machine": {"MachineOptions": given_options}}))[0])

    assert options["amazonec2-root-size"] == "80"
    assert options["amazonec2-use-private-address"] == "false"
    assert options["amazonec2-monitoring"] == "true"


def test_repeatable_options_add_up() -> None:
    given_options = ["engine-opt=a=1", "engine-opt=b=2", "amazonec2-security-group=other"]
    (runner,) = runners(stack({"machine": {"MachineOptions": given_options}}))
    options = runner["machine"]["MachineOptions"]

    assert [option for option in options if option.startswith("engine-opt")] == ["engine-opt=a=1", "engine-opt=b=2"]
    assert [option for option in options if option.startswith("amazonec2-security-group=")] == [
        "amazonec2-security-group=dev-workers",
        "amazonec2-security-group=other",
    ]


def test_options_of_a_newer_docker_machine_go_last_as_they_stand() -> None:
    (runner,) = runners(stack({"driver": {"extra": ["amazonec2-spot-pools=2", "amazonec2-spot-pools=3"]}}))

    assert runner["machine"]["MachineOptions"][-2:] == ["amazonec2-spot-pools=2", "amazonec2-spot-pools=3"]


def test_tags_are_joined_by_key_and_ours_stay() -> None:
    machine = {"MachineOptions": ["amazonec2-tags=team,build,runner-manager-name,gitlab-aws-autoscaler"]}
    (runner,) = runners(stack({"machine": machine}, tags={"team": "ci", "cost center": "7"}))

    assert (
        options_of(runner)["amazonec2-tags"]
        == "runner-manager-name,gitlab-aws-autoscaler,gitlab-runner-aws,dev,cost center,7,team,build"
    )


def test_with_an_endpoint_of_its_own_the_driver_gets_the_whole_zone() -> None:
    machine = {"MachineOptions": ["amazonec2-endpoint=http://127.0.0.1:5000"]}

    assert options_of(runners(stack({"machine": machine}))[0])["amazonec2-zone"] == "eu-central-1a"
