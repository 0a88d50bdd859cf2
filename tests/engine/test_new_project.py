"""`pulumi new` with this repository's template: the project installs the package and previews a runner."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from ..released_tag import NO_INDEX, publish
from . import installed

TEMPLATE = ROOT / "new-project"
ASKED: dict[str, Any] = yaml.safe_load((TEMPLATE / "Pulumi.yaml").read_text())["template"]["config"]
STACK = "dev"
NAME = "acme-ci"


@pytest.fixture
def project(cloud: LocalCloud, tmp_path: Path) -> Iterator[Project]:
    """What `pulumi new` makes of the template, with a virtual environment that has other packages without an index."""
    folder = tmp_path / NAME
    folder.mkdir()
    installed.environment(folder / "venv")
    made = Project(cloud, folder, STACK)
    answers = {"gitlabUrl": cloud.addresses.gitlab, "sshFrom": "127.0.0.1/32"}
    given = [argument for key, value in answers.items() for argument in ("--config", f"{key}={value}")]
    # Its virtual environment is there already.
    command = made.command("new", str(TEMPLATE), "--yes", "--force", "--name", NAME, "--stack", STACK, *given)
    environment = {**cloud.environment(), **publish(tmp_path / "gitlab"), **NO_INDEX}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield made
    made.pulumi("stack", "rm", "--yes", "--force", STACK)


def test_a_new_project_previews_a_runner_with_what_was_asked_for(project: Project, cloud: LocalCloud) -> None:
    config = project.config()
    assert config == {
        "aws:region": "eu-central-1",
        f"{NAME}:gitlabUrl": cloud.addresses.gitlab,
        f"{NAME}:jobs": "10",
        f"{NAME}:sshFrom": "127.0.0.1/32",
    }
    assert "template" not in yaml.safe_load((project.folder / "Pulumi.yaml").read_text())
    project.configure({**cloud.aws_config("eu-central-1"), **config})
    project.set_secret(f"{NAME}:runnerToken", control.create_runner(cloud))

    steps = json.loads(project.pulumi("preview", "--json", "--stack", STACK).stdout)["steps"]
    created = {step["urn"].rsplit("::", 2)[1].rpartition("$")[2] for step in steps if step["op"] == "create"}
    assert {"gitlab-runner-aws:index:AutoscalingRunner", "aws:ec2/instance:Instance"} <= created


def test_the_program_reads_what_the_template_asks_for() -> None:
    read = re.findall(r'config\.require\w*\("(\w+)"\)', (TEMPLATE / "__main__.py").read_text())

    assert {*read, "aws:region"} == ASKED.keys()
    assert [key for key, each in ASKED.items() if each.get("secret")] == ["runnerToken"]
