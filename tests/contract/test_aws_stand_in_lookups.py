"""The aws stand-in's look-ups against `recordings/aws_provider_behaviour.json`."""

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.aws_stand_in.lookups import LOOKUPS
from localcloud.aws_stand_in.properties import from_struct, to_struct
from localcloud.aws_stand_in.recording import contents

from .aws_stand_in import Refused, Stack
from .aws_stand_in_prerequisites import Prerequisites, comparable

SUBNET = "aws:ec2/subnet:Subnet"


def _queries() -> list[tuple[str, int]]:
    sources = contents()["data_sources"]
    return [(token, index) for token in LOOKUPS for index in range(len(sources[token]["queries"]))]


@pytest.mark.parametrize(("token", "index"), _queries())
def test_a_look_up_answers_as_recorded(cloud: Stack, given: Prerequisites, token: str, index: int) -> None:
    query = contents()["data_sources"][token]["queries"][index]
    arguments = given.filled(query["arguments"])
    if "availabilityZone" in arguments:
        arguments["availabilityZone"] = cloud.invoke(token, {"id": given.ids["subnet"]})["availabilityZone"]
    of_the_prerequisites = {"cidrBlock", "cidrBlockAssociations", "availabilityZone", "availabilityZoneId"}
    ignored = of_the_prerequisites if arguments.keys() & {"id", "vpcId"} else {"arn", "userId"}

    result = comparable(cloud.invoke(token, arguments))

    wanted = comparable(query["result"])
    assert {name: result.get(name) for name in wanted.keys() - ignored} == {
        name: value for name, value in wanted.items() if name not in ignored
    }


LOOKUP_ERRORS = [
    (token, each["case"])
    for token in LOOKUPS
    for each in contents()["data_sources"][token]["errors"]
    # Python's text about a regular expression is not Go's.
    if each["case"] != "nameRegex invalid"
]


@pytest.mark.parametrize(("token", "case"), LOOKUP_ERRORS)
def test_a_look_up_is_refused_as_recorded(cloud: Stack, given: Prerequisites, token: str, case: str) -> None:
    error = next(each for each in contents()["data_sources"][token]["errors"] if each["case"] == case)
    # In version 6 this warning is an error.
    text = error.get("summary") or error["warning"]
    if token == "aws:ec2/getSubnet:getSubnet" and case == "several match":
        cloud.create(SUBNET, {"vpcId": given.ids["vpc"], "cidrBlock": "10.103.201.0/24"})

    with pytest.raises(Refused) as refusal:
        cloud.invoke(token, given.filled(error["arguments"]))

    assert comparable(str(refusal.value)).startswith(comparable(text))


def test_a_parameters_value_is_secret_and_its_insecure_value_is_not(cloud: Stack, given: Prerequisites) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:ssm/getParameter:getParameter", args=to_struct({"name": "/p/a"}))

    answer = getattr(cloud.provider.Invoke(request, cloud.context), "return")

    assert from_struct(answer)[1] == {"value"}


def test_an_unknown_look_up_is_refused_by_name(cloud: Stack) -> None:
    with pytest.raises(Refused, match="aws:sqs/getQueue:getQueue"):
        cloud.invoke("aws:sqs/getQueue:getQueue", {})
