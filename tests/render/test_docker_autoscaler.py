"""The same pool, carried by the other executor: what of its numbers stays, and what becomes another one."""

import tomllib
from datetime import UTC, date, datetime
from typing import Any

import pytest

from config_render import document, render
from config_render.render.capacity import capacities
from config_render.week.schedule import week_of
from planning.costs import machine_rows
from planning.market import Market, machines
from planning.market_checks import market_warnings
from planning.spot_history import SpotHistory

from .settings_samples import FACTS, parsed, stack

ALWAYS = ["* * * * *"]


def section(pool: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The one `[[runners]]` that a pool becomes under docker-autoscaler."""
    text = render(parsed(stack({"zones": ["a", "b"], **pool}, executor="docker-autoscaler", **settings)), FACTS)
    (found,) = tomllib.loads(text)["runners"]
    assert isinstance(found, dict)
    return found


def policies(pool: dict[str, Any]) -> list[dict[str, Any]]:
    found = section(pool)["autoscaler"]["policy"]
    assert isinstance(found, list)
    return found


def test_one_line_carries_a_pool_over_with_all_that_is_not_docker_machines() -> None:
    pool = {
        "instanceTypes": ["m5.large", "m6i.large"],
        "zones": ["a", "b", "c"],
        "limit": 20,
        "docker": {"image": "ruby:3.3", "privileged": True},
        "environment": ["A=1"],
        "machine": {"IdleCount": 3, "IdleTime": 600, "MaxBuilds": 10},
    }
    (before,) = document(parsed(stack(pool)), FACTS)["runners"]
    after = section(pool)

    assert {key for key in {*before, *after} if before.get(key) != after.get(key)} == {
        "executor",
        "machine",
        "autoscaler",
    }
    assert after["executor"] == "docker-autoscaler"
    assert after["autoscaler"] == {
        "capacity_per_instance": 1,
        "max_use_count": 10,
        "max_instances": 20,
        "plugin": "aws:1.1.0",
        "plugin_config": {"name": f"{FACTS.deployment}/ci"},
        "connector_config": {"username": "ubuntu", "key_path": "/etc/gitlab-runner/worker-key"},
        "policy": [{"periods": ALWAYS, "idle_count": 3, "idle_time": "600s", "preemptive_mode": False}],
        "instance_ready_command": "cloud-init status --wait > /dev/null || test $? -eq 2 && docker info > /dev/null",
        "state_storage": {"enabled": True},
    }


@pytest.mark.parametrize(
    ("machine", "policy"),
    [
        ({}, {"idle_count": 0, "idle_time": "1800s"}),
        ({"IdleCount": 4, "IdleTime": 60}, {"idle_count": 4, "idle_time": "60s"}),
        # With a factor IdleCount is the most that wait, and one waits at least.
        (
            {"IdleCount": 6, "IdleScaleFactor": 0.5},
            {"idle_count": 1, "idle_time": "1800s", "scale_factor": 0.5, "scale_factor_limit": 6},
        ),
        (
            {"IdleCount": 6, "IdleScaleFactor": 1.5, "IdleCountMin": 2},
            {"idle_count": 2, "idle_time": "1800s", "scale_factor": 1.5, "scale_factor_limit": 6},
        ),
    ],
)
def test_numbers_of_docker_machine_become_a_policy(machine: dict[str, Any], policy: dict[str, Any]) -> None:
    assert policies({"machine": machine}) == [{"periods": ALWAYS, **policy, "preemptive_mode": False}]


def test_machines_become_room_for_jobs_where_a_machine_runs_several() -> None:
    found = section({"limit": 10, "machine": {"IdleCount": 2}, "autoscaler": {"capacity_per_instance": 4}})

    assert (found["limit"], found["autoscaler"]["max_instances"]) == (10, 3)
    assert found["autoscaler"]["policy"][0]["idle_count"] == 8


def test_periods_lose_second_and_year_and_keep_their_order_and_zone() -> None:
    office = {"Periods": ["* * 9-17 * * mon-fri *", "* 30 8 ? * mon *"], "Timezone": "Europe/Berlin", "IdleCount": 5}
    night = {"Periods": ["* * 0-5 * * * *"], "IdleCount": 0, "IdleTime": 60}
    found = policies({"machine": {"IdleCount": 1, "autoscaling": [office, night]}})

    assert [(each["periods"], each.get("timezone"), each["idle_count"]) for each in found] == [
        (ALWAYS, None, 1),
        (["* 9-17 * * mon-fri", "30 8 * * mon"], "Europe/Berlin", 5),
        (["* 0-5 * * *"], None, 0),
    ]


def test_own_policies_stand_as_they_are_behind_one_that_always_holds() -> None:
    office = {"periods": ["* 9-17 * * mon-fri"], "idle_count": 5, "idle_time": "1h", "preemptive_mode": True}
    least = {"periods": ALWAYS, "idle_count": 0, "idle_time": "30m", "preemptive_mode": False}

    assert policies({"autoscaler": {"policy": [office]}}) == [least, office]
    assert policies({"autoscaler": {"policy": [least, office]}}) == [least, office]
    assert policies({"autoscaler": {"policy": []}}) == [least]


def test_jobs_are_kept_from_spot_machines_that_aws_took_back() -> None:
    flag = "FF_USE_FLEETING_ACQUIRE_HEARTBEATS"

    assert section({"spot": {}})["feature_flags"] == {flag: True}
    assert section({"spot": {}, "feature_flags": {flag: False}})["feature_flags"] == {flag: False}
    assert "feature_flags" not in section({})


def test_the_login_is_that_of_the_connector_or_else_of_docker_machine() -> None:
    driver = {"amazonec2-ssh-user": "admin", "amazonec2-ssh-port": 2222}
    # The group that the program makes opens 22 alone.
    network = {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "workerSecurityGroup": "workers"}

    assert section({"driver": driver}, network=network)["autoscaler"]["connector_config"].items() >= {
        ("username", "admin"),
        ("protocol_port", 2222),
    }
    own = {"connector_config": {"username": "ci", "use_external_addr": True}}
    assert section({"driver": driver, "autoscaler": own}, network=network)["autoscaler"]["connector_config"] == {
        "protocol_port": 2222,
        "username": "ci",
        "key_path": "/etc/gitlab-runner/worker-key",
        "use_external_addr": True,
    }


def test_a_plugin_from_a_mirror_is_named_by_its_file() -> None:
    mirror = {"url": "https://mirror.example.com", "sha256": "0" * 64, "version": "1.2.3"}
    manager = {"sshFrom": ["203.0.113.0/24"], "fleetingPlugin": mirror}

    assert section({}, manager=manager)["autoscaler"]["plugin"] == (
        "/usr/local/lib/gitlab-runner-aws-plugins/fleeting-plugin-aws-1.2.3"
    )


def test_each_pool_may_have_its_own_executor_and_its_numbers_say_what_it_promises() -> None:
    pools = [
        {"name": "old", "limit": 4, "zones": ["a", "b"], "token": "<secret:old>"},
        {
            "name": "new",
            "limit": 9,
            "zones": ["a", "b"],
            "executor": "docker-autoscaler",
            "spot": {"onDemandLimit": 2},
            "autoscaler": {"capacity_per_instance": 2},
        },
    ]
    settings = parsed(stack(pools=pools, concurrent=20), secrets=["old"])

    assert [each["executor"] for each in document(settings, FACTS)["runners"]] == [
        "docker+machine",
        "docker-autoscaler",
    ]
    assert [(each.pool, each.jobs, each.machines, each.on_demand) for each in capacities(settings)] == [
        ("old", 4, 4, 0),
        ("new", 9, 5, 2),
        ("in all", 13, 9, 2),
    ]


def test_a_week_shows_machines_that_wait_whether_numbers_or_policies_say_how_many() -> None:
    monday = date(2026, 11, 23)
    numbers = {"machine": {"IdleCount": 1, "autoscaling": [{"Periods": ["* * 9-16 * * mon-fri *"], "IdleCount": 4}]}}
    policy = [{"idle_count": 2}, {"periods": ["* 9-16 * * mon-fri"], "idle_count": 7}]
    own = {"autoscaler": {"capacity_per_instance": 2, "policy": policy}}
    weeks = [
        week_of(parsed(stack({"limit": 20, **pool}, executor="docker-autoscaler")).pools[0], monday)
        for pool in (numbers, own)
    ]

    assert [
        [(each.start // 60, each.end // 60, week.waiting(each.section)) for each in week.days[0]] for week in weeks
    ] == [[(0, 9, 1), (9, 17, 4), (17, 24, 1)]] * 2


def test_spot_capacity_without_a_cap_costs_the_on_demand_price_at_the_most() -> None:
    settings = parsed(stack({"limit": 4, "spot": {}}, executor="docker-autoscaler"))
    (spot, _) = machine_rows(settings, "eu-central-1", date(2026, 11, 23))
    now = datetime(2026, 11, 27, tzinfo=UTC)
    history = SpotHistory(now, ((now, 0.05),))
    market = Market(spot={("m5.large", "eu-central-1a"): history}, on_demand={("m5.large", "eu-central-1"): 0.115})

    assert (spot.most, spot.highest_price(market), spot.todays_price(market)) == (4, 0.115, 0.05)
    assert market_warnings(machines(settings, "eu-central-1"), "eu-central-1", market) == []
