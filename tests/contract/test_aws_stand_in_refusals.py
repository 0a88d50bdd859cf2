"""What the aws stand-in refuses, against the errors of `recordings/aws_provider_behaviour.json`."""

from typing import Any

import pytest

from localcloud.aws_stand_in.recording import contents
from localcloud.aws_stand_in.resources import RESOURCES

from .aws_stand_in import Refused, Stack, offline
from .aws_stand_in_errors import (
    ACCEPTED,
    AT_APPLY,
    BEFORE_APPLY,
    EGRESS,
    ENDPOINT,
    INGRESS,
    INSTANCE,
    LIFE,
    LIFECYCLE,
    MACHINE,
    NOT_TRIED,
    PAIR,
    ROUTE,
    RULE,
    SAID_DIFFERENTLY,
    SUBNET,
)
from .aws_stand_in_monitoring_errors import TARGET, TOPIC
from .aws_stand_in_prerequisites import KEY, Prerequisites, comparable

RECORDED = contents()["resources"]
OFFLINE = offline()


def _recorded(token: str, case: str) -> list[str]:
    found = [each for each in RECORDED[token]["errors"] if each["input"] == case]
    return [each["summary"] + (f": {each['detail']}" if "detail" in each else "") for each in found]


def test_every_recorded_error_is_accounted_for() -> None:
    known = {*BEFORE_APPLY, *SAID_DIFFERENTLY, *ACCEPTED, *AT_APPLY, *NOT_TRIED}

    recorded = {
        (token, each["input"])
        for token in RESOURCES
        for each in RECORDED[token]["errors"]
        if not each.get("artefact_of_moto")
    }

    assert recorded == known


@pytest.mark.parametrize(("token", "case"), BEFORE_APPLY)
def test_inputs_are_refused_before_apply_with_the_recorded_text(token: str, case: str) -> None:
    _, refused = OFFLINE.check(token, BEFORE_APPLY[token, case])

    for text in _recorded(token, case):
        assert any(text in reason for reason in refused), refused


@pytest.mark.parametrize(("token", "case"), SAID_DIFFERENTLY)
def test_inputs_are_refused_before_apply_in_other_words(token: str, case: str) -> None:
    inputs, text = SAID_DIFFERENTLY[token, case]

    _, refused = OFFLINE.check(token, inputs)

    assert len(refused) == 1
    assert text in refused[0]


@pytest.mark.parametrize(("token", "case"), AT_APPLY)
def test_aws_refuses_with_the_recorded_text(cloud: Stack, given: Prerequisites, token: str, case: str) -> None:
    with pytest.raises(Refused) as refusal:
        cloud.create(token, given.filled(AT_APPLY[token, case]))

    assert comparable(_recorded(token, case)[0]) == comparable(str(refusal.value))


@pytest.mark.parametrize(
    ("token", "inputs", "text"),
    [
        (SUBNET, {"vpcId": "vpc-<hex>", "cidrBlock": "10.103.7.0/24"}, "InvalidSubnet.Conflict: The CIDR"),
        (
            ROUTE,
            {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-<hex>"},
            "api error RouteAlreadyExists: Route in",
        ),
        (INGRESS, RULE, "InvalidPermission.Duplicate: The specified rule already exists"),
        (
            PAIR,
            {"keyName": "twice", "publicKey": f"ssh-ed25519 {KEY}"},
            "InvalidKeyPair.Duplicate: The keypair 'twice'",
        ),
    ],
)
def test_the_second_of_the_same_is_refused(
    cloud: Stack, given: Prerequisites, token: str, inputs: dict[str, Any], text: str
) -> None:
    same = given.filled({**inputs, "routeTableId": "rtb-<hex>"} if token == ROUTE else inputs)
    first = cloud.create(token, same)

    with pytest.raises(Refused) as refusal:
        cloud.create(token, same)
    cloud.delete(first)

    assert text in str(refusal.value)


def test_the_rule_that_aws_gives_every_group_is_a_duplicate(cloud: Stack, given: Prerequisites) -> None:
    ec2 = cloud.client("ec2")
    group = ec2.create_security_group(GroupName="by-hand", Description="d", VpcId=given.ids["vpc"])["GroupId"]

    with pytest.raises(Refused, match=r"InvalidPermission\.Duplicate: The specified rule already exists"):
        cloud.create(EGRESS, {"securityGroupId": group, "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"})


def test_a_target_of_an_unknown_rule_is_refused(cloud: Stack) -> None:
    text = r"creating EventBridge Target \(nosuch-t\): .*, ResourceNotFoundException: Rule nosuch does not exist"

    with pytest.raises(Refused, match=text):
        cloud.create(TARGET, {"rule": "nosuch", "targetId": "t", "arn": TOPIC})


def test_an_unknown_zone_is_refused(cloud: Stack, given: Prerequisites) -> None:
    inputs = {"vpcId": given.ids["vpc"], "cidrBlock": "10.103.8.0/24", "availabilityZone": "us-east-1z"}

    with pytest.raises(Refused, match=r"InvalidParameterValue: Value \(us-east-1z\) for parameter availabilityZone"):
        cloud.create(SUBNET, inputs)


def test_a_type_that_the_stand_in_lacks_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=r"unrecognized resource type \(Check\): aws:sqs/queue:Queue"):
        OFFLINE.check("aws:sqs/queue:Queue", {})


def test_a_property_that_the_stand_in_does_not_carry_out_is_refused() -> None:
    _, refused = OFFLINE.check(INSTANCE, {**MACHINE, "hibernation": True})

    assert refused == ["hibernation: the aws stand-in does not carry out hibernation of aws:ec2/instance:Instance"]


def test_a_nested_property_that_does_not_exist_is_refused() -> None:
    _, refused = OFFLINE.check(LIFECYCLE, {"bucket": "b", "rules": [{**LIFE, "expiration": {"day": 1}}]})

    assert [reason.split(":")[0] for reason in refused] == ["rules[0].expiration.day"]


def test_an_endpoint_of_another_type_is_refused() -> None:
    _, refused = OFFLINE.check(ENDPOINT, {"vpcId": "vpc-1", "vpcEndpointType": "GatewayLoadBalancer"})

    assert refused == ["vpcEndpointType: the aws stand-in carries out gateway and interface endpoints only"]
