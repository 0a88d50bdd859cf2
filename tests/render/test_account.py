"""What settings of the AWS side make of config.toml, and of the rights that go with it."""

from dataclasses import replace

import pytest

from config_render import (
    CreatedResources,
    document,
    ipv6_slice,
    partition,
    problems_of,
    published_image,
    worker_bounds,
)
from config_render.settings.identity import EcrSettings

from .settings_samples import FACTS, TOKEN, options_of, parsed, stack


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-central-1", "aws")]
)
def test_policies_of_the_regions_partition_are_taken_up_to_the_quota(region: str, partition: str) -> None:
    policies = [f"arn:{partition}:iam::123456789012:policy/ci/p{n}" for n in range(9)]
    policies.append(f"arn:{partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    raw = stack(identity={"managerPolicies": policies, "workerPolicies": policies})

    assert problems_of(raw, token=TOKEN, region=region)[1] == []


@pytest.mark.parametrize(
    "manager",
    [
        {"os": "amazon-linux-2023"},
        {"os": "rocky-9", "ami": "ami-0123456789abcdef0"},
        {"os": "rhel-9", "image": {"owner": "self", "name": "ci-manager-*"}},
    ],
)
def test_ecr_needs_a_distribution_with_the_helper_or_an_image_of_ones_own(manager: dict[str, object]) -> None:
    parsed(stack(identity={"ecr": {}}, manager={"sshFrom": ["203.0.113.0/24"], **manager}))


def test_the_registries_of_repositories_are_named_once_as_their_region_spells_them() -> None:
    arns = ["aws:ecr:eu-central-1:123456789012:repository/ci/*", "aws:ecr:eu-central-1:123456789012:repository/base"]
    arns += ["aws:ecr:us-east-1:210987654321:repository/*", "aws-cn:ecr:cn-north-1:123456789012:repository/ci"]
    ecr = EcrSettings.model_validate({"repositories": [f"arn:{arn}" for arn in arns]})

    assert ecr.registries == (
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "210987654321.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    )
    assert EcrSettings().registries == ()


def test_arns_are_not_held_against_a_region_that_is_mistaken_itself() -> None:
    raw = stack(identity={"workerPolicies": ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"]})

    assert [each.path for each in problems_of(raw, token=TOKEN, region="eu-zentral-1")[1]] == ["aws:region"]


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
    facts = CreatedResources(
        **{**FACTS.__dict__, "region": "us-west-2", "subnets": {"us-west-2-lax-1a": "subnet-0lax"}}
    )
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
    assert bounds["machine_names"] == ("ci-%s",), "with any placement behind it"
    assert (bounds["imdsv2"], bounds["encrypted"], bounds["any_group"], bounds["spot"]) == (False, True, True, False)
    assert bounds["kms_keys"] == ("alias/disks",)


def test_the_bounds_of_rights_name_each_pools_machines_once_for_those_on_demand_are_called_alike() -> None:
    spot = {"spot": {"maxPrice": 0.1, "onDemandLimit": 1}}
    pools = [{"name": "one", "limit": 2, **spot}, {"name": "two", "limit": 2, "machine": {"MachineName": "m-%s.ci"}}]

    bounds = worker_bounds(parsed(stack(pools=pools)))
    assert bounds["machine_names"] == ("one-%s", "m-%s.ci"), "what IAM makes of it: tests/policies"


def test_ipv6_ranges_of_subnets_are_the_vpcs_64s_in_order() -> None:
    assert ipv6_slice("2001:db8:12:3400::/56", 0) == "2001:db8:12:3400::/64"
    assert ipv6_slice("2001:db8:12:3400::/56", 9) == "2001:db8:12:3409::/64"
