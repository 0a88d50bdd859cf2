"""How the policies are put together. What IAM makes of them is tested in tests/policies."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from components.executors.docker_machine.worker_policy import ever_wider
from components.iam import ecr, policies
from components.iam.policies import (
    LONGEST_MANAGED_POLICY,
    LONGEST_ROLE_POLICY,
    CacheAccess,
    Groups,
    Place,
    Policy,
    Workers,
)
from components.iam.token_access import read_parameter, read_secret
from components.policy_parts import use_keys
from config_render import partition
from config_render.settings.identity import EcrSettings

EC2 = "arn:aws:ec2:eu-central-1:123456789012"
WORKERS = Workers(
    vpc_arn=f"{EC2}:vpc/vpc-1",
    subnet_arns=[f"{EC2}:subnet/subnet-1"],
    group_arns=[f"{EC2}:security-group/sg-1"],
    image_ids=["ami-1"],
    instance_types=["m5.large"],
    profile_arn="arn:aws:iam::123456789012:instance-profile/worker",
    role_arn="arn:aws:iam::123456789012:role/worker",
    machine_names=["spot-%s"],
    deployment="test",
    fleet=True,
)
CACHE = CacheAccess(bucket_arn="arn:aws:s3:::cache", kms_key="arn:aws:kms:eu-central-1:123456789012:key/1")
MANY_NAMES = [f"pool{n % 7}-{zone}-m{n}-large-%s" for n in range(500) for zone in "ab"]
MANY_TYPES = [f"{family}{n}.{size}" for family in "cmr" for n in range(5, 9) for size in ("large", "xlarge", "2xlarge")]
HUGE = replace(
    WORKERS,
    machine_names=MANY_NAMES,
    instance_types=[f"{family}{n}.large" for family in "cmr" for n in range(300)],
    image_ids=[f"ami-{n:017}" for n in range(200)],
    subnet_arns=[f"{EC2}:subnet/subnet-{n:017}" for n in range(200)],
    group_arns=[f"{EC2}:security-group/sg-{n:017}" for n in range(200)],
    kms_keys=["key-by-id", "alias/by-name"],
    key_pairs=["shared-key"],
)


def resources(policy: Policy, sid: str, kind: str) -> list[str]:
    """The names after `kind/` in one statement."""
    (statement,) = [statement for statement in policy["Statement"] if statement["Sid"] == sid]
    return [arn.partition(f"{kind}/")[2] for arn in statement["Resource"] if f":{kind}/" in arn]


def types(policy: Policy) -> list[str]:
    (start,) = [statement for statement in policy["Statement"] if statement["Sid"] == "Start"]
    allowed: list[str] = start["Condition"].get("StringLike", {}).get("ec2:InstanceType", ["*"])
    return allowed


def test_a_long_name_of_the_deployment_fits_without_the_names_of_statements() -> None:
    long = replace(
        HUGE, deployment=f"{'project' * 12}/{'stack' * 6}/runner", former_deployments=[f"{'project' * 12}/*/runner"]
    )
    policy = policies.manager(long, CACHE, LONGEST_MANAGED_POLICY)
    assert len("".join(json.dumps(policy).split())) <= LONGEST_MANAGED_POLICY
    assert not any("Sid" in statement for statement in policy["Statement"])


def test_what_fits_is_named_exactly() -> None:
    policy = policies.manager(WORKERS, CACHE)
    assert resources(policy, "KeyPairs", "key-pair") == ["runner-*-spot-*"]
    assert types(policy) == ["m5.large"]


@pytest.mark.parametrize("at_most", [LONGEST_ROLE_POLICY, LONGEST_MANAGED_POLICY])
@pytest.mark.parametrize(
    "workers",
    [
        replace(WORKERS, machine_names=MANY_NAMES),
        replace(WORKERS, machine_names=MANY_NAMES, instance_types=MANY_TYPES),
        HUGE,
    ],
    ids=["names", "names and types", "everything"],
)
def test_any_number_of_pools_fits(workers: Workers, at_most: int) -> None:
    policy = policies.manager(workers, CACHE, at_most)
    assert len("".join(json.dumps(policy).split())) <= at_most
    allowed = resources(policy, "KeyPairs", "key-pair")
    for name in workers.machine_names:
        for placement in ("", "-lax-1a-m5-large"):
            machine = f"runner-abcdefghi-{name.replace('%s', f'1764000000-0a1b2c3d{placement}')}"
            assert any(fnmatchcase(machine, pattern) for pattern in allowed)
    for instance_type in workers.instance_types:
        assert any(fnmatchcase(instance_type, pattern) for pattern in types(policy))


def test_names_are_shortened_to_what_they_have_in_common() -> None:
    policy = policies.manager(replace(WORKERS, machine_names=MANY_NAMES), CACHE)
    assert resources(policy, "KeyPairs", "key-pair") == [
        f"runner-*-pool{n}-{zone}-*" for n in range(7) for zone in "ab"
    ]


def test_names_are_shortened_before_anything_else_is() -> None:
    policy = policies.manager(replace(WORKERS, machine_names=MANY_NAMES, instance_types=MANY_TYPES), CACHE)
    assert types(policy) == MANY_TYPES


def test_what_is_widened_stays_in_the_vpc() -> None:
    policy = policies.manager(HUGE, CACHE)
    (statement,) = [statement for statement in policy["Statement"] if statement["Sid"] == "StartInVpc"]
    assert resources(policy, "StartInVpc", "subnet") == ["*"]
    assert resources(policy, "StartInVpc", "security-group") == ["*"]
    assert statement["Condition"] == {"ArnEquals": {"ec2:Vpc": WORKERS.vpc_arn}}


def test_keys_are_never_widened() -> None:
    keys = [f"{n:08}-0000-0000-0000-000000000000" for n in range(200)]
    with pytest.raises(ValueError, match=r"at most 9216 are allowed: .*`amazonec2-volume-kms-key`"):
        policies.manager(replace(WORKERS, kms_keys=keys), CACHE)


def test_the_policy_of_its_reports_fits_beside_the_managers() -> None:
    group = f"arn:aws:logs:eu-central-1:123456789012:log-group:{'x' * 512}"
    assert LONGEST_ROLE_POLICY + policies.length(policies.reports(group, metrics=True)) <= 10_240


def test_the_right_to_pull_images_takes_no_more_characters_than_are_kept_for_it() -> None:
    listed = [f"arn:aws:ecr:eu-central-1:123456789012:repository/{n}" for n in range(30)]
    for settings in (EcrSettings(), EcrSettings(pullThroughCache=True), EcrSettings(repositories=tuple(listed))):
        for region in ("ap-southeast-1", "us-gov-west-1"):
            place = Place(partition(region), region, "123456789012")
            assert policies.length(ecr.pulling(settings, place)) <= ecr.longest(settings)
    assert ecr.longest(None) == 0


def group_names(count: int) -> Groups:
    return Groups(vpc_arn=WORKERS.vpc_arn, names={"ubuntu": [f"project/stack/runner/pool-{n}" for n in range(count)]})


def test_groups_are_named_as_long_as_their_names_fit() -> None:
    policy = policies.group_manager(group_names(5), CACHE)
    assert resources(policy, "Resize", "autoScalingGroupName") == [f"project/stack/runner/pool-{n}" for n in range(5)]


def test_any_number_of_groups_fits_beside_the_machines_of_docker_machine() -> None:
    policy = policies.group_manager(group_names(500), CACHE)
    assert resources(policy, "Resize", "autoScalingGroupName") == ["project/stack/runner/*"]
    assert policies.length(policy) <= policies.LONGEST_GROUPS_POLICY


@pytest.mark.parametrize(
    ("templates", "allowed"),
    [(["lt-1", "lt-2"], ["lt-1", "lt-2"]), (["by-name"], ["*"]), (["lt-1", "by-name"], ["*"]), ([], ["*"])],
)
def test_a_launch_template_known_by_name_is_any(templates: list[str], allowed: list[str]) -> None:
    policy = policies.manager(replace(WORKERS, launch_templates=templates), None)
    assert resources(policy, "FleetFromTemplate", "launch-template") == allowed


PLACE = policies.Place("aws", "eu-central-1", "123456789012")


@pytest.mark.parametrize(
    ("policy", "call", "resource", "service", "keys"),
    [
        (
            read_parameter("/ci/token", PLACE),
            "ssm:GetParameter",
            "arn:aws:ssm:eu-central-1:123456789012:parameter/ci/token",
            "ssm.eu-central-1.amazonaws.com*",
            "arn:aws:kms:eu-central-1:123456789012:key/*",
        ),
        (
            read_parameter("token", PLACE),
            "ssm:GetParameter",
            "arn:aws:ssm:eu-central-1:123456789012:parameter/token",
            "ssm.eu-central-1.amazonaws.com*",
            "arn:aws:kms:eu-central-1:123456789012:key/*",
        ),
        (
            read_secret("ci/token", PLACE),
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci/token-??????",
            "secretsmanager.eu-central-1.amazonaws.com*",
            "arn:aws:kms:eu-central-1:123456789012:key/*",
        ),
        (
            # Of another account and region: decrypted there.
            read_secret("arn:aws:secretsmanager:eu-west-1:210987654321:secret:ci-AbCdEf", PLACE),
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:210987654321:secret:ci-AbCdEf",
            "secretsmanager.eu-west-1.amazonaws.com*",
            "arn:aws:kms:eu-west-1:210987654321:key/*",
        ),
    ],
)
def test_the_manager_reads_one_token_and_decrypts_through_the_service_that_keeps_it_alone(
    policy: Policy, call: str, resource: str, service: str, keys: str
) -> None:
    assert policy["Statement"] == [
        {"Sid": "ReadToken", "Effect": "Allow", "Action": [call], "Resource": [resource]},
        {
            "Sid": "DecryptToken",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [keys],
            "Condition": {"StringLike": {"kms:ViaService": service}},
        },
    ]


def test_keys_are_bound_by_their_arns_and_aliases_by_what_they_stand_for() -> None:
    kms = "arn:aws:kms:eu-central-1:123456789012"
    keys = ["by-id", f"{kms}:key/by-arn", "alias/by-name", f"{kms}:alias/by-alias-arn"]
    via = {"StringLike": {"kms:ViaService": "s3.eu-central-1.amazonaws.com*"}}
    whose = {"Bool": {"kms:GrantIsForAWSResource": "true"}}

    assert use_keys("Use", ["kms:Decrypt"], keys, PLACE, "s3", whose) == [
        {
            "Sid": "Use",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [f"{kms}:key/by-id", f"{kms}:key/by-arn"],
            "Condition": {**whose, **via},
        },
        {
            "Sid": "UseByAlias",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [f"{kms}:key/*"],
            "Condition": {
                **whose,
                **via,
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/by-name", "alias/by-alias-arn"]},
            },
        },
    ]
    assert use_keys("Use", ["kms:Decrypt"], [], PLACE, "s3") == []


def test_a_policy_that_can_not_be_short_enough_is_refused_with_what_to_change() -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        policies.manager(WORKERS, None, at_most=100)
    assert re.sub(r"has \d+ characters", "has N characters", str(refused.value)) == (
        "the manager's IAM policy has N characters, but at most 100 are allowed: let the pools use fewer different "
        "`amazonec2-volume-kms-key`, `amazonec2-keypair-name` and `amazonec2-launch-template`"
    )


def test_names_are_widened_word_by_word_then_types_images_subnets_and_all_types() -> None:
    workers = replace(
        WORKERS,
        former_deployments=["former"],
        machine_names=["first-second-third-fourth-%s"],
        instance_types=["m5.large", "m5.xlarge", "c5.large"],
    )
    steps = [(each.machine_names, each.instance_types, each.image_ids, each.any_group) for each in ever_wider(workers)]
    types, families = workers.instance_types, ["c5.*", "m5.*"]
    names = [["first-second-third-*"], ["first-second-*"], ["first-*"]]
    assert steps == [
        (workers.machine_names, types, ["ami-1"], False),
        *((each, types, ["ami-1"], False) for each in names),
        (["*"], types, ["ami-1"], False),
        (["*"], families, ["ami-1"], False),
        (["*"], families, ["*"], False),
        (["*"], families, ["*"], True),
        (["*"], ["*"], ["*"], True),
        (["*"], ["*"], ["*"], True),
    ]
    *_, before, last = ever_wider(workers)
    assert before.subnet_arns == last.subnet_arns == [f"{EC2}:subnet/*"]
    assert (before.former_deployments, last.former_deployments) == (["former"], ())


@pytest.mark.parametrize(
    "group", ["arn:aws:logs:eu-central-1:1:log-group:g", "arn:aws:logs:eu-central-1:1:log-group:g:*"]
)
def test_a_log_group_is_known_by_either_of_its_arns(group: str) -> None:
    (statement,) = policies.reports(group, metrics=False)["Statement"]
    assert statement["Resource"] == ["arn:aws:logs:eu-central-1:1:log-group:g:*"]


@pytest.mark.parametrize(
    ("partition", "service"),
    [("aws", "ec2.amazonaws.com"), ("aws-us-gov", "ec2.amazonaws.com"), ("aws-cn", "ec2.amazonaws.com.cn")],
)
def test_ec2_is_called_as_its_partition_calls_it(partition: str, service: str) -> None:
    (trust,) = policies.assumed_by_ec2(partition)["Statement"]
    assert trust["Principal"] == {"Service": service}


def test_every_arn_is_of_the_vpcs_partition() -> None:
    there = json.dumps({**vars(WORKERS), "kms_keys": ["key-by-id", "alias/by-name"]}).replace(":aws:", ":aws-cn:")
    china = Workers(**json.loads(there))
    cache = CacheAccess(bucket_arn="arn:aws-cn:s3:::cache")
    assert set(partitions(policies.manager(china, cache))) == {"aws-cn"}


def partitions(policy: Policy) -> Iterator[str]:
    for statement in policy["Statement"]:
        for arn in statement["Resource"]:
            if arn != "*":
                yield arn.split(":")[1]
