"""What the tests of the aws stand-in share: a provider on an emulated AWS, called as the engine calls it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn
from urllib.request import Request, urlopen

import boto3
import grpc
from pulumi.runtime.proto import provider_pb2

from localcloud.aws_server import AwsServer
from localcloud.aws_stand_in import AwsProviderStandIn
from localcloud.aws_stand_in.properties import from_struct, to_struct

SERVICES = ("autoscaling", "cloudwatch", "ec2", "events", "iam", "logs", "s3", "ssm", "sts")


class Refused(Exception):  # noqa: N818
    """What the provider answered instead of a result."""


class Context:
    """A gRPC context, as far as the provider uses it."""

    def __init__(self) -> None:
        self.metadata: tuple[tuple[str, bytes], ...] = ()

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        assert code is grpc.StatusCode.UNKNOWN
        raise Refused(details)

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.metadata = metadata


@dataclass
class Resource:
    """One resource of a stack."""

    token: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    secrets: frozenset[str] = frozenset()


@dataclass
class Stack:
    """A stack of one provider, without an engine."""

    url: str
    provider: AwsProviderStandIn
    region: str = "us-east-1"
    context: Context = field(default_factory=Context)

    def client(self, service: str) -> Any:
        return _client(self.url, self.region, service)

    def check(
        self, token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None, **request: Any
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the checked inputs and what is refused of them."""
        answer = self.provider.Check(
            provider_pb2.CheckRequest(urn=urn(token), news=to_struct(inputs), olds=to_struct(olds or {}), **request),
            self.context,
        )
        return from_struct(answer.inputs)[0], [f"{each.property}: {each.reason}" for each in answer.failures]

    def create(self, token: str, inputs: dict[str, Any], secrets: tuple[str, ...] = ()) -> Resource:
        """Check, then create."""
        checked, refused = self.check(token, inputs)
        assert refused == [], refused
        answer = self.provider.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=to_struct(checked, secrets)), self.context
        )
        outputs, hidden = from_struct(answer.properties)
        return Resource(token, answer.id, checked, outputs, hidden)

    def preview(self, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Outputs in the preview of a creation."""
        answer = self.provider.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=to_struct(inputs), preview=True), self.context
        )
        return from_struct(answer.properties)[0]

    def diff(
        self, token: str, old_inputs: dict[str, Any], olds: dict[str, Any], news: dict[str, Any]
    ) -> provider_pb2.DiffResponse:
        answer: provider_pb2.DiffResponse = self.provider.Diff(
            provider_pb2.DiffRequest(
                urn=urn(token), old_inputs=to_struct(old_inputs), olds=to_struct(olds), news=to_struct(news)
            ),
            self.context,
        )
        return answer

    def update(self, resource: Resource, inputs: dict[str, Any], preview: bool = False) -> dict[str, Any]:
        answer = self.provider.Update(
            provider_pb2.UpdateRequest(
                urn=urn(resource.token),
                id=resource.id,
                old_inputs=to_struct(resource.inputs),
                olds=to_struct(resource.outputs),
                news=to_struct(inputs),
                preview=preview,
            ),
            self.context,
        )
        return from_struct(answer.properties)[0]

    def read(self, resource: Resource) -> Resource | None:
        """Read as a refresh does; None when the resource is gone."""
        answer = self.provider.Read(
            provider_pb2.ReadRequest(
                urn=urn(resource.token),
                id=resource.id,
                properties=to_struct(resource.outputs, resource.secrets),
                inputs=to_struct(resource.inputs),
            ),
            self.context,
        )
        outputs, hidden = from_struct(answer.properties)
        inputs, _ = from_struct(answer.inputs)
        return Resource(resource.token, answer.id, inputs, outputs, hidden) if answer.id else None

    def delete(self, resource: Resource, seconds: float = 0) -> None:
        """Delete as a program does that lets it take that long; 0: as long as the provider wants."""
        request = provider_pb2.DeleteRequest(
            urn=urn(resource.token), id=resource.id, properties=to_struct(resource.outputs), timeout=seconds
        )
        self.provider.Delete(request, self.context)

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = self.provider.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments)), self.context)
        return from_struct(getattr(answer, "return"))[0]


@cache
def _client(url: str, region: str, service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name=region, **keys)


@dataclass(frozen=True)
class Network:
    """A VPC and a subnet in which instances get a public address."""

    vpc: Resource
    subnet: Resource

    @classmethod
    def of(cls, cloud: Stack) -> "Network":
        vpc = cloud.create("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "n"}})
        inputs = {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24", "mapPublicIpOnLaunch": True}
        return cls(vpc, cloud.create("aws:ec2/subnet:Subnet", inputs))


def kinds(answer: provider_pb2.DiffResponse) -> dict[str, str]:
    """The kind of each difference, by property path."""
    names = provider_pb2.PropertyDiff.Kind
    return {path: names.Name(each.kind) for path, each in answer.detailedDiff.items()}


def urn(token: str, name: str = "main") -> str:
    return f"urn:pulumi:test::project::test:index:Parent${token}::{name}"


def configuration(url: str, region: str = "us-east-1") -> dict[str, Any]:
    """The provider's configuration as a user's stack file gives it."""
    return {
        "region": region,
        "accessKey": "test",
        "secretKey": "test",
        "skipCredentialsValidation": "true",
        "skipMetadataApiCheck": "true",
        "skipRequestingAccountId": "true",
        "s3UsePathStyle": "true",
        "endpoints": [dict.fromkeys(SERVICES, url)],
    }


def stack(url: str, **more: Any) -> Stack:
    """A stack on the emulated AWS at `url`."""
    provider, context = AwsProviderStandIn(), Context()
    config = {**configuration(url), **more}
    provider.Configure(provider_pb2.ConfigureRequest(args=to_struct(config)), context)
    return Stack(url, provider, config["region"])


def offline() -> Stack:
    """A stack without any AWS, for what needs none: checks, differences, previews."""
    return stack("http://127.0.0.1:9")


@contextmanager
def emulated_aws() -> Iterator[str]:
    """Run the emulated AWS, with the stand-ins in front of it, on a free port of loopback and yield its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = AwsServer()
    server.start()
    try:
        # What other tests of this process made is still there: moto's state outlives its server.
        urlopen(Request(f"{server.url}/moto-api/reset", method="POST")).close()
        yield server.url
    finally:
        server.close()
