"""A stand-in for the Pulumi engine that remembers what was registered."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"  # f"{an_output}" raises instead of giving a help text

import pulumi
import pytest
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import source_pb2

from components import AutoscalingRunner, AutoscalingRunnerArgs
from config_render import parse

LATE: dict[str, dict[str, Any]] = {
    "aws:ec2/vpc:Vpc": {
        "arn": "arn:aws:ec2:eu-central-1:123456789012:vpc/{name}-id",
        "ipv6CidrBlock": "2001:db8:1200::/56",
        "ownerId": "123456789012",
    },
    "aws:ec2/subnet:Subnet": {"arn": "arn:aws:ec2:eu-central-1:123456789012:subnet/{name}-id"},
    "aws:ec2/securityGroup:SecurityGroup": {"arn": "arn:aws:ec2:eu-central-1:123456789012:security-group/{name}-id"},
    "aws:ec2/instance:Instance": {"publicIp": "192.0.2.1", "privateIp": "10.0.0.9"},
    "aws:iam/role:Role": {"arn": "arn:aws:iam::123456789012:role/{name}"},
    "aws:iam/instanceProfile:InstanceProfile": {"arn": "arn:aws:iam::123456789012:instance-profile/{name}"},
    "aws:iam/user:User": {"arn": "arn:aws:iam::123456789012:user/{name}"},
    "aws:iam/policy:Policy": {"arn": "arn:aws:iam::123456789012:policy/{name}"},
    "aws:iam/accessKey:AccessKey": {"secret": "the-secret-key"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 3},
    "aws:autoscaling/group:Group": {
        "serviceLinkedRoleArn": "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling"
    },
    "aws:ec2/eip:Eip": {"allocationId": "eipalloc-1"},
    "aws:ec2/eipAssociation:EipAssociation": {"publicIp": "192.0.2.9"},
    "aws:cloudwatch/logGroup:LogGroup": {"arn": "arn:aws:logs:eu-central-1:123456789012:log-group:{name}"},
    "aws:cloudwatch/eventRule:EventRule": {"arn": "arn:aws:events:eu-central-1:123456789012:rule/{name}"},
    "aws:s3/bucket:Bucket": {"arn": "arn:aws:s3:::a-bucket", "bucket": "a-bucket"},
    "command:remote:Command": {"stdout": "config.toml is live: 1 runner(s)", "stderr": ""},
    "tls:index/privateKey:PrivateKey": {
        "privateKeyOpenssh": "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n",
        "publicKeyOpenssh": "ssh-ed25519 AAAA\n",
    },
}
"""What a provider adds to a resource's inputs, by type; `{name}` is the resource's."""


ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
_ACCOUNT = "arn:aws:ec2:eu-central-1:123456789012"


def _subnet(given: Mapping[str, Any]) -> dict[str, Any]:
    """A subnet says in its id where it is: subnet-b is in zone b; subnet-bfar in another VPC."""
    name = given.get("id") or f"subnet-{given['availabilityZone'][-1]}"
    return {
        "id": name,
        "arn": f"{_ACCOUNT}:subnet/{name}",
        "availabilityZone": f"eu-central-1{name.split('-')[1][0]}",
        "vpcId": "vpc-far" if name.endswith("far") else "vpc-old",
        "availableIpAddressCount": 20,
    }


FOUND: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "aws:ec2/getVpc:getVpc": lambda given: {"id": "vpc-old", "arn": f"{_ACCOUNT}:vpc/vpc-old"},
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getSecurityGroup:getSecurityGroup": lambda given: {
        "id": "sg-old",
        "arn": f"{_ACCOUNT}:security-group/sg-old",
    },
    "aws:kms/getKey:getKey": lambda given: {"arn": f"arn:aws:kms:eu-central-1:123456789012:key/1-of-{given['keyId']}"},
    "aws:ssm/getParameter:getParameter": lambda given: {"insecureValue": "ami-0123456789abcdef0"},
}
"""What is in the account already, by the look-up that finds it."""


@dataclass
class Recorder(pulumi.runtime.Mocks):
    """Answers each registration with its inputs and what is in `LATE`, and keeps both."""

    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    urns: set[str] = field(default_factory=set)
    requests: dict[str, Any] = field(default_factory=dict)
    """The options too of each resource, as the engine is told them, by its type and name as in `inputs`."""
    lookups: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What AWS was asked, in order."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What components have registered as theirs, by their types and names as in `inputs`."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        key = f"{args.typ}::{args.name}"
        assert key not in self.inputs, f"two resources are {key}"
        self.inputs[key], self.types[key] = args.inputs, args.typ
        named = {} if "name" in args.inputs else {"name": f"{args.name}-0000000"}
        said = {"stdout": '{"ci": 7}'} if args.name.endswith("-registration-runners") else {}
        late = {
            key: value.replace("{name}", args.name) if isinstance(value, str) else value
            for key, value in LATE.get(args.typ, {}).items()
        }
        return f"{args.name}-id", {**named, **args.inputs, **late, **said}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        given = args.args
        self.lookups.append((args.token, given))
        if args.token == "aws:ec2/getAmi:getAmi":
            architecture = "arm64" if "arm64" in str(given) else "amd64"
            return {"id": f"ami-{architecture}", "architecture": ARCHITECTURES[architecture]}, []
        assert args.token in FOUND, f"a lookup no test asked for: {args.token}"
        return FOUND[args.token](given), []

    def named(self, name: str) -> dict[str, Any]:
        """The inputs of the one resource of this name; components have none."""
        (found,) = [v for k, v in self.inputs.items() if k.endswith(f"::{name}") and not k.startswith("gitlab-")]
        return found

    @property
    def in_the_clear(self) -> str:
        """All inputs as the state and a preview have them: without what is secret."""
        return repr(_less_secrets(self.inputs))

    def secret(self, name: str, key: str) -> Any:
        """Return an input, having checked that it is kept secret."""
        value = self.named(name)[key]
        assert rpc.is_rpc_secret(value), f"{name}.{key} would be stored in the clear"
        return rpc.unwrap_rpc_secret(value)


def _less_secrets(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return "[secret]"
    if isinstance(value, dict):
        return {key: _less_secrets(inner) for key, inner in value.items()}
    return [_less_secrets(inner) for inner in value] if isinstance(value, list) else value


class _Monitor(MockMonitor):
    """Keeps what the SDK's own drops: `ignore_changes` and the other options, and the outputs of components."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self._recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the SDK
        self._recorder.requests[f"{request.type}::{request.name}"] = request
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the name of the SDK
        kind, name = request.urn.split("::")[2:]
        self._recorder.outputs[f"{kind.rpartition('$')[2]}::{name}"] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


Deploy = Callable[[Callable[[], object]], Recorder]


LOOP = asyncio.new_event_loop()
"""One for all tests: the SDK takes the thread's current loop, of which an earlier test may have left none."""


def registered_by(program: Callable[[], object]) -> Recorder:
    """Run a program until every registration has landed, then hand them back."""
    asyncio.set_event_loop(LOOP)
    recorder = Recorder()
    monitor = _Monitor(recorder)
    pulumi.runtime.set_mocks(recorder, "gitlab-runner-aws", "test", preview=False, monitor=monitor)
    # The SDK describes the whole stack to the engine at each registration, and pytest's is deep: a tenth of the time.
    with patch("pulumi.runtime.resource._get_stack_trace", source_pb2.StackTrace):
        pulumi.runtime.test(lambda: program() and None)()  # type: ignore[no-untyped-call]
    recorder.urns = {urn.split("::", 2)[2] for urn in monitor.get_registered_resources()}
    return recorder


@pytest.fixture
def deploy() -> Deploy:
    """`registered_by`, for a test."""
    return registered_by


TOKEN = "glrt-" + "a1B2" * 5
SSH = {"sshFrom": ["203.0.113.0/24"]}
_POOL = {"name": "ci", "limit": 4, "instanceTypes": ["m5.large"], "machine": {"MaxGrowthRate": 2}}


@pytest.fixture
def deployed_with(deploy: Deploy) -> Any:
    """Deploy settings that go over a small stack's, and return what was registered."""

    def run(secrets: dict[str, str] | None = None, pool: dict[str, Any] | None = None, **given: Any) -> Recorder:
        raw = {
            "gitlab": {"url": "https://gitlab.example.com"},
            "manager": SSH,
            "pools": [{**_POOL, **(pool or {})}],
            **given,
        }
        settings = parse(raw, token=TOKEN, region="eu-central-1", secrets=tuple(secrets or ()))
        args = AutoscalingRunnerArgs(settings=settings, region="eu-central-1", token=TOKEN, secrets=secrets or {})
        return deploy(lambda: AutoscalingRunner("runner", args))

    return run
