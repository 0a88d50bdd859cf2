"""What the provider makes of a program's inputs and of the component's outputs."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi import provider

from components.resolve.args_settings import InvalidSettingsError
from config_render import Problem
from plugin.names import TOKEN
from plugin.provider import RemoteArgs, RunnerProvider, remote_args
from tests.unit.conftest import Deploy, deploy

__all__ = ["deploy"]
SETTINGS: dict[str, Any] = {
    "gitlab": {"url": "https://gitlab.example.com"},
    "manager": {"sshFrom": ["203.0.113.0/24"]},
    "pools": [{"name": "ci", "limit": 5.0, "machine": {"maxGrowthRate": 2.0}}],
}
BASTION = {"host": "bastion.example.com", "user": "jump", "privateKey": "<secret:jump>", "hostKey": "ssh-ed25519 AAAA"}


def constructed(deploy: Deploy, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a component that is constructed of inputs, each with its value and whether it is secret."""
    results: list[provider.ConstructResult] = []
    found: dict[str, Any] = {}

    def construct() -> None:
        results.append(RunnerProvider().construct("ci", TOKEN, {"region": "eu-central-1", **inputs}))

    def told(name: str) -> Any:
        async def keep() -> None:
            output = pulumi.Output.from_input(results[0].state[name])
            found[name] = (await output.future(), await output.is_secret())

        return keep

    def program() -> None:
        construct()
        for name in results[0].state:
            pulumi.export(name, pulumi.Output.from_input(told(name)()))

    deploy(program)
    return found


def test_outputs_have_the_schemas_names_and_only_the_way_to_the_manager_is_secret(deploy: Deploy) -> None:
    schema = RunnerProvider().schema
    assert schema is not None

    outputs = constructed(deploy, {"token": f"glrt-{'a' * 20}", "settings": SETTINGS})

    assert {name for name, (_, secret) in outputs.items() if secret} == {"connection"}
    assert all(f'"{name}"' in schema for name in outputs)
    connection = outputs["connection"][0]
    assert connection["host"] == outputs["managerAddress"][0]
    assert connection["privateKey"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert {"user", "hostKey"} < connection.keys()


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, ["settings: missing"]),
        ({"settings": pulumi.UNKNOWN}, ["settings: is an Output or a secret"]),
        ({"network": "vpc-1"}, ["network: must be an object"]),
        ({"network": {"vpcId": "vpc-1", "subnetIds": "a"}}, ["network: must be an object"]),
        ({"network": {"vpcId": "vpc-1", "subnetIds": {}}}, ["network: must be an object"]),
        ({"network": {"subnetIds": {"a": "subnet-1"}}}, ["network: must be an object"]),
        ({"network": {"vpcId": "vpc-1", "subnetIds": {"a": "s"}, "zones": []}}, ["network: must be an object"]),
        ({"region": 5.0, "network": 1.0}, ["network: must be an object", "region: must be plain text"]),
        ({"concurrent": 5.0, "tokn": "a"}, ["concurrent: unknown; it goes into settings", "tokn: unknown; the"]),
        (
            {"tokn": "a", "settings": {**SETTINGS, "concurrent": 0.0}},
            ["tokn: unknown;", "settings.concurrent = 0: must"],
        ),
        ({"secrets": "a"}, ["secrets: must be an object"]),
        (
            {"settings": {**SETTINGS, "check_interval": 3.0}},
            ["settings.check_interval: is the spelling of stack files"],
        ),
        (
            {"settings": {"check_interval": 3.0, "pools": [{"limit": 0.0}]}},
            ["settings.gitlab.url: missing", "settings.pools[0].limit = 0: must be", "settings.check_interval: is the"],
        ),
    ],
)
def test_inputs_that_the_component_does_not_get_to_see_are_refused(inputs: Mapping[str, Any], told: list[str]) -> None:
    given = {"token": f"glrt-{'a' * 20}", "settings": SETTINGS, **inputs} if inputs else {}

    with pytest.raises(InvalidSettingsError) as refused:
        remote_args(given)

    for each in told:
        assert any(str(problem).startswith(each) for problem in refused.value.problems), refused.value


NO_SETTINGS = RemoteArgs(settings={"gitlab": {"url": "https://gitlab.com"}, "manager": {}, "pools": []})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("gitlab-runner-aws:pools[0].machine.IdleCount", "settings.pools[0].machine.idleCount"),
        ("gitlab-runner-aws:tokenParameter", "settings.tokenParameter"),
        ("gitlab-runner-aws:token", "token"),
        ("gitlab-runner-aws:registrationToken", "registrationToken"),
        ("gitlab-runner-aws:secrets.jump", "secrets.jump"),
        ("gitlab-runner-aws:*", "settings"),
        ("aws:region", "region"),
    ],
)
def test_problems_name_inputs(path: str, name: str) -> None:
    assert NO_SETTINGS.in_words(Problem(path, None, "is wrong")).path == name


def test_fixes_are_those_of_a_program() -> None:
    fix = "set it with: pulumi config set --secret --path gitlab-runner-aws:secrets.NAME"

    assert NO_SETTINGS.in_words(Problem("", None, fix)).message == "give it as the input secrets.NAME"


def test_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="the package gitlab-runner-aws has no resource gitlab-runner-aws:index:Cache"):
        RunnerProvider().construct("ci", "gitlab-runner-aws:index:Cache", {})
