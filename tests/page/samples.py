"""Stacks, and markets for them, to make pages of."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from config_render import Settings
from planning import fees
from planning.costs import as_plain, machine_rows
from planning.market import Failure, Market
from planning.prices import wanted
from planning.spot_history import WINDOW, SpotHistory
from review.changes import Changes, ConfigToml, Op, Property, Resource
from review.page.subject import Subject
from review.setting_changes import SET, RunnerSettings, SettingChange
from review.statements import StatementChange

from ..render.settings_samples import REGION, parsed, stack

NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
TYPES = ("m6i.large", "m6a.large", "m5.large", "m5a.large")
OFFICE = {"Periods": ["* * 8-18 * * mon-fri *"], "Timezone": "Europe/Berlin", "IdleTime": 1800}


_FEES = {"gp3": 0.0952, "NAT gateway": 0.052, "public address": 0.005, "interface endpoint": 0.012}


def subject(settings: Settings, market: Market | None = None, **given: Any) -> Subject:
    made = priced(settings) if market is None else market
    return Subject(**{"stack": "prod", "region": REGION, "settings": settings, "now": NOW, "market": made, **given})


def small(**pool: Any) -> Settings:
    """One pool of spot machines in two zones."""
    return parsed(
        stack(
            {
                "name": "spot",
                "zones": ["a", "b"],
                "instanceTypes": ["m6i.large"],
                "spot": {"maxPrice": 0.07},
                "machine": {"MaxGrowthRate": 5, "IdleCount": 1, "autoscaling": [{**OFFICE, "IdleCount": 6}]},
                **pool,
            },
            network={"zones": ["a", "b"]},
        )
    )


def large(pools: int = 12) -> Settings:
    """Twelve pools, each in three zones with four types, spot and on demand behind it."""
    return parsed(
        stack(concurrent=200, network={"zones": ["a", "b", "c"], "private": True}, pools=[*map(_pool, range(pools))])
    )


def _pool(number: int) -> dict[str, Any]:
    name = ("web", "api", "mobile", "data", "ml", "infra", "docs", "qa", "nightly", "release", "legacy", "tools")[
        number % 12
    ]
    machine: dict[str, Any] = {"MaxGrowthRate": 5, "MaxBuilds": 20, "IdleCount": number % 3}
    if number % 4:
        machine["autoscaling"] = [{**OFFICE, "IdleCount": 2 * number}]
    return {
        "name": name if number < 12 else f"{name}-{number}",
        "zones": ["a", "b", "c"],
        "instanceTypes": [*TYPES],
        "spot": {"maxPrice": 0.07, "onDemandLimit": 3},
        "limit": 30,
        "docker": {"image": "alpine:3.20"},
        "machine": machine,
    }


def priced(settings: Settings, **market: Any) -> Market:
    """A market in which everything has a price; the spot prices move in the course of the day."""
    asked = wanted(settings, REGION)
    on_demand = {place: 0.02 if place[0].startswith("t3") else 0.1 + len(place[0]) / 500 for place in asked.priced}
    spot = {
        (kind, zone): history(0.045 + 0.004 * n + 0.002 * m, 0.012 if zone.endswith("c") else 0.003)
        for n, kind in enumerate(asked.spot_types)
        for m, zone in enumerate(asked.spot_zones)
    }
    charged = {fee: _FEES[fee[0]] for fee in asked.fees}
    return Market(**{"spot": spot, "on_demand": on_demand, "fees": charged, **market})


def history(price: float, swing: float) -> SpotHistory:
    hours = WINDOW // timedelta(hours=1)
    points = [
        (NOW - timedelta(hours=hour), round(price + swing * math.sin(hour / 4), 4)) for hour in range(0, hours + 4, 2)
    ]
    return SpotHistory(NOW, tuple(points))


def nothing_known(settings: Settings) -> Market:
    why = "there are no AWS credentials; log in to AWS, or set aws:profile"
    return Market(failures=(Failure("spot prices", why), Failure("prices on demand", why)))


def changed(settings: Settings, **given: Any) -> Changes:
    """A larger limit and another image for the manager, as a preview tells of it."""
    rows = machine_rows(settings, REGION, NOW.date())
    network = fees.as_plain(fees.network_rows(settings.network, REGION))
    fewer = [replace(row, most=max(row.most - 1, 1)) for row in rows]
    instance = "aws:ec2/instance:Instance"
    image = Property("ami", True, "ami-0a1b2c3d4e5f60001", "ami-0a1b2c3d4e5f60003")
    config = Property("stdin", False)
    resources = (
        _resource("replace", instance, "runner-manager-instance", image),
        _resource("delete", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "runner-network-manager-out"),
        _resource("update", "command:remote:Command", "runner-registration-config", config),
        replace(
            _resource("update", "aws:iam/rolePolicy:RolePolicy", "runner-identity-manager", Property("policy", False)),
            statements=(StatementChange("Look", ("Action ec2:DescribeSpotInstanceRequests",), ()),),
        ),
        _resource("create", "aws:ec2/subnet:Subnet", "runner-network-public-c"),
        *(_resource("same", "aws:iam/role:Role", f"runner-identity-{name}") for name in ("manager", "worker")),
    )
    made = Changes(
        "gitlab-runner-aws",
        "prod",
        resources,
        (ConfigToml("runner", _config_toml(9, 4), _config_toml(10, 6)),),
        {"machines": as_plain(fewer), "network_charges": network},
        {"machines": as_plain(rows), "network_charges": network},
        settings=(
            RunnerSettings(
                "runner",
                known=True,
                changes=(
                    SettingChange("manager.ami", None, "ami-0a1b2c3d4e5f60003", "Pulumi.prod.yaml:12"),
                    SettingChange("pools[0].machine.autoscaling[0].IdleCount", "4", "6", "shared/pools.yaml:120"),
                    SettingChange("pools[0].environment", SET, SET, "Pulumi.prod.yaml:31"),
                ),
            ),
        ),
    )
    return replace(made, **given)


def _resource(op: Op, kind: str, name: str, *properties: Property) -> Resource:
    return Resource(f"urn:pulumi:prod::gitlab-runner-aws::{kind}::{name}", kind, name, op, properties)


def _config_toml(limit: int, idle: int) -> str:
    return f"""concurrent = 10
check_interval = 3

[[runners]]
name = "spot-a-m6i-large"
limit = {limit}
token = "<secret:token>"

[runners.machine]
IdleCount = {idle}
"""
