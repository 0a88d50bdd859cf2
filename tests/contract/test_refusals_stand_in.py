"""The stand-in for AWS's bad days refuses what it is told to, and nothing else."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.aws_server import AwsServer

SPOT = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.05"}}


class Account:
    """An emulated account with the stand-in in front of it."""

    def __init__(self, url: str) -> None:
        self._control = f"{url}/-/stand-in/refusals"
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        once = Config(retries={"total_max_attempts": 1})
        self.ec2, self.s3 = (
            boto3.client(name, region_name="eu-central-1", endpoint_url=url, config=once, **keys)
            for name in ("ec2", "s3")
        )
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def refuse(self, *rules: dict[str, Any]) -> list[dict[str, Any]]:
        with urllib.request.urlopen(urllib.request.Request(self._control, json.dumps(rules).encode())) as answer:
            return list(json.load(answer))

    def used(self) -> list[int]:
        with urllib.request.urlopen(self._control) as answer:
            return [rule["used"] for rule in json.load(answer)]

    def end(self, *machines: str) -> list[str]:
        """AWS's codes where a machine could not be ended."""
        codes = []
        for machine in machines:
            try:
                self.ec2.terminate_instances(InstanceIds=[machine])
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
        return codes

    def start(self, kind: str = "m5.large", zone: str = "eu-central-1a", **more: Any) -> str:
        """AWS's code, or nothing where a machine was started."""
        try:
            self.ec2.run_instances(
                ImageId=self.image,
                MinCount=1,
                MaxCount=1,
                InstanceType=kind,
                Placement={"AvailabilityZone": zone},
                **more,
            )
        except ClientError as error:
            return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
        return ""


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    server = AwsServer()
    server.start()
    yield Account(server.url)
    server.close()


@pytest.fixture
def account(served: Account) -> Account:
    """The account, which refuses nothing yet."""
    served.refuse()
    return served


def test_only_what_a_rule_names_is_refused(account: Account) -> None:
    account.refuse(
        {"code": "InsufficientInstanceCapacity", "market": "spot", "instanceType": "m5.large", "zone": "eu-central-1a"}
    )

    assert account.start(InstanceMarketOptions=SPOT) == "500 InsufficientInstanceCapacity"
    assert account.start() == ""
    assert account.start("m6i.large", InstanceMarketOptions=SPOT) == ""
    assert account.start(zone="eu-central-1b", InstanceMarketOptions=SPOT) == ""
    assert account.used() == [1]


def test_rules_are_replaced_and_ended(account: Account) -> None:
    account.refuse({"code": "InsufficientInstanceCapacity"})
    account.refuse({"code": "MaxSpotInstanceCountExceeded", "market": "spot"})
    assert account.start(InstanceMarketOptions=SPOT) == "400 MaxSpotInstanceCountExceeded"
    assert account.start() == ""

    assert account.refuse() == []
    assert account.start(InstanceMarketOptions=SPOT) == ""


def test_calls_above_a_rate_are_refused(account: Account) -> None:
    made = account.ec2.run_instances(ImageId=account.image, MinCount=9, MaxCount=9)["Instances"]
    machines = [each["InstanceId"] for each in made]
    account.refuse({"code": "RequestLimitExceeded", "action": "TerminateInstances", "perSecond": 3})
    assert account.end(*machines[:8]) == ["RequestLimitExceeded"] * 5
    assert account.start() == ""
    time.sleep(1.1)
    assert account.end(machines[8]) == []
    assert account.used() == [5]


def test_all_of_s3_is_refused_and_nothing_else(account: Account) -> None:
    account.s3.create_bucket(Bucket="cache", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    account.refuse({"code": "ServiceUnavailable", "service": "s3"})
    with pytest.raises(ClientError, match="ServiceUnavailable") as refused:
        account.s3.put_object(Bucket="cache", Key="key", Body=b"text")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert account.start() == ""
    account.refuse()
    account.s3.put_object(Bucket="cache", Key="key", Body=b"text")


@pytest.mark.parametrize(("minutes", "refused"), [(-6, True), (-4, False), (4, False), (6, True)])
def test_what_a_clock_that_is_off_has_signed_is_refused(
    account: Account, monkeypatch: pytest.MonkeyPatch, minutes: int, refused: bool
) -> None:
    shown = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: shown)
    assert account.start() == ("400 RequestExpired" if refused else "")


@pytest.mark.parametrize("rule", [{"code": "NoSuchCode"}, {"code": "VcpuLimitExceeded", "type": "m5.large"}])
def test_rules_that_can_not_be_meant_are_refused(account: Account, rule: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        account.refuse(rule)
    assert account.used() == []
