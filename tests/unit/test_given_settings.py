"""What programs give to the component themselves: plain settings, a network of their own, a provider."""

import asyncio
import json
import tomllib
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components import AutoscalingRunner, AutoscalingRunnerArgs, GivenNetwork, parse

from .conftest import FOUND, LOOP, Deploy, Recorder
from .test_autoscaling_runner import RAW, TOKEN

NETWORK = GivenNetwork(vpc_id="vpc-ours", subnet_ids={"a": "subnet-ours-a", "b": "subnet-ours-b"})
IN_OURS = {key: value for key, value in RAW.items() if key != "network"}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FOUND, "aws:index/getRegion:getRegion", lambda _: {"region": "eu-central-1"})


def runner(settings: Any = RAW, opts: pulumi.ResourceOptions | None = None, **changed: Any) -> AutoscalingRunner:
    return AutoscalingRunner("ci", AutoscalingRunnerArgs(settings=settings, **{"token": TOKEN, **changed}), opts)


def test_the_region_is_the_providers(deploy: Deploy) -> None:
    recorded = deploy(runner)
    assert recorded.inputs["aws:ec2/subnet:Subnet::ci-network-public-a"]["availabilityZone"] == "eu-central-1a"


def test_a_region_that_the_provider_does_not_know_yet_is_asked_for(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FOUND, "aws:index/getRegion:getRegion", lambda _: {})
    with pytest.raises(
        pulumi.RunError,
        match=r"^the provider does not know its region at this preview; give it as the argument region$",
    ):
        deploy(runner)


def test_a_token_that_is_known_later_is_taken_and_kept_secret(deploy: Deploy) -> None:
    recorded = deploy(lambda: runner(token=pulumi.Output.from_input(TOKEN)))
    assert list(json.loads(recorded.secret("ci-registration-secrets", "stdin"))) == ["token"]
    assert TOKEN not in recorded.in_the_clear


def test_mistakes_are_told_all_at_once_where_the_program_has_the_settings(deploy: Deploy) -> None:
    wrong = {**RAW, "concurrent": 0, "pools": [{"name": "a", "limit": -1, "environment": ["A=<secret:a>"]}]}
    with pytest.raises(pulumi.RunError) as told:
        deploy(lambda: runner(wrong, place="acme:runner."))
    assert str(told.value).splitlines() == [
        "3 errors in the settings; nothing was changed:",
        "  acme:runner.concurrent = 0: must be at least 1",
        "  acme:runner.pools[0].environment[0]: stands for the secret a, which is not set; "
        "give it as the argument secrets.a",
        "  acme:runner.pools[0].limit = -1: must be at least 1",
    ]


def test_outputs_among_the_settings_are_told_each_with_the_argument_that_takes_it(deploy: Deploy) -> None:
    late = pulumi.Output.from_input("later")
    pools = [{"name": "a", "limit": 4, "environment": [pulumi.Output.concat("KEY=", late)]}]
    tokens = {"token": late, "registrationToken": late, "accessToken": late}
    promise = asyncio.Future[str](loop=LOOP)
    secrets = {"hook": late, "late": promise, "plain": "text", "bytes": b"text"}
    wrong = {**RAW, "network": {"vpcId": late, "subnetIds": [late]}, "pools": pools, **tokens, "secrets": secrets}
    with pytest.raises(pulumi.RunError) as told:
        deploy(lambda: runner(wrong))

    later = "is an Output, but settings are plain values, which are checked before anything is created"
    given = "give the VPC and subnets as the argument network=GivenNetwork(vpc_id=..., subnet_ids={...})"
    assert str(told.value).splitlines() == [
        "8 errors in the settings; nothing was changed:",
        f"  settings.network.vpcId: {later}; {given}",
        f"  settings.network.subnetIds[0]: {later}; {given}",
        f"  settings.pools[0].environment[0]: {later}; write <secret:NAME> here and give it as the argument "
        "secrets={'NAME': ...}; a VPC goes into network=GivenNetwork(...), the runner's token into token",
        f"  settings.token: {later}; give it as the argument token",
        f"  settings.registrationToken: {later}; give it as the argument registration_token",
        f"  settings.accessToken: {later}; give it as the argument access_token",
        f"  settings.secrets.hook: {later}; give it in the argument secrets",
        f"  settings.secrets.late: {later}; give it in the argument secrets",
    ]


def test_settings_that_are_one_output_as_a_whole_are_told_as_that(deploy: Deploy) -> None:
    with pytest.raises(pulumi.RunError) as told:
        deploy(lambda: runner(pulumi.Output.secret(RAW), place="acme:runner."))
    assert str(told.value).splitlines()[1:] == [
        "  acme:runner: is an Output, but settings are plain values, which are checked before anything is created; "
        "read them with require_object, and give secrets as the arguments token and secrets"
    ]


@pytest.mark.parametrize(
    ("argument", "name", "token", "more"),
    [
        ("token", "token", TOKEN, {}),
        ("registration_token", "registrationToken", "GR1348941abcdefghijklmnop", {}),
        (
            "access_token",
            "accessToken",
            "glpat-0123456789abcdefghij",
            {"createRunner": {"runnerType": "group_type", "groupId": 5}},
        ),
    ],
)
def test_each_token_is_the_argument_of_its_name_and_reaches_the_manager_as_a_secret(
    deploy: Deploy, argument: str, name: str, token: str, more: dict[str, Any]
) -> None:
    recorded = deploy(lambda: runner({**RAW, **more}, None, **{"token": None, argument: token}))
    assert json.loads(recorded.secret("ci-registration-secrets", "stdin")) == {name: token}
    plan = json.loads(recorded.named("ci-registration-gitlab")["stdin"])
    assert (plan["token"]["from"], plan["needs"]) == (name, [name])
    assert token not in recorded.in_the_clear


def test_what_costs_money_or_safety_is_warned_of_as_the_program_calls_it(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, resource: said.append((text, resource.__class__.__name__)))
    pools = [{"name": "a", "limit": 4, "driver": {"amazonec2-volume-encrypted": False}}]
    deploy(lambda: runner({**RAW, "pools": pools}, place="acme:runner."))
    assert said == [
        (
            "acme:runner.pools[0].driver.amazonec2-volume-encrypted = false: leaves jobs' data in the clear on the "
            "disk; set true",
            "AutoscalingRunner",
        )
    ]


def test_the_settings_are_kept_for_the_note_of_the_next_preview(deploy: Deploy) -> None:
    pools = [{"name": "a", "limit": 4}]
    recorded = deploy(lambda: runner({**RAW, "pools": pools}))
    kept = recorded.outputs["gitlab-runner-aws:index:AutoscalingRunner::ci"]["settings"]
    assert kept == parse({**RAW, "pools": pools}, token=TOKEN).given()


def test_a_token_that_is_missing_is_told_as_an_argument(deploy: Deploy) -> None:
    with pytest.raises(pulumi.RunError, match=r"settings\.token: missing; give it as the argument token"):
        deploy(lambda: runner(token=None))


def test_settings_in_a_namespace_of_the_stack_are_told_as_pulumi_config_has_them() -> None:
    with pytest.raises(Exception, match=r"linux:token: missing; set it with: pulumi config set --secret linux:token"):
        parse(RAW, region="eu-central-1", place="linux:")


def test_every_look_up_goes_through_the_given_provider(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, str] = {}

    def call(self: Recorder, args: pulumi.runtime.MockCallArgs) -> Any:
        asked[args.token] = args.provider
        return whole(self, args)

    whole = Recorder.call
    monkeypatch.setattr(Recorder, "call", call)
    network = {"vpcId": "vpc-old", "subnetIds": ["subnet-a"], "workerSecurityGroup": "old"}
    pools = [{"name": "own", "limit": 4, "ami": "ami-00000000"}, {"name": "looked-up", "limit": 4}]

    def program() -> None:
        provider = aws.Provider("company", region="eu-central-1")
        runner({**RAW, "network": network, "pools": pools}, pulumi.ResourceOptions(provider=provider))

    deploy(program)
    looked_up = {token.rpartition(":")[2] for token in asked}
    assert looked_up == {"getRegion", "getVpc", "getSubnet", "getSecurityGroup", "getAmi"}
    assert [token for token, provider in asked.items() if "::company::" not in provider] == []


def test_a_network_of_the_program_is_used_and_no_other_is_made(deploy: Deploy) -> None:
    recorded = deploy(lambda: runner(IN_OURS, network=NETWORK))
    assert [urn for urn in recorded.urns if "aws:ec2/vpc:" in urn or "aws:ec2/subnet:" in urn] == []
    assert recorded.named("ci-manager-instance")["subnetId"] == "subnet-ours-a"
    assert recorded.named("ci-network-worker")["vpcId"] == "vpc-ours"
    spot, arm = tomllib.loads(recorded.named("ci-registration-config")["stdin"])["runners"]
    assert {"amazonec2-vpc-id=vpc-ours", "amazonec2-subnet-id=subnet-ours-b", "amazonec2-zone=b"} <= {
        *spot["machine"]["MachineOptions"]
    }
    assert "amazonec2-subnet-id=subnet-ours-a" in arm["machine"]["MachineOptions"]
    policy = recorded.inputs["aws:iam/rolePolicy:RolePolicy::ci-identity-manager"]["policy"]
    assert "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-ours-b" in policy


def test_the_manager_may_be_in_a_subnet_of_its_own(deploy: Deploy) -> None:
    network = GivenNetwork(vpc_id="vpc-ours", subnet_ids=NETWORK.subnet_ids, manager_subnet_id="subnet-managers")
    recorded = deploy(lambda: runner(IN_OURS, network=network))
    assert recorded.named("ci-manager-instance")["subnetId"] == "subnet-managers"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {**RAW, "network": {"zones": ["a"]}},
            r"settings\.network\.zones: has no effect: the argument network says which VPC and subnets there are; "
            "leave it out$",
        ),
        ({**IN_OURS, "network": {"ipv6": True}}, r"settings\.network\.ipv6: is for a new VPC"),
        ({**IN_OURS, "pools": [{"name": "x", "limit": 1, "zones": ["c"]}]}, r"settings\.pools\[0\]\.zones\[0\] = c"),
        (parse(RAW, token=TOKEN), r"^the argument network needs settings as a table, not as what parse returns$"),
    ],
)
def test_what_does_not_go_with_a_network_of_the_program(deploy: Deploy, settings: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message):
        deploy(lambda: runner(settings, network=NETWORK))
