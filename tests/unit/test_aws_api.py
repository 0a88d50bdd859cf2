"""Signing, and reading what AWS answers, beside botocore and an emulated AWS."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from components.manager_tool.aws import api as aws_api
from components.manager_tool.aws.api import Aws, AwsError, Credentials
from localcloud.addresses import aws_client
from localcloud.aws_server import AwsServer

HEADERS = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
REGION = "eu-central-1"
IMAGE = "ami-0123456789abcdef0"
"""Any: the emulated AWS runs what it has not, and takes seconds to list what it has."""


@pytest.mark.parametrize("session_token", ["", "IQoJb3Jp/+=="])
@pytest.mark.parametrize(
    ("service", "url", "headers"),
    [
        ("ec2", "https://ec2.eu-central-1.amazonaws.com", HEADERS),
        ("ec2", "http://127.0.0.1:5000", HEADERS),
        ("logs", "https://logs.cn-north-1.amazonaws.com.cn", {**HEADERS, "x-amz-target": "Logs_20140328.PutLogEvents"}),
    ],
)
@pytest.mark.parametrize("body", [b"", b"Action=DescribeInstances&Version=2016-11-15", '{"a": "\u00e4"}'.encode()])
def test_a_request_is_signed_as_botocore_signs_it(
    service: str, url: str, headers: dict[str, str], body: bytes, session_token: str
) -> None:
    keys = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    signed = aws_api.sign(service, REGION, url, body, headers, Credentials(*keys, session_token))

    request = AWSRequest("POST", f"{url}/", headers={**headers, "X-Amz-Date": signed["x-amz-date"]}, data=body)
    if session_token:
        request.headers["X-Amz-Security-Token"] = session_token
    request.context["timestamp"] = signed["x-amz-date"]
    auth = SigV4Auth(BotoCredentials(*keys, session_token or None), service, REGION)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    assert signed["authorization"].endswith(f"Signature={auth.signature(text, request)}")
    assert f"Credential={auth.scope(request)}" in signed["authorization"]
    assert hashlib.sha256(body).hexdigest() in auth.canonical_request(request)


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    made = AwsServer()
    made.start()
    yield made
    made.close()


@pytest.fixture
def account(server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return aws_client(server.url, "ec2")


def test_all_pages_are_read_one_element_at_a_time(account: Any) -> None:
    made = [
        account.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"] for _ in range(3)
    ]
    instances = Aws(REGION, Credentials("a", "b")).each(
        "DescribeInstances", {}, "reservationSet/item/instancesSet/item", size=2
    )
    # Other files' tests in the same process may have left some in the emulated account.
    assert [found for each in instances if (found := each.findtext("instanceId")) in made] == made


def test_what_aws_refuses_has_its_code(account: Any) -> None:
    aws = Aws(REGION, Credentials("a", "b"))
    with pytest.raises(AwsError, match=r"InvalidInstanceID\.NotFound") as refused:
        aws.query("ec2", "TerminateInstances", {"InstanceId.1": "i-0123456789abcdef0"})
    assert refused.value.code == "InvalidInstanceID.NotFound"
    with pytest.raises(AwsError) as refused:
        aws.json("logs", "PutLogEvents", {"logGroupName": "none", "logStreamName": "none", "logEvents": []})
    assert refused.value.code == "ResourceNotFoundException"


def test_the_keys_are_those_of_the_instances_profile(account: Any, server: AwsServer, monkeypatch: Any) -> None:
    iam = aws_client(server.url, "iam")
    iam.create_role(RoleName="manager", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="manager")
    with_profile = {"IamInstanceProfile": {"Name": "profile"}}
    ids = [
        account.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **profile)["Instances"][0]["InstanceId"]
        for profile in (with_profile, {})
    ]
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{server.url}/imds/{ids[0]}")
    assert aws_api.instance_id() == ids[0]
    assert aws_api.of_instance().access_key.startswith("ASIA")
    assert aws_api.of_instance().session_token

    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{server.url}/imds/{ids[1]}")
    with pytest.raises(AwsError, match="the manager's instance profile gave no keys: HTTP 404"):
        aws_api.of_instance()
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
    assert aws_api.instance_id() == ""
