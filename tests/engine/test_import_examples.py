"""The small projects of examples/projects, each with the installed distribution, on the real engine."""

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from .conftest import resources_of

EXAMPLES = ROOT / "examples" / "projects"
STACK = "dev"
OURS = "gitlab-runner-aws:"
LOCAL = {"sshFrom": ["127.0.0.1/32"], "user": "root", "connectAttempts": 5}
Edit = Callable[[dict[str, Any], LocalCloud], None]


class Example:
    """One project, copied, with its stack in the local cloud."""

    def __init__(self, name: str, cloud: LocalCloud, folder: Path, python: Path, edit: Edit) -> None:
        self.cloud, self.namespace = cloud, f"{name.replace('_', '-')}:"
        shutil.copytree(EXAMPLES / name, folder)
        # Other people's folders have these names too.
        for theirs in ("config_render", "components", "review", "planning"):
            (folder / theirs).mkdir(exist_ok=True)
            (folder / theirs / "__init__.py").touch()
        (folder / "venv").symlink_to(python.parents[1])
        config = yaml.safe_load((folder / f"Pulumi.{STACK}.yaml").read_text())["config"]
        (folder / f"Pulumi.{STACK}.yaml").unlink()
        self.project = Project(cloud, folder, STACK)
        self.project.pulumi("stack", "init", STACK, "--secrets-provider", cloud.secrets_provider)
        edit(config, cloud)
        self.project.configure(config)

    def run(self, *arguments: str, check: bool = True) -> str:
        result = self.project.pulumi(*arguments, "--stack", STACK, check=check)
        return result.stdout + result.stderr

    def set_token(self, key: str = "token") -> None:
        self.project.set_secret(f"{self.namespace}{key}", control.create_runner(self.cloud))

    def up(self, *arguments: str, check: bool = True) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments, check=check)

    def plan(self) -> dict[str, str]:
        steps = json.loads(self.project.pulumi("preview", "--json", "--stack", STACK).stdout)["steps"]
        return {step["urn"].rsplit("::", 1)[1]: step["op"] for step in steps}

    def outputs(self) -> dict[str, Any]:
        return dict(json.loads(self.project.pulumi("stack", "output", "--json", "--stack", STACK).stdout))

    def resources(self) -> list[dict[str, Any]]:
        return resources_of(self.project)

    def of_aws(self) -> list[dict[str, Any]]:
        return [each for each in self.resources() if each["type"].startswith("aws:")]


def in_local_cloud(settings: dict[str, Any], cloud: LocalCloud, region: str = "eu-central-1") -> dict[str, Any]:
    """The settings of a runner, with the addresses of this local cloud."""
    whole = {**settings, "check_interval": 1, "manager": {**settings.get("manager", {}), **LOCAL}}
    given = {"aws:region": region, f"{OURS}pools": [], **{f"{OURS}{key}": value for key, value in whole.items()}}
    found = control.with_addresses(given, cloud)
    return {key.removeprefix(OURS): value for key, value in found.items() if key.startswith(OURS)}


def provider(cloud: LocalCloud) -> dict[str, Any]:
    """Arguments of an AWS provider in a program, less its region."""
    return {
        "access_key": "local",
        "secret_key": "local",
        "endpoints": cloud.aws_config("")["aws:endpoints"],
        "s3_use_path_style": True,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_requesting_account_id": True,
    }


def managers(cloud: LocalCloud) -> int:
    """How many managers GitLab knows of."""
    return sum(len(runner["managers"]) for runner in control.gitlab(cloud, "state")["runners"])


@pytest.fixture
def example(cloud: LocalCloud, consumer: Path, tmp_path: Path) -> Iterator[Callable[[str, Edit], Example]]:
    made: list[Example] = []

    def make(name: str, edit: Edit) -> Example:
        made.append(Example(name, cloud, tmp_path / "project", consumer, edit))
        return made[0]

    yield make
    for each in made:
        each.run("state", "unprotect", "--all", "--yes")
        each.run("destroy", "--yes", "--skip-preview")
        assert control.leftovers(cloud) == []
        assert control.leftovers(cloud, "us-east-1") == []


def test_inside_of_a_companys_vpc_all_get_its_provider_its_tags_and_its_protection(
    example: Callable[[str, Edit], Example],
) -> None:
    def edit(config: dict[str, Any], cloud: LocalCloud) -> None:
        config["company-vpc:aws"] |= provider(cloud)
        config["company-vpc:runner"] = in_local_cloud(config["company-vpc:runner"], cloud)

    company = example("company_vpc", edit)
    company.set_token()
    company.up()

    assert {each["provider"].split("::")[-2] for each in company.of_aws()} == {"company"}
    runner = [each for each in company.resources() if "AutoscalingRunner" in each["urn"]]
    tags = [each["outputs"]["tagsAll"] for each in runner if "tagsAll" in each["outputs"]]
    assert len(tags) > 10
    assert {(each.get("owner"), each.get("cost-center")) for each in tags} == {("platform", "4711")}
    assert [each["urn"] for each in runner if not each.get("protect")] == []
    (live,) = [host.read("/etc/gitlab-runner/config.toml") for host in control.hosts(company.cloud).values()]
    (section,) = tomllib.loads(live)["runners"]
    assert (section["name"], section["machine"]["MachineName"]) == ("linux", "linux-%s-a-m5-large")

    refused = company.run("destroy", "--yes", "--skip-preview", check=False)
    assert "because it is protected" in refused
    assert " deleted (" not in refused

    # Out of the VPC's component again, as the runner was before it was moved there.
    program = company.project.folder / "__main__.py"
    text, inside = program.read_text(), "parent=vpc, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]"
    assert inside in text
    outside = "provider=provider, transforms=[with_owner], protect=True, aliases=[pulumi.Alias(parent=vpc)]"
    program.write_text(text.replace(inside, outside))
    assert {*company.plan().values()} <= {"same", "update"}


def test_two_runners_in_one_stack(example: Callable[[str, Edit], Example]) -> None:
    def edit(config: dict[str, Any], cloud: LocalCloud) -> None:
        config |= cloud.aws_config("eu-central-1")
        shared = config["two-runners:shared"]
        runners = config["two-runners:runners"]
        for own in runners.values():
            own["pools"] = in_local_cloud({**shared, **own}, cloud)["pools"]
        config["two-runners:shared"] = in_local_cloud(shared, cloud)

    two = example("two_runners", edit)
    two.set_token("intelToken")
    two.set_token("armToken")
    before = managers(two.cloud)
    two.up()
    assert managers(two.cloud) == before + 2
    deployments = {each["outputs"].get("tagsAll", {}).get("gitlab-runner-aws") for each in two.of_aws()} - {None}
    assert deployments == {"two-runners/dev/intel", "two-runners/dev/arm"}

    config = two.project.config()
    config["two-runners:runners"]["arm"]["pools"][0]["limit"] = -1
    two.project.configure(config)
    assert "two-runners:runners.arm.pools[0].limit = -1: must be at least 1" in two.run("preview", check=False)


def test_two_regions_in_one_stack(example: Callable[[str, Edit], Example]) -> None:
    def edit(config: dict[str, Any], cloud: LocalCloud) -> None:
        config["two-regions:aws"] = provider(cloud)
        config["two-regions:runner"] = in_local_cloud(config["two-regions:runner"], cloud)

    two = example("two_regions", edit)
    two.set_token()
    before = managers(two.cloud)
    two.up()
    assert managers(two.cloud) == before + 2
    for region in ("eu-central-1", "us-east-1"):
        reservations = control.aws(two.cloud, "ec2", region).describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
        )["Reservations"]
        (instance,) = [each for found in reservations for each in found["Instances"]]
        assert instance["Placement"]["AvailabilityZone"] == f"{region}a"
    assert {each["provider"].split("::")[-2] for each in two.of_aws()} == {"eu-central-1", "us-east-1"}


def test_the_token_of_the_gitlab_provider(example: Callable[[str, Edit], Example]) -> None:
    def edit(config: dict[str, Any], cloud: LocalCloud) -> None:
        config |= {**cloud.aws_config("eu-central-1"), "gitlab:baseUrl": f"{cloud.addresses.gitlab}/api/v4/"}
        config["gitlab-token:runner"] = in_local_cloud(config["gitlab-token:runner"], cloud)

    made = example("gitlab_token", edit)
    scopes = ["create_runner", "manage_runner"]
    made.project.set_secret("gitlab:token", control.gitlab(made.cloud, "access-tokens", {"scopes": scopes})["token"])
    made.up()
    (live,) = [host.read("/etc/gitlab-runner/config.toml") for host in control.hosts(made.cloud).values()]
    (section,) = tomllib.loads(live)["runners"]
    assert str(section["id"]) == made.outputs()["runner_id"]
    assert section["token"] not in made.project.pulumi("stack", "export", "--stack", STACK).stdout
    made.up("--expect-no-changes")


def test_the_cache_and_the_renderer_alone(example: Callable[[str, Edit], Example]) -> None:
    def edit(config: dict[str, Any], cloud: LocalCloud) -> None:
        config |= cloud.aws_config("eu-central-1")

    parts = example("parts_alone", edit)
    parts.up()
    outputs = parts.outputs()
    (section,) = tomllib.loads(outputs["config_toml"])["runners"]
    assert section["cache"]["s3"]["BucketName"] == outputs["cache_bucket"]
    assert section["token"] == "<secret:token>"
    assert {each["type"].split("/")[0] for each in parts.of_aws()} == {"aws:s3"}
