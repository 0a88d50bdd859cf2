"""The provider's own configuration, against `provider_config` of `recordings/aws_provider_behaviour.json`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.aws_stand_in import AwsProviderStandIn
from localcloud.aws_stand_in.properties import from_struct, to_struct
from localcloud.aws_stand_in.recording import contents

from .aws_stand_in import Context, Refused, configuration, emulated_aws, stack

VPC = "aws:ec2/vpc:Vpc"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with emulated_aws() as address:
        yield address


CONFIGURATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "region missing (no argument, AWS_REGION and AWS_DEFAULT_REGION unset, no config file)": ({"region": None}, ""),
    'region ""': ({"region": ""}, ""),
    'region "us-nowhere-1"': ({"region": "us-nowhere-1"}, ""),
    "no credentials anywhere": ({"accessKey": None, "secretKey": None}, ""),
    "accessKey without secretKey": ({"secretKey": None}, ""),
    "allowedAccountIds without the account": ({"allowedAccountIds": '["000000000000"]'}, ""),
    "allowedAccountIds not an account id": ({"allowedAccountIds": '["x"]'}, ""),
    "forbiddenAccountIds with the account": ({"forbiddenAccountIds": '["123456789012"]'}, ""),
    "retryMode not in list": ({"retryMode": "x"}, ""),
    "profile that does not exist": ({"profile": "nosuch"}, "the aws stand-in does not carry out aws:profile"),
    "assumeRole with a role ARN that is not one": (
        {"assumeRoles": '[{"roleArn": "nope"}]'},
        "the aws stand-in does not carry out aws:assumeRoles",
    ),
    "skipCredentialsValidation false, endpoint refuses the connection": (
        {"skipCredentialsValidation": "false", "endpoints": '[{"sts": "http://127.0.0.1:9"}]'},
        "retrieving caller identity from STS: request send failed",
    ),
}
ACCEPTED_CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "valid": {},
    'region "us-nowhere-1" with skipRegionValidation true': {"region": "us-nowhere-1", "skipRegionValidation": "true"},
    "skipCredentialsValidation false, STS answers": {"skipCredentialsValidation": "false"},
}
CONFIGURATIONS_NOT_TRIED = {
    "region from AWS_REGION=eu-west-1, no argument": "the environment is not the user's in a process that serves many",
    "assumeRole with a role (moto answers)": "not carried out",
    "defaultTags {team: a, Name: d} with resource tags {Name: n}": "tested with the operations",
    'defaultTags {"team":"a","Name":"d"}, resource tags {"Name":"n"}': "tested with the operations",
}


def _configure(url: str, changes: dict[str, Any]) -> None:
    merged = {key: value for key, value in {**configuration(url), **changes}.items() if value is not None}
    request = provider_pb2.ConfigureRequest(
        variables={
            f"aws:config:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in merged.items()
        }
    )
    AwsProviderStandIn().Configure(request, Context())


def test_every_recorded_configuration_is_accounted_for() -> None:
    recorded = {each["case"] for each in contents()["provider_config"]["cases"]}

    assert recorded == {*CONFIGURATIONS, *ACCEPTED_CONFIGURATIONS, *CONFIGURATIONS_NOT_TRIED}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_a_configuration_is_refused_as_recorded(url: str, case: str) -> None:
    changes, text = CONFIGURATIONS[case]
    recorded = next(each for each in contents()["provider_config"]["cases"] if each["case"] == case)

    with pytest.raises(Refused) as refusal:
        _configure(url, changes)

    assert (text or recorded["diagnostics"][0]["summary"]) in str(refusal.value)


@pytest.mark.parametrize("case", ACCEPTED_CONFIGURATIONS)
def test_a_configuration_is_accepted_as_recorded(url: str, case: str) -> None:
    _configure(url, ACCEPTED_CONFIGURATIONS[case])


def test_unknown_keys_of_the_configuration_are_refused_at_the_check(url: str) -> None:
    news = {**configuration(url), "regoin": "x", "version": "7.51.1"}

    answer = AwsProviderStandIn().CheckConfig(provider_pb2.CheckRequest(news=to_struct(news)), Context())

    assert [failure.property for failure in answer.failures] == ["regoin"]
    assert from_struct(answer.inputs)[0] == news


@pytest.mark.parametrize("endpoints", [[], [{"ec2": "https://ec2.us-east-1.amazonaws.com"}]])
def test_no_call_leaves_this_machine(url: str, endpoints: list[dict[str, str]]) -> None:
    elsewhere = stack(url, endpoints=endpoints)

    with pytest.raises(Refused, match=r"set aws:endpoints\[0\]\.ec2 to its URL, on loopback"):
        elsewhere.create(VPC, {"cidrBlock": "10.0.0.0/16"})
