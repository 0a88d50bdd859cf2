"""What people read of existing resources that AWS does not find."""

from typing import Any

import pytest

from components import aws
from components.resolve.existing import lookup_existing
from config_render import parse

from .conftest import SSH, TOKEN

REGION = "eu-central-1"
POOLS = [{"name": "ci", "limit": 4, "instanceTypes": ["m5.large"], "ami": "ami-0000000b"}]


def said(network: dict[str, Any]) -> list[str]:
    """What is told of settings by their paths."""
    raw = {
        "gitlab": {"url": "https://gitlab.example.com"},
        "manager": {**SSH, "ami": "ami-0000000a"},
        "network": network,
        "pools": POOLS,
    }
    _, problems = lookup_existing(parse(raw, token=TOKEN, region=REGION), REGION)
    return [str(each).removeprefix("gitlab-runner-aws:") for each in problems]


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look-up fails as those of the SDK do."""

    def fail(name: str) -> Any:
        def call(**which: object) -> None:
            assert which.pop("opts") is None
            raise Exception(f"invoke of {name} failed: it returned an error: no {name} of {which}\n  in detail")

        return call

    for name in ("get_vpc", "get_subnet", "get_security_group", "get_ami"):
        monkeypatch.setattr(aws, name, fail(name))


HINT = "check the id and aws:region"


def ami(name: str) -> str:
    return f"no get_ami of {{'filters': [{{'name': 'image-id', 'values': ['{name}']}}]}}"


@pytest.mark.usefixtures("nothing_there")
def test_everything_that_is_not_there_is_told_with_its_setting_and_awss_reason() -> None:
    given = {"vpcId": "vpc-1", "subnetIds": ["subnet-1", "subnet-2"], "managerSubnetId": "subnet-3"}

    assert said({**given, "workerSecurityGroup": "workers"}) == [
        f"network.vpcId = vpc-1: can't be found in AWS: no get_vpc of {{'id': 'vpc-1'}}; {HINT}",
        f"network.subnetIds[0] = subnet-1: can't be found in AWS: no get_subnet of {{'id': 'subnet-1'}}; {HINT}",
        f"network.subnetIds[1] = subnet-2: can't be found in AWS: no get_subnet of {{'id': 'subnet-2'}}; {HINT}",
        f"network.managerSubnetId = subnet-3: can't be found in AWS: no get_subnet of {{'id': 'subnet-3'}}; {HINT}",
        f"pools[0].ami = ami-0000000b: can't be found in AWS: {ami('ami-0000000b')}; {HINT}",
        f"manager.ami = ami-0000000a: can't be found in AWS: {ami('ami-0000000a')}; {HINT}",
    ]


@pytest.mark.usefixtures("nothing_there")
def test_a_default_vpc_that_an_account_lacks_is_told_with_the_zone_of_each_subnet() -> None:
    which = "{{'availability_zone': 'eu-central-1{}', 'default_for_az': True}}"

    assert said({"vpcId": "default", "zones": ["a", "b"]})[:3] == [
        f"network.vpcId = default: can't be found in AWS: no get_vpc of {{'default': True}}; {HINT}",
        f"network.zones[0] = a: can't be found in AWS: no get_subnet of {which.format('a')}; {HINT}",
        f"network.zones[1] = b: can't be found in AWS: no get_subnet of {which.format('b')}; {HINT}",
    ]


@pytest.mark.usefixtures("nothing_there")
def test_a_group_that_is_not_in_the_vpc_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        id, arn, vpc_id, availability_zone, available_ip_address_count = "vpc-1", "arn", "vpc-1", "eu-central-1a", 200

    for name in ("get_vpc", "get_subnet"):
        monkeypatch.setattr(aws, name, lambda **_: Found)

    (line, *_) = said({"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "workerSecurityGroup": "workers"})
    assert line == (
        "network.workerSecurityGroup = workers: can't be found in AWS: no get_security_group of "
        f"{{'name': 'workers', 'vpc_id': 'vpc-1'}}; {HINT}"
    )


def test_a_look_up_that_fails_without_a_reason_is_told_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise TimeoutError

    for name in ("get_vpc", "get_subnet", "get_ami"):
        monkeypatch.setattr(aws, name, fail)

    assert said({"vpcId": "vpc-1", "subnetIds": ["subnet-1"]})[0] == (
        f"network.vpcId = vpc-1: can't be found in AWS: TimeoutError; {HINT}"
    )
