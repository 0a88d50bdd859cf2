"""Environment stacks: the example stacks on the engine, one without prices, and settings shared between stacks."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from .conftest import CONFIG, TOKEN_KEY, Deployment
from .test_changes import ids_of_default_network

EXAMPLES = ROOT / "examples" / "stacks"
NAMES = sorted(file.name.split(".")[1] for file in EXAMPLES.glob("Pulumi.*.yaml"))
NAMESPACE = "gitlab-runner-aws:"


def test_an_up_without_prices_says_null(deployment: Deployment) -> None:
    deployment.config[f"{NAMESPACE}preflight"] = "off"
    deployment.configure()
    planned = deployment.run("preview").stdout

    cost = planned.partition("worst_case_cost")[2].partition("}")[0]
    assert [line.split() for line in cost.splitlines()[1:5]] == [
        ["complete", ":", "false"], ["currency", ":", '"USD"'], ["per_hour", ":", "<null>"], ["per_month:", "<null>"],
    ]  # fmt: skip


def test_the_engines_defaults_do_not_go_over_what_stacks_share(deployment: Deployment) -> None:
    folder = deployment.project.folder
    del deployment.config[f"{NAMESPACE}concurrent"]
    deployment.config |= {f"{NAMESPACE}extends": ["shared.yaml"], f"{NAMESPACE}check_interval": 0}
    deployment.configure()
    shared = "config:\n  gitlab-runner-aws:concurrent: 25\n  gitlab-runner-aws:check_interval: 7\n"
    (folder / "shared.yaml").write_text(shared)
    planned = deployment.plan()

    toml = planned[CONFIG]["newState"]["inputs"]["stdin"]
    # The stack file says 0 itself, which the engine would fill in as well.
    assert "concurrent = 25\ncheck_interval = 0\n" in toml
    (folder / "shared.yaml").write_text(f"{shared}  gitlab-runner-aws:token: glrt-in-the-clear\n".replace("25", "0"))
    failed = deployment.run("preview", check=False)
    told = failed.stdout + failed.stderr
    assert f"  shared.yaml:2: {NAMESPACE}concurrent = 0: must be at least 1\n" in told
    assert f"  shared.yaml:4: {NAMESPACE}token: is in a shared file; set it in each stack: " in told
    assert "glrt-in-the-clear" not in told


@pytest.mark.parametrize("name", NAMES)
def test_an_example_stack_is_planned_as_it_stands(cloud: LocalCloud, tmp_path: Path, name: str) -> None:
    project = example(cloud, tmp_path, name)
    planned = project.pulumi("preview", "--json", "--stack", name)

    steps = json.loads(planned.stdout)["steps"]
    assert {step["op"] for step in steps} == {"create"}
    created = [step["urn"].rpartition("::")[2] for step in steps]
    assert "runner-registration-config" in created
    toml = next(s["newState"]["inputs"]["stdin"] for s in steps if s["urn"].endswith("::runner-registration-config"))
    pools = read_pools(name)
    assert all(f'name = "{pool}' in toml for pool in pools)
    assert "warning:" not in planned.stderr


def test_an_example_stack_is_deployed_and_destroyed(cloud: LocalCloud, tmp_path: Path) -> None:
    project = example(cloud, tmp_path, "docker-in-docker", stack="deployed")
    try:
        project.pulumi("up", "--yes", "--skip-preview", "--stack", "deployed")
        outputs = json.loads(project.pulumi("stack", "output", "--json", "--stack", "deployed").stdout)
        live = control.host(cloud, outputs["manager_instance_id"]).read("/etc/gitlab-runner/config.toml")
        assert "privileged = true" in live
        assert {*outputs["runner_ids"]} == {"dind"}
    finally:
        project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "deployed")
    assert control.leftovers(cloud) == []


def example(cloud: LocalCloud, folder: Path, name: str, stack: str | None = None) -> Project:
    """A project with an example stack, under its own name or another, that leads to this cloud; its secrets are set."""
    config = yaml.safe_load(with_ids_of(cloud, (EXAMPLES / f"Pulumi.{name}.yaml").read_text()))["config"]
    secrets = [*config.pop(f"{NAMESPACE}secrets", {})]
    manager = config.setdefault(f"{NAMESPACE}manager", {})
    manager |= {"user": "root", "connectAttempts": 5, "insecureDownloads": True}
    (folder / "project").mkdir()
    shutil.copy(EXAMPLES / "shared.yaml", folder / "project")
    stack = stack or name
    project = Project.create(cloud, folder / "project", stack, control.with_addresses(config, cloud))
    values = {TOKEN_KEY: control.create_runner(cloud)}
    values |= {f"{NAMESPACE}secrets.{each}": control.create_runner(cloud) for each in secrets}
    arguments = [argument for key, value in values.items() for argument in ("--secret", f"{key}={value}")]
    project.pulumi("config", "set-all", "--path", *arguments, "--stack", stack)
    return project


def with_ids_of(cloud: LocalCloud, text: str) -> str:
    """The text with the ids of a network and of an image that are there in the place of made-up ones."""
    ids = ids_of_default_network(cloud)
    text = re.sub(r"\bsubnet-\w+", ids["subnet-0ours"], re.sub(r"\bvpc-\w+", ids["vpc-0ours"], text))
    return re.sub(r"\bami-\w+", "ami-0a1b2c3d4e5f60001", text)


def read_pools(name: str) -> list[str]:
    config = yaml.safe_load((EXAMPLES / f"Pulumi.{name}.yaml").read_text())["config"]
    return [pool["name"] for pool in config[f"{NAMESPACE}pools"]]
