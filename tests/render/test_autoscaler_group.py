"""What the settings of a pool make of its Auto Scaling group."""

import dataclasses
from typing import Any

import pytest

from config_render.executors.docker_autoscaler.group import (
    GroupSpec,
    group_spec,
    login_user,
    ssh_port,
    without_counterpart,
)
from config_render.settings.driver import FIELDS, DriverOptions
from config_render.settings.machine import Machine
from config_render.settings.pool import Pool
from config_render.settings.stack import Settings

from .settings_samples import lines, stack

DEPLOYMENT = "project/dev/runner"


def settings_of(pool: dict[str, Any], **settings: Any) -> Settings:
    return Settings.model_validate(stack(pool, executor="docker-autoscaler", **settings))


def pool_of(**pool: Any) -> Pool:
    return settings_of(pool).pools[0]


def spec(pool: dict[str, Any], **settings: Any) -> GroupSpec:
    found = settings_of(pool, **settings)
    return group_spec(found, found.pools[0], DEPLOYMENT)


def test_a_plain_pool_has_these_machines() -> None:
    assert dataclasses.asdict(spec({})) == {
        "name": "project/dev/runner/ci",
        "max_size": 20,
        "zones": ("a",),
        "instance_types": ("m5.large",),
        "templates": ({"architecture": "x86_64", "ami": None, "image_key": "x86_64", "instance_types": ("m5.large",)},),
        "spot": False,
        "on_demand_base": 0,
        "on_demand_percentage": 100,
        "spot_max_price": None,
        "root_disk": {
            "device_name": "/dev/sda1",
            "gibibytes": 40,
            "volume_type": "gp3",
            "iops": None,
            "throughput": None,
            "encrypted": True,
            "kms_key": None,
        },
        "metadata_tokens": "required",
        "metadata_hop_limit": 2,
        "monitoring": False,
        "ebs_optimized": None,
        "cpu_credits": None,
        "instance_profile": None,
        "public_address": True,
        "key_name": None,
        "tags": {"runner-manager-name": "ci", "gitlab-runner-aws": DEPLOYMENT},
    }


OPTIONS: dict[str, tuple[Any, str, Any]] = {
    "amazonec2-monitoring": (True, "monitoring", True),
    "amazonec2-use-ebs-optimized-instance": (True, "ebs_optimized", True),
    "amazonec2-credit-specification": ("unlimited", "cpu_credits", "unlimited"),
    "amazonec2-iam-instance-profile": ("mine", "instance_profile", "mine"),
    "amazonec2-private-address-only": (True, "public_address", False),
    "amazonec2-keypair-name": ("shared", "key_name", "shared"),
    "amazonec2-metadata-token": ("optional", "metadata_tokens", "optional"),
    "amazonec2-metadata-token-response-hop-limit": (1, "metadata_hop_limit", 1),
}
ON_DISK: dict[str, tuple[Any, str]] = {
    "amazonec2-device-name": ("/dev/xvda", "device_name"),
    "amazonec2-root-size": (100, "gibibytes"),
    "amazonec2-volume-type": ("io2", "volume_type"),
    "amazonec2-volume-iops": (4000, "iops"),
    "amazonec2-volume-throughput": (500, "throughput"),
    "amazonec2-volume-encrypted": (False, "encrypted"),
    "amazonec2-volume-kms-key": ("alias/ci", "kms_key"),
}


def both_spellings(option: str, value: Any) -> list[dict[str, Any]]:
    text = str(value).lower() if isinstance(value, bool) else value
    return [{"driver": {option: value}}, {"machine": {"MachineOptions": [f"{option}={text}"]}}]


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_docker_machine_says_the_same_of_the_group(option: str) -> None:
    value, field, expected = OPTIONS[option]
    for pool in both_spellings(option, value):
        assert getattr(spec(pool), field) == expected


@pytest.mark.parametrize("option", ON_DISK)
def test_an_option_of_the_root_disk_says_the_same_of_the_group(option: str) -> None:
    value, field = ON_DISK[option]
    for pool in both_spellings(option, value):
        assert getattr(spec(pool).root_disk, field) == value


@pytest.mark.parametrize(("limit", "capacity", "machines"), [(20, 1, 20), (20, 3, 7), (1, 8, 1), (16, 8, 2)])
def test_the_group_has_room_for_all_jobs(limit: int, capacity: int, machines: int) -> None:
    found = spec({"limit": limit, "autoscaler": {"capacity_per_instance": capacity}})
    assert found.max_size == machines


def market(found: GroupSpec) -> tuple[bool, int, int, str | None]:
    return found.spot, found.on_demand_base, found.on_demand_percentage, found.spot_max_price


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ({"spot": {}}, (True, 0, 0, None)),
        ({"spot": {"maxPrice": "onDemand", "onDemandPrice": 0.1}}, (True, 0, 0, None)),
        ({"spot": {"maxPrice": 0.07, "onDemandLimit": 3}}, (True, 3, 0, "0.07")),
        ({}, (False, 0, 100, None)),
    ],
)
def test_machines_are_bought_as_the_pool_says(
    pool: dict[str, Any], expected: tuple[bool, int, int, str | None]
) -> None:
    assert market(spec(pool)) == expected


def test_each_architecture_has_a_template_with_its_image() -> None:
    found = spec({"instanceTypes": ["m6g.large", "m5.large", "m7g.large"]})
    assert [(each.architecture, each.image_key, each.instance_types) for each in found.templates] == [
        ("arm64", "arm64", ("m6g.large", "m7g.large")),
        ("x86_64", "x86_64", ("m5.large",)),
    ]
    assert found.instance_types == ("m6g.large", "m5.large", "m7g.large")


def test_an_image_of_ones_own_is_in_the_template() -> None:
    (by_id,) = spec({"ami": "ami-0123456789abcdef0"}).templates
    (by_name,) = spec({"image": {"owner": "self", "name": "ci-*"}}).templates
    assert (by_id.ami, by_name.ami, by_name.image_key) == ("ami-0123456789abcdef0", None, "pools.ci")


def test_machines_of_a_private_network_have_no_public_address() -> None:
    assert not spec({}, network={"private": True}).public_address


def test_tags_of_pool_and_stack_are_joined() -> None:
    found = spec({"driver": {"amazonec2-tags": {"team": "one"}}}, tags={"team": "all", "cost": "ci"})
    assert found.tags == {"runner-manager-name": "ci", "gitlab-runner-aws": DEPLOYMENT, "team": "one", "cost": "ci"}


@pytest.mark.parametrize(
    ("pool", "user", "port"),
    [
        ({}, "ubuntu", None),
        ({"driver": {"amazonec2-ssh-user": "admin", "amazonec2-ssh-port": 2222}}, "admin", 2222),
        ({"autoscaler": {"connector_config": {"username": "ec2-user", "protocol_port": 22}}}, "ec2-user", 22),
        (
            {"driver": {"amazonec2-ssh-user": "admin"}, "autoscaler": {"connector_config": {"username": "ubuntu"}}},
            "ubuntu",
            None,
        ),
    ],
)
def test_the_manager_logs_in_as_docker_machine_did(pool: dict[str, Any], user: str, port: int | None) -> None:
    assert (login_user(pool_of(**pool)), ssh_port(pool_of(**pool))) == (user, port)


def test_what_is_lost_is_said_in_both_spellings() -> None:
    given = {
        "driver": {"amazonec2-retries": 3},
        "machine": {"MaxGrowthRate": 2, "MachineOptions": ["engine-opt=debug"]},
    }
    assert [*without_counterpart(pool_of(**given))] == ["amazonec2-retries", "engine-opt", "MaxGrowthRate"]
    off = {"driver": {"amazonec2-security-group-readonly": False, "amazonec2-use-private-address": False}}
    assert [*without_counterpart(pool_of(**off))] == [
        "amazonec2-security-group-readonly",
        "amazonec2-use-private-address",
    ]
    assert without_counterpart(pool_of()) == {}


MEANS_THE_SAME = {
    *OPTIONS,
    *ON_DISK,
    "amazonec2-tags",
    "amazonec2-ssh-user",
    "amazonec2-ssh-port",
    "engine-install-url",
    "engine-registry-mirror",
    "engine-insecure-registry",
}
"""Options that groups or user data make use of."""

VALUES: dict[str, Any] = {
    "amazonec2-open-port": ("8080",),
    "amazonec2-ssh-keypath": "/root/key",
    "amazonec2-retries": 3,
    "amazonec2-endpoint": "ec2.example.com",
    "amazonec2-insecure-transport": True,
    "amazonec2-use-fleet": True,
    "amazonec2-launch-template": "lt-1",
    "amazonec2-security-group-readonly": False,
    "amazonec2-use-private-address": False,
    "engine-opt": ("debug=true",),
    "engine-env": ("A=b",),
    "engine-label": ("a=b",),
    "engine-storage-driver": "overlay2",
    "tls-san": ("name",),
}

REFUSED: dict[str, Any] = {
    "amazonec2-access-key": "<secret:key>",
    "amazonec2-secret-key": "<secret:key>",
    "amazonec2-session-token": "<secret:key>",
    "amazonec2-vpc-id": "vpc-1",
    "amazonec2-zone": "a",
    "amazonec2-security-group": ["more"],
    "amazonec2-userdata": "/root/data",
    "amazonec2-subnet-id": "subnet-1",
    "amazonec2-request-spot-instance": True,
    "amazonec2-spot-price": "0.05",
}


def test_every_option_has_a_counterpart_or_a_word_about_it() -> None:
    settable = FIELDS.keys() - DriverOptions.refused().keys()
    assert settable == MEANS_THE_SAME | VALUES.keys() | REFUSED.keys()
    for option, value in REFUSED.items():
        said = lines(stack({"driver": {option: value}}, executor="docker-autoscaler"))
        told = [each for each in said if each.startswith(f"pools[0].driver.{option}")]
        assert any("docker+machine" in each or "docker-machine's" in each for each in told), option
    for option, value in VALUES.items():
        assert without_counterpart(pool_of(driver={option: value})).keys() == {option}
    for option in MEANS_THE_SAME & OPTIONS.keys():
        assert without_counterpart(pool_of(driver={option: OPTIONS[option][0]})) == {}


def test_every_key_of_machine_has_a_counterpart_or_a_word_about_it() -> None:
    policies = {"IdleCount", "IdleScaleFactor", "IdleCountMin", "IdleTime", "MaxBuilds", "autoscaling"}
    ours = {"MachineDriver", "MachineOptions", "extra"}
    lost = {
        "MaxGrowthRate": 1,
        "MachineName": "m-%s",
        "MachineOptionsWithName": ["tls-san=%s"],
        "MaxRemovalAttempts": 2,
    }
    assert {*Machine.known_keys()} == policies | ours | lost.keys()
    for key, value in lost.items():
        assert without_counterpart(pool_of(machine={key: value})).keys() == {key}
