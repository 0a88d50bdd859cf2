"""The emulated AWS answers calls that arrive at once as it would one after the other."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud.aws_server import AwsServer


class _ReadSlowly(dict[str, Any]):
    """What moto forms all answers of EC2 by, and changes for DescribeKeyPairs: read so slowly that others come by."""

    def items(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        for each in super().items():
            time.sleep(0.001)
            yield each


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = AwsServer()
    from moto.ec2.responses._base_response import EC2BaseResponse

    kept: Mapping[str, Any] = EC2BaseResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER
    slow = _ReadSlowly({path: how for path, how in kept.items() if "KeyPair" not in path})
    monkeypatch.setattr(EC2BaseResponse, "RESPONSE_KEY_PATH_TO_TRANSFORMER", slow)
    server.start()
    once = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    yield boto3.client("ec2", region_name="eu-central-1", endpoint_url=server.url, config=once, **keys)
    server.close()


def test_calls_that_arrive_at_once_do_not_disturb_each_other(ec2: Any) -> None:
    alone = ec2.describe_vpcs()["Vpcs"]
    with ThreadPoolExecutor() as threads:
        vpcs = [threads.submit(ec2.describe_vpcs) for _ in range(2)]
        pairs = threads.submit(ec2.describe_key_pairs, IncludePublicKey=True)

    assert [each.result()["Vpcs"] for each in vpcs] == [alone, alone]
    assert pairs.result()["KeyPairs"] == ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
