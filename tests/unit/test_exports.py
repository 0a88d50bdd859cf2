"""What `pulumi stack output` says of a stack."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components import AutoscalingRunner, AutoscalingRunnerArgs, StackSettings, stack_outputs
from config_render import ExistingResources, parse, with_existing_zones
from planning.fees import NAT_GATEWAY, PUBLIC_ADDRESS
from planning.market import Market

from .conftest import SSH, TOKEN, Deploy

POOL = {"name": "ci", "limit": 4, "instanceTypes": ["m5.large"], "spot": {"maxPrice": 0.05}}
RAW = {
    "gitlab": {"url": "https://gitlab.example.com"},
    "manager": SSH,
    "network": {"zones": ["a"], "private": True},
    "pools": [
        {
            **POOL,
            "machine": {
                "MaxGrowthRate": 2,
                "IdleCount": 1,
                "autoscaling": [{"Periods": ["* * 9-17 * * mon-fri *"], "IdleCount": 3, "IdleTime": 600}],
            },
        }
    ],
}
PRICES = Market(
    on_demand={("t3.small", "eu-central-1"): 0.0208},
    fees={
        ("gp3", "eu-central-1"): 0.0952,
        (PUBLIC_ADDRESS, "eu-central-1"): 0.005,
        (NAT_GATEWAY, "eu-central-1"): 0.052,
    },
)
WORST = 4 * 0.05 + 0.0208 + 180 * 0.0952 / 730 + 0.052 + 2 * 0.005


@pytest.fixture
def outputs(deploy: Deploy) -> Any:
    """Deploy a stack, and return its outputs."""

    def run(market: Market, region: str = "eu-central-1", **given: Any) -> dict[str, Any]:
        settings = with_existing_zones(parse({**RAW, **given}, token=TOKEN, region=region), region, None)
        args = AutoscalingRunnerArgs(settings=settings, region=region, token=TOKEN, existing=ExistingResources())
        found: dict[str, Any] = {}

        def program() -> pulumi.Output[Any]:
            stack = StackSettings(
                settings=settings,
                existing=ExistingResources(),
                region=region,
                token=None,
                registration_token=None,
                access_token=None,
                secrets={},
                market=pulumi.Output.from_input(market),
            )
            made = stack_outputs(stack, AutoscalingRunner("runner", args))
            return pulumi.Output.all(**made).apply(found.update)

        deploy(program)
        return found

    return run


def test_a_stacks_outputs_are_these(outputs: Any) -> None:
    found = outputs(PRICES)

    assert {key: found[key] for key in found if key not in ("config_toml", "next_commands")} == {
        "manager_address": "192.0.2.1",
        "manager_instance_id": "runner-manager-instance-id",
        "cache_bucket": "a-bucket",
        "runner_ids": {"ci": 7},
        "machines": [
            {
                "pool": "ci",
                "zone": "eu-central-1a",
                "type": "m5.large",
                "cap": 0.05,
                "most": 4,
                "group": "ci",
                # On work days between 9 and 18 o'clock three wait for jobs, and one at any other time.
                "idle_hours": 5 * 9 * 3 + (168 - 5 * 9) * 1,
                "disk_type": "gp3",
                "disk_gib": 40,
                "disk_paid_by_speed": False,
                "public_address": False,
            },
            {
                "pool": "manager",
                "zone": "eu-central-1a",
                "type": "t3.small",
                "cap": None,
                "most": 1,
                "group": "the manager",
                "idle_hours": 168,
                "disk_type": "gp3",
                "disk_gib": 20,
                "disk_paid_by_speed": False,
                "public_address": True,
            },
        ],
        "network_charges": [{"what": "NAT gateway", "zone": "eu-central-1a", "count": 1}],
        # Four spot machines, the manager, 180 GiB, the gateway, and an address each for that and the manager.
        "worst_case_cost": {
            "per_hour": round(WORST, 4),
            "per_month": round(WORST * 730, 2),
            "currency": "USD",
            "complete": True,
        },
    }
    assert found["config_toml"].count("[[runners]]") == 1
    assert found["next_commands"].splitlines()[1] == (
        "aws ec2-instance-connect ssh --region eu-central-1 --instance-id runner-manager-instance-id --os-user ubuntu "
        "--ssh-port 22 --connection-type direct"
    )
    assert found["next_commands"].splitlines()[-1] == "# https://gitlab.example.com/admin/runners/7"


@pytest.mark.parametrize(
    ("market", "cost"),
    [
        (
            replace(PRICES, on_demand={}),
            {"per_hour": round(WORST - 0.0208, 4), "per_month": round((WORST - 0.0208) * 730, 2), "complete": False},
        ),
        (Market(), {"per_hour": 0.2, "per_month": 146.0, "complete": False}),
    ],
)
def test_a_cost_that_is_not_all_known_says_that_it_is_not_complete(
    outputs: Any, market: Market, cost: dict[str, object]
) -> None:
    assert outputs(market)["worst_case_cost"] == {**cost, "currency": "USD"}


def test_a_cost_of_which_nothing_is_known_is_null_and_not_zero(outputs: Any) -> None:
    found = outputs(Market(), "cn-north-1", pools=[{**POOL, "spot": None}], network={"zones": ["a"]})

    assert found["worst_case_cost"] == {"per_hour": None, "per_month": None, "currency": "CNY", "complete": False}
    assert found["machines"][0]["zone"] == "cn-north-1a"
    assert found["network_charges"] == []
