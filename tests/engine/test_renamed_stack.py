"""A stack that is renamed while a job runs, and another one that then gets the former name."""

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project
from tests import needs

from . import promises
from .conftest import TOKEN_KEY, Deployment
from .test_changes import ids_of_default_network
from .test_end_of_life import machines_of
from .test_watch import STAGED, TOOL, Account

FORMER, LATER = "before", "after"
JOB_SECONDS = 60
TAG = "gitlab-runner-aws"


@pytest.fixture(params=["profiles of their own", "a shared profile"])
def identity(cloud: LocalCloud, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The stacks' setting `identity`; with a profile that they share, their workers' groups alone are different."""
    if request.param == "profiles of their own":
        yield {}
        return
    iam, trust = control.aws(cloud, "iam"), {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName="shared-worker", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    profile = iam.create_instance_profile(InstanceProfileName="shared-worker")["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName="shared-worker", RoleName="shared-worker")
    yield {"workerInstanceProfile": profile["Arn"], "workerRole": role["Arn"]}
    iam.remove_role_from_instance_profile(InstanceProfileName="shared-worker", RoleName="shared-worker")
    iam.delete_instance_profile(InstanceProfileName="shared-worker")
    iam.delete_role(RoleName="shared-worker")


@pytest.fixture
def config(cloud: LocalCloud, identity: dict[str, str]) -> dict[str, Any]:
    """The settings of both stacks: one VPC, and pools of one name that share a runner."""
    config: dict[str, Any] = copy.deepcopy(yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"])
    ids = ids_of_default_network(cloud)
    config["gitlab-runner-aws:network"] = {"vpcId": ids["vpc-0ours"], "subnetIds": [ids["subnet-0ours"]]}
    config["gitlab-runner-aws:identity"] = identity
    config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600}
    config["gitlab-runner-aws:pools"][0]["machine"] = {"IdleCount": 0, "IdleTime": 1800, "MaxBuilds": 100}
    return config


def deployed(cloud: LocalCloud, folder: Path, config: dict[str, Any], token: str) -> Deployment:
    project = Project.create(cloud, folder, FORMER, {})
    made = Deployment(project, config, token)
    made.configure()
    project.set_secret(TOKEN_KEY, token)
    made.up()
    return made


def gone(deployment: Deployment) -> None:
    deployment.destroy()
    deployment.run("stack", "rm", "--yes", "--preserve-config")


def state_of(deployment: Deployment, job: int) -> str:
    return str(control.gitlab(deployment.cloud, f"jobs/{job}")["state"])


def with_a_job(deployment: Deployment) -> int:
    """Have a job run on a machine."""
    job = int(control.gitlab(deployment.cloud, "jobs", {"seconds": JOB_SECONDS})["id"])
    promises.until(lambda: state_of(deployment, job) == "running", "nobody took the job")
    promises.until(lambda: len(machines_of(deployment.host())) == 1, "it has no machine")
    return job


def impatient(deployment: Deployment) -> Account:
    """Have the watch wait for nothing, and gitlab-runner mend nothing by itself."""
    host = deployment.host()
    told = json.loads(host.read(STAGED))
    host.run(f"printf %s '{json.dumps({**told, 'graceMinutes': 0})}' > {STAGED}")
    return Account(deployment)


def lasts(deployment: Deployment) -> tuple[Any, ...]:
    """What a rename leaves as it is."""
    outputs = deployment.outputs()
    return (
        outputs["manager_instance_id"],
        outputs["runner_ids"],
        deployment.service_pid(),
        deployment.managers(),
        machines_of(deployment.host()),
    )


@needs.JOBS
def test_a_rename_interrupts_nothing_and_the_former_name_can_be_anothers(
    cloud: LocalCloud, config: dict[str, Any], tmp_path: Path
) -> None:
    token = control.create_runner(cloud)
    renamed = deployed(cloud, tmp_path / "renamed", config, token)
    job, before = with_a_job(renamed), lasts(renamed)

    renamed.run("stack", "rename", LATER)
    renamed = Deployment(Project(cloud, tmp_path / "renamed", LATER), config, token)
    assert {step["op"] for step in renamed.plan().values()} == {"update"}
    renamed.up()
    assert state_of(renamed, job) in ("running", "success")
    assert lasts(renamed) == before
    assert f"{TAG}/{LATER}/runner" in renamed.live()
    renamed.up("--expect-no-changes")

    config = copy.deepcopy(config)
    config["gitlab-runner-aws:pools"][0]["machine"]["IdleCount"] = 1
    successor = deployed(cloud, tmp_path / "successor", config, token)
    promises.until(lambda: len(machines_of(successor.host())) == 1, "it has no machine")
    both = [impatient(each) for each in (renamed, successor)]
    assert [each.told["deployment"].split("/")[1] for each in both] == [LATER, FORMER]
    # What was left of machines that the first had started under either name, and the second under its own.
    left = [
        [one.launch(one.name(digit), {"Name": one.name(digit), TAG: tag}) for digit, tag in tags.items()]
        for one, tags in zip(
            both,
            ({"0": f"{TAG}/{FORMER}/runner", "1": f"{TAG}/{LATER}/runner"}, {"2": f"{TAG}/{FORMER}/runner"}),
            strict=True,
        )
    ]
    time.sleep(1.1)  # EC2 counts whole seconds
    in_use = [one.like["InstanceId"] for one in both]
    managers = [one.manager for one in both]

    for looking, deployment, own, others in ((both[1], successor, left[1], left[0]), (both[0], renamed, left[0], [])):
        for _ in range(2):
            print(deployment.host().run(f"{TOOL} 2>&1"))
        assert looking.alive(own) == [False] * len(own)
        assert looking.alive([*in_use, *managers, *others]) == [True] * (4 + len(others))
    promises.until(lambda: state_of(renamed, job) != "running", "the job did not end")
    assert state_of(renamed, job) == "success"

    gone(renamed)
    assert both[1].alive([in_use[1], managers[1]]) == [True] * 2
    assert len(successor.managers()) == 1
    gone(successor)
    assert [each for each in control.leftovers(cloud) if each != "shared-worker"] == []
