"""The instance metadata service stand-in refuses what version 2 of the real one refuses."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from localcloud.addresses import aws_client
from localcloud.aws_server import AwsServer

TTL, TOKEN = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = AwsServer()
    server.start()
    ec2 = aws_client(server.url, "ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    yield f"{server.url}/imds/{instance}/latest"
    server.close()


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=named), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def token(base: str, seconds: str = "60") -> tuple[int, str]:
    return ask(f"{base}/api/token", "PUT", **{TTL: seconds})


def test_a_token_is_asked_for_by_put_with_its_lifetime(base: str) -> None:
    assert token(base)[0] == 200
    assert [token(base, seconds)[0] for seconds in ("", "0", "21601", "x")] == [400] * 4
    assert ask(f"{base}/api/token", **{TTL: "60"})[0] == 405


def test_nothing_is_told_without_a_token_that_is_still_good(base: str) -> None:
    url = f"{base}/meta-data/instance-id"
    assert ask(url)[0] == 401
    assert ask(url, **{TOKEN: "made-up"})[0] == 401
    status, told = ask(url, **{TOKEN: token(base)[1]})
    assert (status, told) == (200, base.split("/")[-2])


def test_an_instance_without_a_profile_has_no_credentials(base: str) -> None:
    for path in ("iam/security-credentials/", "iam/security-credentials/admin", "no-such-thing"):
        assert ask(f"{base}/meta-data/{path}", **{TOKEN: token(base)[1]})[0] == 404
