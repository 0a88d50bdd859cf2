"""The component as programs get it from the plugin: the same resources, secrets kept, errors told."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud
from tests.engine.conftest import local_settings

from .programs import Program
from .test_names import program_names

SECRET = "swordfish-of-the-cache"
PYTHON = {"name": "python", "options": {"virtualenv": sys.prefix}}
LOCAL = f"""
import sys
import tomllib
sys.path.insert(0, {str(ROOT)!r})
import pulumi
from components import AutoscalingRunner, AutoscalingRunnerArgs

config = pulumi.Config()
runner = AutoscalingRunner(
    "ci",
    AutoscalingRunnerArgs(
        settings=config.require_object("local"),
        token=config.require_secret("token"),
        secrets={{"cacheKey": config.require_secret("cacheKey")}},
    ),
)
pulumi.export("managerAddress", runner.manager_address)
pulumi.export("configToml", runner.config_toml)
"""
REMOTE = """
import pulumi

class Runner(pulumi.ComponentResource):
    def __init__(self, name, **inputs):
        outputs = dict.fromkeys(("managerAddress", "configToml", "connection", "runnerIds"))
        super().__init__("gitlab-runner-aws:index:AutoscalingRunner", name, {**inputs, **outputs}, remote=True)

config = pulumi.Config()
runner = Runner(
    "ci",
    settings=config.require_object("remote"),
    token=config.require_secret("token"),
    secrets={"cacheKey": config.require_secret("cacheKey")},
)
pulumi.export("managerAddress", runner.managerAddress)
pulumi.export("configToml", runner.configToml)
"""
NOTHING_MADE_UP = re.compile(r"-[0-9a-f]{7}\b")


def settings(cloud: LocalCloud) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of Pulumi.local.yaml, in this local cloud, and those of the AWS provider."""
    config = control.with_addresses(local_settings(), cloud)
    prefix = "gitlab-runner-aws:"
    own = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    own["cache"] = {"Type": "s3", "s3": {**CACHE, "AccessKey": "<secret:cacheKey>", "SecretKey": "<secret:cacheKey>"}}
    return own, {key: value for key, value in config.items() if key.startswith("aws:")}


CACHE = {"BucketName": "builds", "BucketLocation": "eu-central-1", "AuthenticationType": "access-key"}


@pytest.fixture
def token(cloud: LocalCloud) -> str:
    """The token of a new runner."""
    return control.create_runner(cloud)


@pytest.fixture
def program(cloud: LocalCloud, plugin: Path, tmp_path: Path, token: str) -> Iterator[Program]:
    """A stack of a Python program, not deployed yet, with settings in both spellings."""
    made = Program.create(cloud, tmp_path / "acme", plugin, PYTHON)
    own, aws = settings(cloud)
    made.configure({**aws, "local": own, "remote": program_names(own)}, {"token": token, "cacheKey": SECRET})
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")
    made.pulumi("stack", "rm", "--yes")


def planned(program: Program, text: str) -> dict[str, Any]:
    """What a preview of the program would create, by URN."""
    program.write("__main__.py", text)
    steps = json.loads(program.pulumi("preview", "--json").stdout)["steps"]
    told = {step["urn"]: {"op": step["op"], "inputs": step["newState"].get("inputs")} for step in steps}
    # The engine draws a part of a name anew at each preview.
    return dict(json.loads(NOTHING_MADE_UP.sub("-drawn", json.dumps(told))))


def test_a_preview_has_the_same_resources_and_inputs_as_the_component_itself(program: Program) -> None:
    local, remote = planned(program, LOCAL), planned(program, REMOTE)

    assert len(local) > 30
    assert remote.keys() == local.keys()
    assert {urn: remote[urn] for urn in remote if remote[urn] != local[urn]} == {}


def test_a_stack_goes_from_one_to_the_other_and_keeps_its_secrets(program: Program, token: str) -> None:
    program.write("__main__.py", REMOTE)
    program.pulumi("up", "--yes", "--skip-preview")
    outputs = json.loads(program.pulumi("stack", "output", "--json").stdout)
    state = program.pulumi("stack", "export").stdout

    program.write("__main__.py", LOCAL)
    changes = json.loads(program.pulumi("preview", "--json").stdout)["changeSummary"]

    assert outputs["configToml"].startswith("# Made by gitlab-runner-aws")
    assert re.fullmatch(r"[\d.]+", outputs["managerAddress"])
    assert set(changes) == {"same"}
    assert SECRET not in state
    assert token not in state


def test_a_network_of_the_same_program_may_be_unknown_yet(program: Program) -> None:
    config = program.project.config()
    program.project.configure({**config, "acme:remote": {**config["acme:remote"], "network": None}})
    text = REMOTE.replace("    token=", VPC_INPUT, 1).replace("runner = ", f"{VPC}\nrunner = ", 1)

    steps = planned(program, text)

    created = {urn.rpartition("::")[2]: step["inputs"] for urn, step in steps.items()}
    assert "ci-network-vpc" not in created
    assert "own-vpc" in created
    assert "ci-manager-instance" in created


VPC = """
def made(kind, name, **inputs):
    return pulumi.CustomResource(kind, name, inputs)

vpc = made("aws:ec2/vpc:Vpc", "own-vpc", cidrBlock="10.9.0.0/16")
subnet = made(
    "aws:ec2/subnet:Subnet", "own-subnet", vpcId=vpc.id, cidrBlock="10.9.1.0/24", availabilityZone="eu-central-1a"
)
"""
VPC_INPUT = '    network={"vpcId": vpc.id, "subnetIds": {"a": subnet.id}},\n    token='


def errors(program: Program, inputs: Mapping[str, Any], **expressions: str) -> str:
    """What a preview says that is refused; expressions are added to the inputs as they are."""
    given = "".join(f"{name}={text}, " for name, text in expressions.items())
    lines = [
        "import json, pulumi",
        "class Runner(pulumi.ComponentResource):",
        "    def __init__(self, **inputs):",
        "        super().__init__('gitlab-runner-aws:index:AutoscalingRunner', 'ci', inputs, remote=True)",
        f"Runner(**json.loads({json.dumps(inputs)!r}), {given})",
    ]
    program.write("__main__.py", "\n".join(lines))
    done = program.pulumi("preview", check=False)
    assert done.returncode != 0, done.stdout
    return done.stdout


def test_all_mistakes_are_told_at_once_with_the_programs_names_and_no_secret(program: Program) -> None:
    said = errors(
        program,
        {
            "token": "no-token",
            "settings": {
                "check_interval": 3,
                "gitlab": {"url": "gitlab.example.com"},
                "manager": {"sshFrom": ["203.0.113.7/24"]},
                "pools": [
                    {
                        "name": "ci",
                        "limit": 0,
                        "tokn": "glrt-abcdefghij0123456789",
                        "machine": {"idleCont": 1},
                        "driver": {"amazonec2VolumeType": "st1", "amazonec2SecretKey": SECRET},
                    }
                ],
            },
        },
    )

    for line in (
        "settings.check_interval = (not shown) has a problem: is the spelling of stack files; write checkInterval",
        "settings.gitlab.url = gitlab.example.com has a problem: is not a valid address",
        'settings.manager.sshFrom[0] = "203.0.113.7/24" has a problem: has bits set',
        "settings.pools[0].limit = 0 has a problem: must be",
        "settings.pools[0].tokn = (not shown) has a problem: unknown; did you mean `token`?",
        "settings.pools[0].machine.idleCont = (not shown) has a problem: unknown; did you mean `idleCount`?",
        "settings.pools[0].driver.amazonec2VolumeType = st1 has a problem: can't be the root disk",
        "settings.pools[0].driver.amazonec2SecretKey = (not shown) has a problem: is a secret",
        "token = (not shown) has a problem: ",
    ):
        assert f"property {line}" in said, said
    assert SECRET not in said
    assert "abcdefghij0123456789" not in said


def test_outputs_in_settings_are_refused_with_where_they_go(program: Program) -> None:
    said = errors(
        program,
        {},
        settings='{"gitlab": {"url": pulumi.Output.from_input("https://gitlab.example.com")}, "pools": []}',
        token='pulumi.Output.secret("glrt-abcdefghij0123456789")',
    )

    assert "property settings.gitlab.url = (not shown) has a problem: is an Output or a secret" in said


def test_warnings_name_settings_as_the_program_does(program: Program) -> None:
    config = program.project.config()
    pool = config["acme:remote"]["pools"][0]
    pool["spot"] = {"maxPrice": 0.07}
    del pool["machine"]["maxGrowthRate"]
    program.project.configure(config)
    program.write("__main__.py", REMOTE)

    assert "warning: settings.pools[0].machine.maxGrowthRate: sets no bound" in program.pulumi("preview").stdout


def test_the_engine_has_the_shipped_schema(schema: Path) -> None:
    printed = json.loads(schema.read_text())
    shipped = json.loads((ROOT / "plugin" / "schema.json").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert {key: printed[key] for key in (*shipped, "version")} == {**shipped, "version": version}
