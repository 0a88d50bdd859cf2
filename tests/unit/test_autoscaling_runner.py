"""What the component registers: names that live stacks rely on, wiring, tags, and secrets that stay secret."""

import json
import tomllib
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from components import AutoscalingRunner, AutoscalingRunnerArgs
from config_render import Settings, parse

from .conftest import Deploy, Recorder

TOKEN = "glrt-unit-test-0123456789"
RAW: dict[str, Any] = {
    "gitlab": {"url": "https://gitlab.example.com"},
    "network": {"zones": ["a", "b"]},
    "manager": {"sshFrom": ["203.0.113.0/24"]},
    "tags": {"team": "ci"},
    "pools": [
        {"name": "spot", "zones": ["b"], "limit": 4, "spot": {"maxPrice": 0.05}, "machine": {"IdleCount": 1}},
        {"name": "arm", "zones": ["a"], "instanceTypes": ["m6g.large"], "limit": 2},
    ],
}
PREFIX = "gitlab-runner-aws:index:"

# Renaming any of these replaces live resources, or loses them. Add an alias before you edit the list.
IDENTITIES = {
    f"pulumi:pulumi:Stack${PREFIX}AutoscalingRunner::runner",
    f"{PREFIX}AutoscalingRunner${PREFIX}Cache::runner-cache",
    f"{PREFIX}Cache$aws:s3/bucket:Bucket::runner-cache-bucket",
    f"{PREFIX}Cache$aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration::runner-cache-expiry",
    f"{PREFIX}Cache$aws:s3/bucketOwnershipControls:BucketOwnershipControls::runner-cache-ownership",
    f"{PREFIX}Cache$aws:s3/bucketPolicy:BucketPolicy::runner-cache-tls",
    f"{PREFIX}Cache$aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::runner-cache-private",
    f"{PREFIX}Cache$aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    "::runner-cache-encryption",
    f"{PREFIX}AutoscalingRunner${PREFIX}Network::runner-network",
    f"{PREFIX}Network$aws:ec2/vpc:Vpc::runner-network-vpc",
    f"{PREFIX}Network$aws:ec2/internetGateway:InternetGateway::runner-network-igw",
    f"{PREFIX}Network$aws:ec2/routeTable:RouteTable::runner-network-public",
    f"{PREFIX}Network$aws:ec2/route:Route::runner-network-internet",
    f"{PREFIX}Network$aws:ec2/vpcEndpoint:VpcEndpoint::runner-network-s3",
    f"{PREFIX}Network$aws:ec2/subnet:Subnet::runner-network-public-a",
    f"{PREFIX}Network$aws:ec2/subnet:Subnet::runner-network-public-b",
    f"{PREFIX}Network$aws:ec2/routeTableAssociation:RouteTableAssociation::runner-network-public-a",
    f"{PREFIX}Network$aws:ec2/routeTableAssociation:RouteTableAssociation::runner-network-public-b",
    f"{PREFIX}Network$aws:ec2/securityGroup:SecurityGroup::runner-network-manager",
    f"{PREFIX}Network$aws:ec2/securityGroup:SecurityGroup::runner-network-worker",
    f"{PREFIX}Network$aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    "::runner-network-manager-ssh-203.0.113.0/24",
    f"{PREFIX}Network$aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::runner-network-worker-ssh",
    f"{PREFIX}Network$aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::runner-network-worker-docker",
    f"{PREFIX}Network$aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule::runner-network-manager-out",
    f"{PREFIX}Network$aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule::runner-network-worker-out",
    f"{PREFIX}AutoscalingRunner${PREFIX}Identity::runner-identity",
    f"{PREFIX}Identity$aws:iam/role:Role::runner-identity-manager",
    f"{PREFIX}Identity$aws:iam/role:Role::runner-identity-worker",
    f"{PREFIX}Identity$aws:iam/instanceProfile:InstanceProfile::runner-identity-manager",
    f"{PREFIX}Identity$aws:iam/instanceProfile:InstanceProfile::runner-identity-worker",
    f"{PREFIX}Identity$aws:iam/rolePolicy:RolePolicy::runner-identity-manager",
    f"{PREFIX}AutoscalingRunner${PREFIX}Manager::runner-manager",
    f"{PREFIX}Manager$tls:index/privateKey:PrivateKey::runner-manager-login",
    f"{PREFIX}Manager$tls:index/privateKey:PrivateKey::runner-manager-host",
    f"{PREFIX}Manager$aws:ec2/keyPair:KeyPair::runner-manager-login",
    f"{PREFIX}Manager$aws:ec2/instance:Instance::runner-manager-instance",
    f"{PREFIX}AutoscalingRunner${PREFIX}Registration::runner-registration",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-tool",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-life",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-install",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-secrets",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-gitlab",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-config",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-runners",
    f"{PREFIX}Registration$command:remote:Command::runner-registration-watch",
}
UNTAGGABLE = (
    "aws:ec2/route:",
    "aws:ec2/routeTableAssociation:",
    "aws:iam/rolePolicy:",
    "aws:s3/bucketLifecycle",
    "aws:s3/bucketOwnership",
    "aws:s3/bucketPolicy:",
    "aws:s3/bucketPublic",
    "aws:s3/bucketServerSide",
)


def settings(**changed: Any) -> Settings:
    return parse({**RAW, **changed}, token=TOKEN, region="eu-central-1")


def runner(opts: pulumi.ResourceOptions | None = None, **changed: Any) -> AutoscalingRunner:
    args = AutoscalingRunnerArgs(settings=settings(**changed), region="eu-central-1", token=TOKEN)
    return AutoscalingRunner("runner", args, opts)


@pytest.fixture
def deployed(deploy: Deploy) -> Recorder:
    return deploy(runner)


def test_every_child_keeps_its_name_and_its_parent(deployed: Recorder) -> None:
    assert deployed.urns == IDENTITIES


def test_the_callers_parent_does_not_take_the_children(deploy: Deploy) -> None:
    class Outer(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("company:index:Ci", "outer")
            runner(pulumi.ResourceOptions(parent=self))
            self.register_outputs({})

    urns = deploy(Outer).urns
    assert IDENTITIES - urns == {f"pulumi:pulumi:Stack${PREFIX}AutoscalingRunner::runner"}


def test_two_runners_fit_in_one_stack(deploy: Deploy) -> None:
    def both() -> None:
        args = AutoscalingRunnerArgs(settings=settings(), region="eu-central-1", token=TOKEN)
        AutoscalingRunner("one", args)
        AutoscalingRunner("two", args)

    assert len(deploy(both).urns) == 2 * len(IDENTITIES)


def test_tags_reach_everything_that_can_have_some(deployed: Recorder) -> None:
    untagged = [
        key
        for key, inputs in deployed.inputs.items()
        if key.startswith("aws:")
        and not key.startswith(UNTAGGABLE)
        and (inputs["tags"]["team"], inputs["tags"]["gitlab-runner-aws"]) != ("ci", "gitlab-runner-aws/test/runner")
    ]
    assert untagged == []


def test_the_token_is_in_one_secret_input_alone(deployed: Recorder) -> None:
    assert json.loads(deployed.secret("runner-registration-secrets", "stdin")) == {"token": TOKEN}
    assert TOKEN not in deployed.in_the_clear
    assert [key for key, inputs in deployed.inputs.items() if TOKEN in repr(inputs)] == [
        "command:remote:Command::runner-registration-secrets"
    ]


def commands_with(deploy: Deploy, token: str, secrets: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The inputs of the steps on the manager, secret ones marked."""
    raw = {**RAW, "cache": {"s3": {"AccessKey": "<secret:one>", "SecretKey": "<secret:two>"}}}
    parsed = parse(raw, token=token, region="eu-central-1", secrets=tuple(secrets))
    args = AutoscalingRunnerArgs(settings=parsed, region="eu-central-1", token=token, secrets=secrets)
    inputs = deploy(lambda: AutoscalingRunner("runner", args)).inputs
    return {key.rpartition("-")[2]: value for key, value in inputs.items() if key.startswith("command:")}


def test_another_secret_is_a_change_of_secret_inputs_alone_and_the_same_is_none(deploy: Deploy) -> None:
    """Not even a digest of one stands in the clear: it could be tried against guesses."""
    before = commands_with(deploy, TOKEN, {"one": "1", "two": "2"})
    assert commands_with(deploy, TOKEN, {"two": "2", "one": "1"}) == before
    for token, second in ((f"{TOKEN}x", "2"), (TOKEN, "3")):
        after = commands_with(deploy, token, {"one": "1", "two": second})
        changed = {(step, key) for step in before for key in before[step] if after[step][key] != before[step][key]}
        assert changed == {("secrets", "stdin"), ("runners", "stdin")}
        assert all(rpc.is_rpc_secret(after[step][key]) for step, key in changed)


def test_the_managers_host_key_is_fed_as_a_secret_and_checked(deployed: Recorder) -> None:
    assert "BEGIN OPENSSH PRIVATE KEY" in deployed.secret("runner-manager-instance", "userData")
    connection = deployed.secret("runner-registration-tool", "connection")
    assert connection["hostKey"] == "ssh-ed25519 AAAA"


def test_one_command_alone_has_an_end_and_it_follows_the_instance_while_the_others_change_in_place(
    deployed: Recorder,
) -> None:
    commands = {k.split("::")[1]: v for k, v in deployed.inputs.items() if k.startswith("command:")}
    life = commands.pop("runner-registration-life")
    assert life["delete"].endswith("manager-tool remove")
    assert life["triggers"] == ["runner-manager-instance-id"]
    assert not any({"triggers", "delete"} & {*inputs} for inputs in commands.values())


def test_a_host_that_is_there_already_is_told_by_its_key_whatever_its_address(deploy: Deploy) -> None:
    host = {
        "address": "ci.example.com",
        "hostKey": "ssh-ed25519 AAAA",
        "privateKey": "<secret:key>",
        "securityGroupId": "sg-0a1b2c3d4e5f60001",
    }

    def program() -> None:
        args = AutoscalingRunnerArgs(
            settings=parse({**RAW, "manager": {"host": host}}, token=TOKEN, region="eu-central-1", secrets={"key"}),
            region="eu-central-1",
            token=TOKEN,
            secrets={"key": "a key"},
        )
        AutoscalingRunner("runner", args)

    assert deploy(program).named("runner-registration-life")["triggers"] == ["ssh-ed25519 AAAA"]


def test_with_an_address_that_moves_every_step_names_its_host(deploy: Deploy) -> None:
    recorded = deploy(lambda: runner(manager={**RAW["manager"], "elasticIp": True}))
    assert recorded.named("runner-registration-life")["triggers"] == ["runner-manager-instance-id"]
    for what in ("tool", "life", "install", "secrets", "config"):
        assert recorded.named(f"runner-registration-{what}")["create"].endswith(" # on runner-manager-instance-id")


def test_config_toml_is_plain_and_made_of_what_was_created(deployed: Recorder) -> None:
    text = deployed.named("runner-registration-config")["stdin"]
    spot, arm = tomllib.loads(text)["runners"]
    options = spot["machine"]["MachineOptions"]
    assert spot["token"] == "<secret:token>"
    assert spot["cache"]["s3"]["BucketName"] == "a-bucket"
    assert "amazonec2-subnet-id=runner-network-public-b-id" in options
    assert "amazonec2-zone=b" in options
    assert "amazonec2-security-group=runner-network-worker-0000000" in options
    assert "amazonec2-iam-instance-profile=runner-identity-worker-0000000" in options
    assert "amazonec2-ami=ami-amd64" in options
    assert "amazonec2-ami=ami-arm64" in arm["machine"]["MachineOptions"]


def test_workers_are_reached_from_the_manager_alone(deployed: Recorder) -> None:
    for what, port in (("ssh", 22), ("docker", 2376)):
        rule = deployed.named(f"runner-network-worker-{what}")
        assert (rule["fromPort"], rule["toPort"]) == (port, port)
        assert rule["referencedSecurityGroupId"] == "runner-network-manager-id"
        assert "cidrIpv4" not in rule


def test_a_root_login_needs_no_sudo(deploy: Deploy) -> None:
    manager = {**RAW["manager"], "user": "root"}
    command = deploy(lambda: runner(manager=manager)).named("runner-registration-config")["create"]
    assert "sudo" not in command
