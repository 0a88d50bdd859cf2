"""What settings of the AWS side make of config.toml, and of the rights that go with it."""

from dataclasses import replace
from typing import Any

import pytest

from config_render import Facts, document, ipv6_slice, partition, published_image, worker_bounds

from .settings_samples import FACTS, options_of, parsed, runners, stack


def entries(pool: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    return runners(stack({"name": "spot", "zones": ["a"], **pool}, **settings))


def test_on_demand_machines_take_a_share_of_the_limit_in_entries_of_their_own() -> None:
    pool = {
        "zones": ["a", "b"],
        "limit": 11,
        "spot": {"maxPrice": 0.1, "onDemandLimit": 3},
        "machine": {"IdleCount": 3},
    }
    found = entries(pool)

    assert [(each["name"], each["limit"], each["machine"]["IdleCount"]) for each in found] == [
        ("spot-a-m5-large", 4, 2),
        ("spot-b-m5-large", 4, 1),
        ("spot-od-a-m5-large", 2, 0),
        ("spot-od-b-m5-large", 1, 0),
    ]
    spot = [options_of(each).get("amazonec2-request-spot-instance") for each in found]
    assert spot == ["true", "true", None, None]
    assert "amazonec2-spot-price" not in options_of(found[2])


def test_a_single_spot_entry_is_told_from_the_one_that_takes_over() -> None:
    found = entries({"spot": {"maxPrice": 0.1, "onDemandLimit": 1}, "machine": {"MachineName": "m-%s"}})

    assert [each["machine"]["MachineName"] for each in found] == ["m-a-m5-large-%s", "m-od-a-m5-large-%s"]


def test_no_more_entries_take_over_than_there_are_machines_for() -> None:
    found = entries({"zones": ["a", "b", "c"], "limit": 9, "spot": {"maxPrice": 0.1, "onDemandLimit": 2}})

    assert [each["name"] for each in found[3:]] == ["spot-od-a-m5-large", "spot-od-b-m5-large"]
    # A limit of 0 would be none at all to gitlab-runner.
    assert all(each["limit"] > 0 for each in found)


def test_idle_numbers_of_periods_are_those_of_spot_entries() -> None:
    period = {"Periods": ["* * * * * sat *"], "IdleCount": 4, "IdleScaleFactor": 0.5, "IdleCountMin": 2}
    _, taking_over = entries({"spot": {"maxPrice": 0.1, "onDemandLimit": 1}, "machine": {"autoscaling": [period]}})

    (quiet,) = taking_over["machine"]["autoscaling"]
    assert (quiet["IdleCount"], quiet.get("IdleCountMin"), quiet.get("IdleScaleFactor")) == (0, None, None)


@pytest.mark.parametrize(
    ("region", "part", "server"),
    [
        ("eu-central-1", "aws", "s3.amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "s3.amazonaws.com"),
        ("cn-north-1", "aws-cn", "s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_each_part_of_aws_has_its_own_s3_and_its_own_ubuntu(region: str, part: str, server: str) -> None:
    there = replace(FACTS, region=region, bucket_region=region, subnets={f"{region}a": "subnet-0a"})
    (runner,) = document(parsed(stack()), there)["runners"]

    assert runner["cache"]["s3"]["ServerAddress"] == server
    assert partition(region) == part
    owners = {"aws": "099720109477", "aws-us-gov": "513442679011", "aws-cn": "837727238323"}
    assert published_image("ubuntu-24.04", "arm64", part).owner == owners[part]


def test_a_local_zone_is_spelled_as_the_driver_joins_it() -> None:
    facts = Facts(**{**FACTS.__dict__, "region": "us-west-2", "subnets": {"us-west-2-lax-1a": "subnet-0lax"}})
    raw = stack({"zones": ["-lax-1a"]}, network={"zones": ["-lax-1a"]})
    (runner,) = document(parsed(raw), facts)["runners"]

    assert (options_of(runner)["amazonec2-zone"], options_of(runner)["amazonec2-subnet-id"]) == (
        "-lax-1a",
        "subnet-0lax",
    )


def test_the_bounds_of_rights_are_what_pools_may_start() -> None:
    pool = {
        "zones": ["a", "b"],
        "instanceTypes": ["m5.large", "m6i.large"],
        "machine": {"MachineOptions": ["amazonec2-metadata-token=optional"]},
        "driver": {"amazonec2-volume-kms-key": "alias/disks", "amazonec2-security-group": ["more"]},
    }
    bounds = worker_bounds(parsed(stack(pool)))

    assert bounds["instance_types"] == ("m5.large", "m6i.large")
    assert bounds["machine_names"][0] == "ci-a-m5-large-%s"
    assert (bounds["imdsv2"], bounds["encrypted"], bounds["any_group"], bounds["spot"]) == (False, True, True, False)
    assert bounds["kms_keys"] == ("alias/disks",)


def test_ipv6_ranges_of_subnets_are_the_vpcs_64s_in_order() -> None:
    assert ipv6_slice("2001:db8:12:3400::/56", 0) == "2001:db8:12:3400::/64"
    assert ipv6_slice("2001:db8:12:3400::/56", 9) == "2001:db8:12:3409::/64"
