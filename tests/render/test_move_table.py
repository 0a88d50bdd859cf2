"""The table of docs/docker-autoscaler.md, "What becomes of each setting", row by row: no row stands there untried."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from config_render import render, warnings_of
from config_render.executors.docker_autoscaler.group import group_spec
from config_render.executors.docker_autoscaler.user_data import user_data

from .settings_samples import FACTS, parsed, stack

PAGE = Path(__file__).parents[2] / "docs" / "docker-autoscaler.md"
OFFICE = {"Periods": ["* * 8-17 * * mon-fri *"], "Timezone": "Europe/Berlin", "IdleCount": 2}


class Row(NamedTuple):
    """What a pool says, and what this becomes: paths in its `[[runners]]`, its group, Docker's options on machines."""

    pool: Mapping[str, Any]
    becomes: Mapping[str, Any]


ROWS = {
    "`limit`": Row(
        {"limit": 10, "autoscaler": {"capacity_per_instance": 4}},
        {"runner.limit": 10, "runner.autoscaler.max_instances": 3, "group.max_size": 3},
    ),
    "`zones`, `instanceTypes`": Row(
        {"zones": ["a", "c"], "instanceTypes": ["m5.large", "m6i.large"]},
        {"group.zones": ("a", "c"), "group.instance_types": ("m5.large", "m6i.large")},
    ),
    "`machine.IdleCount`": Row(
        {"machine": {"IdleCount": 2}, "autoscaler": {"capacity_per_instance": 3}},
        {"runner.autoscaler.policy.0.idle_count": 6},
    ),
    "with `IdleScaleFactor`": Row(
        {"machine": {"IdleCount": 3, "IdleScaleFactor": 0.5}},
        {
            "runner.autoscaler.policy.0.scale_factor": 0.5,
            "runner.autoscaler.policy.0.scale_factor_limit": 3,
            "runner.autoscaler.policy.0.idle_count": 1,
        },
    ),
    "`machine.IdleTime`": Row({"machine": {"IdleTime": 90}}, {"runner.autoscaler.policy.0.idle_time": "90s"}),
    "`machine.MaxBuilds`": Row({"machine": {"MaxBuilds": 7}}, {"runner.autoscaler.max_use_count": 7}),
    "`machine.autoscaling`": Row(
        {"machine": {"autoscaling": [OFFICE]}},
        {
            "runner.autoscaler.policy.0.periods": ["* * * * *"],
            "runner.autoscaler.policy.1.periods": ["* 8-17 * * mon-fri"],
            "runner.autoscaler.policy.1.timezone": "Europe/Berlin",
            "runner.autoscaler.policy.1.idle_count": 2,
        },
    ),
    "`spot`": Row({"spot": {}}, {"group.spot": True, "group.on_demand_percentage": 0, "group.spot_max_price": None}),
    "`spot.onDemandLimit`": Row({"spot": {"onDemandLimit": 2}}, {"group.on_demand_base": 2, "group.max_size": 4}),
    "`ami`, `image`, `userData`": Row(
        {"ami": "ami-0123456789abcdef0"}, {"group.templates.0.ami": "ami-0123456789abcdef0"}
    ),
    "`driver.amazonec2-root-size` and other options of disk, metadata, monitoring, credits, profile, key pair": Row(
        {
            "driver": {
                "amazonec2-root-size": 60,
                "amazonec2-metadata-token-response-hop-limit": 3,
                "amazonec2-monitoring": True,
                "amazonec2-keypair-name": "ops",
            }
        },
        {
            "group.root_disk.gibibytes": 60,
            "group.metadata_hop_limit": 3,
            "group.monitoring": True,
            "group.key_name": "ops",
        },
    ),
    "`driver.amazonec2-ssh-user`, `-ssh-port`": Row(
        {"driver": {"amazonec2-ssh-user": "admin", "amazonec2-ssh-port": 2222}},
        {
            "runner.autoscaler.connector_config.username": "admin",
            "runner.autoscaler.connector_config.protocol_port": 2222,
        },
    ),
    "`driver.engine-registry-mirror`, `engine-insecure-registry`": Row(
        {"driver": {"engine-registry-mirror": ["https://m.example.com"], "engine-insecure-registry": ["r:5000"]}},
        {
            "docker.registries.registry-mirrors": ["https://m.example.com"],
            "docker.registries.insecure-registries": ["r:5000"],
        },
    ),
    "`driver.engine-install-url`": Row(
        {"driver": {"engine-install-url": "https://example.com/28.sh"}}, {"docker.script": "https://example.com/28.sh"}
    ),
}
LEFT = "`machine.MaxGrowthRate`, `MachineName`, `driver.engine-opt` and others"


def rows_of_the_page() -> list[str]:
    section = PAGE.read_text().partition("## What becomes of each setting")[2].partition("\n## ")[0]
    return re.findall(r"^\| (.+?) \| .+ \|$", section, re.MULTILINE)[1:]


def test_every_row_of_the_page_is_tried() -> None:
    assert [row for row in rows_of_the_page() if not row.startswith("---")] == [*ROWS, LEFT]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_setting_becomes_what_the_row_says(row: Row) -> None:
    # The group that the program makes opens port 22 alone.
    network = {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "workerSecurityGroup": "workers"}
    settings = parsed(stack({"limit": 4, "zones": ["a"], **row.pool}, executor="docker-autoscaler", network=network))
    (pool,) = settings.pools
    (runner,) = tomllib.loads(render(settings, FACTS))["runners"]
    docker = json.loads(json.loads(user_data(pool).partition("\n")[2])["runcmd"][0][-1])
    found = {"runner": runner, "group": asdict(group_spec(settings, pool, "runner")), "docker": docker}

    assert {path: at(found, path) for path in row.becomes} == row.becomes


def test_what_has_no_counterpart_brings_a_warning() -> None:
    pool = {"machine": {"MaxGrowthRate": 5, "MachineName": "m-%s"}, "driver": {"engine-opt": ["mtu=1400"]}}
    told = [each.path for each in warnings_of(parsed(stack(pool, executor="docker-autoscaler")))]

    for name in ("machine.MaxGrowthRate", "machine.MachineName", "driver.engine-opt"):
        assert any(path.endswith(name) for path in told), told


def at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value
