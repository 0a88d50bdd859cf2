"""The real engine, deploying the real program into a local cloud of the test process's own."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from . import installed

STACK = "local"
TOKEN_KEY = "gitlab-runner-aws:token"
CONFIG = "runner-registration-config"


@dataclass
class Deployment:
    """One stack in a local cloud."""

    project: Project
    config: dict[str, Any]
    token: str = field(repr=False)

    @property
    def cloud(self) -> LocalCloud:
        return self.project.cloud

    @cached_property
    def runner_id(self) -> int:
        """The runner's id at GitLab, where runners of other tests may still be, and their managers."""
        return control.runner_id(self.cloud, self.token)

    @property
    def pool(self) -> dict[str, Any]:
        """The one pool of the settings; what a test changes in it counts after `configure`."""
        pool: dict[str, Any] = self.config["gitlab-runner-aws:pools"][0]
        return pool

    def configure(self) -> None:
        self.project.configure(control.with_addresses(self.config, self.cloud))

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.project.pulumi(*arguments, "--stack", self.project.stack, check=check)

    def up(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--yes", "--skip-preview", *arguments, check=check)

    def destroy(self) -> subprocess.CompletedProcess[str]:
        return self.run("destroy", "--yes", "--skip-preview")

    def plan(self) -> dict[str, dict[str, Any]]:
        """What a preview would do, by resource name; steps that change nothing are left out."""
        return {step["urn"].rsplit("::", 1)[1]: step for step in self.steps() if step["op"] != "same"}

    def steps(self) -> list[dict[str, Any]]:
        """What a preview would do with each resource."""
        return list(json.loads(self.run("preview", "--json").stdout)["steps"])

    def resources(self) -> list[dict[str, Any]]:
        """What `pulumi stack export` shows, read from the engine's file: tests ask for it all the time."""
        return resources_of(self.project)

    def outputs(self) -> dict[str, Any]:
        """What `pulumi stack output --json` shows, for none of it is secret."""
        (stack,) = (each for each in self.resources() if each["type"] == "pulumi:pulumi:Stack")
        return dict(stack.get("outputs", {}))

    def host(self) -> control.Host:
        return control.host(self.cloud, self.outputs().get("manager_instance_id") or self._instance())

    def _instance(self) -> str:
        """The manager of a stack whose first `up` has failed: outputs come at the end of one that has not."""
        (found,) = (each["id"] for each in self.resources() if each["type"] == "aws:ec2/instance:Instance")
        return str(found)

    def managers(self) -> list[str]:
        """The system ids of the runner's managers at GitLab."""
        runners = control.gitlab(self.cloud, "state")["runners"]
        return [
            manager["system_id"] for each in runners if each["id"] == self.runner_id for manager in each["managers"]
        ]

    def live(self) -> str:
        return self.host().read("/etc/gitlab-runner/config.toml")

    def service_pid(self) -> int:
        return int(self.host().run("systemctl show -p MainPID --value gitlab-runner"))


def state_file(project: Project) -> Path:
    """Where the engine keeps the stack's state."""
    name: str = yaml.safe_load((project.folder / "Pulumi.yaml").read_text())["name"]
    return project.cloud.folder / "state" / ".pulumi" / "stacks" / name / f"{project.stack}.json"


def resources_of(project: Project) -> list[dict[str, Any]]:
    """What is in the stack's state."""
    state = json.loads(state_file(project).read_text())
    return list((state["checkpoint"]["latest"] or {}).get("resources") or [])


def new_stack(cloud: LocalCloud, folder: Path, config: dict[str, Any]) -> Deployment:
    """A stack of the program without any resources, and a runner whose token it has.

    The engine's commands make the first one in a local cloud, and those after it are copies with the same token.
    """
    kept = cloud.folder / "new-stack"
    settings = control.with_addresses(config, cloud)
    if not kept.exists():
        project = Project.create(cloud, folder, STACK, settings)
        token = control.create_runner(cloud)
        project.set_secret(TOKEN_KEY, token)
        content = yaml.safe_load((folder / f"Pulumi.{STACK}.yaml").read_text())
        content["config"] = {TOKEN_KEY: content["config"][TOKEN_KEY]}
        kept.mkdir()
        (kept / "token").write_text(token)
        (kept / "stack.yaml").write_text(yaml.safe_dump(content))
        shutil.copy(state_file(project), kept / "state.json")
        return Deployment(project, config, token)
    folder.mkdir(parents=True)
    shutil.copy(kept / "stack.yaml", folder / f"Pulumi.{STACK}.yaml")
    project = Project.create(cloud, folder, STACK, settings)
    assert not state_file(project).exists(), "another test's stack is still there"
    shutil.copy(kept / "state.json", state_file(project))
    token = (kept / "token").read_text()
    control.gitlab(cloud, "runners", {"token": token})
    return Deployment(project, config, token)


def remove_stack(deployment: Deployment) -> None:
    """Destroy what there is, and forget the stack, as `pulumi stack rm` does where nothing is left."""
    if state_file(deployment.project).exists():
        if deployment.resources():
            deployment.destroy()
        assert deployment.resources() == []
        state_file(deployment.project).unlink()
    # What a test has left at GitLab on purpose is not the next one's. The first call makes a runner that is gone.
    control.runner_id(deployment.cloud, deployment.token)
    control.delete_runner(deployment.cloud, deployment.token)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud.start(tmp_path_factory.mktemp("cloud"), hurried=True)
    yield running
    running.stop()


def local_settings() -> dict[str, Any]:
    """The settings of Pulumi.local.yaml."""
    return dict(yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())["config"])


@pytest.fixture
def deployment(cloud: LocalCloud, tmp_path: Path) -> Iterator[Deployment]:
    """A stack with the settings of Pulumi.local.yaml, not deployed yet; destroyed after the test."""
    # Every test has a state of its own, though they share the cloud.
    made = new_stack(cloud, tmp_path / "project", local_settings())
    yield made
    remove_stack(made)


@pytest.fixture
def traced(cloud: LocalCloud) -> Iterator[None]:
    """Hosts that record what is executed on them."""
    with control.traced(cloud):
        yield


@pytest.fixture(scope="module")
def shared(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One stack for several tests of a file: the last ones, for `deployment` would be the same stack."""
    made = new_stack(cloud, tmp_path_factory.mktemp("shared") / "project", local_settings())
    yield made
    remove_stack(made)


@pytest.fixture
def deployed(shared: Deployment) -> Deployment:
    """That stack, up: as the test before has left it, or deployed anew where that has destroyed it."""
    if not shared.resources():
        shared.up()
    return shared


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of the sdist as a release is."""
    return installed.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def consumer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment into which the wheel is installed."""
    python = installed.environment(tmp_path_factory.mktemp("consumer") / "venv")
    installed.install(python, "--no-deps", str(wheel))
    return python
