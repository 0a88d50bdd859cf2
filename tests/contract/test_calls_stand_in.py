"""The stand-in for CloudTrail writes down each call with who made it, however the service takes its parameters."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from localcloud.aws_server import AwsServer


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = AwsServer()
    server.start()
    yield server.url
    server.close()


def written_down(url: str, *, anew: bool = False) -> list[dict[str, Any]]:
    address = f"{url}/-/stand-in/calls"
    with urllib.request.urlopen(urllib.request.Request(address, b"" if anew else None)) as answer:
        return list(json.load(answer))


def client(url: str, service: str, key: str = "somebody") -> Any:
    keys = {"aws_access_key_id": key, "aws_secret_access_key": "secret"}
    return boto3.client(service, region_name="eu-central-1", endpoint_url=url, **keys)


def test_each_call_is_written_down_with_its_parameters_once_it_was_asked_for(url: str) -> None:
    client(url, "ec2").describe_vpcs()
    assert written_down(url) == []
    assert written_down(url, anew=True) == []

    made = client(url, "ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    client(url, "iam", "another").list_roles(PathPrefix="/ci/")
    client(url, "logs").create_log_group(logGroupName="spot")
    client(url, "cloudwatch").describe_alarms(AlarmNames=["cpu"])
    client(url, "s3").create_bucket(Bucket="ours", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client(url, "s3").put_bucket_tagging(Bucket="ours", Tagging={"TagSet": []})
    client(url, "s3").put_object(Bucket="ours", Key="a/b", Body=b"x")

    calls = written_down(url)
    assert [(each["key"], each["service"], each["action"]) for each in calls] == [
        ("somebody", "ec2", "CreateVpc"),
        ("another", "iam", "ListRoles"),
        ("somebody", "logs", "CreateLogGroup"),
        ("somebody", "monitoring", "DescribeAlarms"),
        ("somebody", "s3", "PUT bucket"),
        ("somebody", "s3", "PUT bucket?tagging"),
        ("somebody", "s3", "PUT object"),
    ]
    parameters = [each["parameters"] for each in calls]
    assert (parameters[0]["CidrBlock"], parameters[1]["PathPrefix"]) == ("10.0.0.0/16", "/ci/")
    assert (parameters[2]["logGroupName"], parameters[3]["AlarmNames"]) == ("spot", ["cpu"])
    assert (parameters[5]["Bucket"], parameters[6]["Key"]) == ("ours", "a/b")
    # What was asked for is carried out all the same.
    assert client(url, "ec2").describe_vpcs(VpcIds=[made])["Vpcs"]
    assert client(url, "s3").get_object(Bucket="ours", Key="a/b")["Body"].read() == b"x"


def test_beginning_anew_forgets_what_was_before(url: str) -> None:
    written_down(url, anew=True)
    client(url, "ec2").describe_vpcs()
    assert len(written_down(url)) == 1
    assert written_down(url, anew=True) == []
