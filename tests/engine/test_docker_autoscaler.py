"""A pool of docker-autoscaler: as many jobs as it promises, on machines of its group, and nothing of it in the end."""

from typing import Any

import pytest

from localcloud import control
from tests import needs

from . import promises
from .conftest import Deployment

LIMIT = 6
CAPACITY = 2


def autoscaled(deployment: Deployment, **pool: Any) -> str:
    """Have the stack's one pool run by docker-autoscaler; return the name of its group."""
    deployment.config["gitlab-runner-aws:executor"] = "docker-autoscaler"
    deployment.pool.pop("machine", None)
    deployment.pool.update(zones=["a", "b"], instanceTypes=["m5.large", "m6i.large"], limit=LIMIT, **pool)
    deployment.config["gitlab-runner-aws:network"] = {"zones": ["a", "b"]}
    deployment.configure()
    return f"gitlab-runner-aws/{deployment.project.stack}/runner/{deployment.pool['name']}"


def group(deployment: Deployment, name: str) -> dict[str, Any]:
    """A group as AWS describes it."""
    client = control.aws(deployment.cloud, "autoscaling")
    (found,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found)


@pytest.fixture
def pool(shared: Deployment) -> tuple[Deployment, str]:
    """One stack for all tests, from its first `up` to its end in the last one; and the name of its group."""
    name = f"gitlab-runner-aws/{shared.project.stack}/runner/{shared.pool['name']}"
    if not shared.resources():
        shared.config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 20}
        assert autoscaled(shared, machine={"IdleTime": 3}, autoscaler={"capacity_per_instance": CAPACITY}) == name
        shared.up()
    promises.begin()
    return shared, name


@needs.JOBS
def test_a_pool_runs_its_jobs_on_machines_of_its_group(pool: tuple[Deployment, str]) -> None:
    deployment, name = pool
    assert group(deployment, name)["Instances"] == []

    with promises.watched(deployment) as most:
        promises.queue(deployment, deployment.runner_id, LIMIT + promises.MORE, seconds=10)
        promises.until(lambda: most.jobs[deployment.runner_id] == LIMIT, "fewer jobs run than the limit says")
        promises.until(
            lambda: len(group(deployment, name)["Instances"]) == LIMIT / CAPACITY, "machines take more or fewer jobs"
        )
        zones = {each["AvailabilityZone"][-1] for each in group(deployment, name)["Instances"]}
        promises.until(lambda: promises.unfinished(deployment) == 0, "jobs wait for ever")
    assert most.jobs[deployment.runner_id] == LIMIT
    assert zones == {"a", "b"}
    assert most.machines == {deployment.pool["name"]: LIMIT / CAPACITY}
    jobs = control.gitlab(deployment.cloud, "state")["jobs"]
    assert {each["state"] for each in jobs if each["id"] in promises.queued()} == {"success"}
    promises.until(lambda: group(deployment, name)["Instances"] == [], "idle machines stay")


@needs.JOBS
def test_where_aws_has_no_spot_capacity_jobs_wait_the_reason_is_told_and_they_run_when_it_is_back(
    pool: tuple[Deployment, str],
) -> None:
    deployment, name = pool
    deployment.pool["spot"] = {}
    deployment.configure()
    deployment.up()
    try:
        control.refuse(deployment.cloud, {"code": "InsufficientInstanceCapacity", "market": "spot"})
        promises.queue(deployment, deployment.runner_id, 2, seconds=1)
        journal = "journalctl -u gitlab-runner-aws-watch --no-pager"
        promises.until(lambda: name in deployment.host().run(journal), "nobody tells why no machine is launched")
        (line, *_) = [each for each in deployment.host().run(journal).splitlines() if name in each]
        assert "capacity" in line
        assert promises.unfinished(deployment) == 2
        assert "watch: " not in deployment.host().run(journal)
    finally:
        control.refuse(deployment.cloud)
    promises.until(lambda: promises.unfinished(deployment) == 0, "jobs wait although there is capacity again")
    states = {each["id"]: each["state"] for each in control.gitlab(deployment.cloud, "state")["jobs"]}
    assert {states[each] for each in promises.queued()} == {"success"}


@needs.JOBS
def test_a_manager_that_is_replaced_ends_its_jobs_before_the_next_one_has_the_group_and_nothing_is_left(
    pool: tuple[Deployment, str],
) -> None:
    deployment, name = pool
    first = deployment.outputs()["manager_instance_id"]
    (job,) = promises.queue(deployment, deployment.runner_id, 1, seconds=40)
    promises.until(lambda: promises.count(deployment).jobs[deployment.runner_id] == 1, "the job is not taken")

    deployment.config["gitlab-runner-aws:manager"]["instanceType"] = "t4g.small"
    deployment.configure()
    deployment.up()
    assert deployment.outputs()["manager_instance_id"] != first
    promises.queue(deployment, deployment.runner_id, LIMIT, seconds=1)
    promises.until(lambda: promises.unfinished(deployment) == 0, "jobs wait for ever")
    states = {each["id"]: each["state"] for each in control.gitlab(deployment.cloud, "state")["jobs"]}
    assert states[job] == "success"
    assert {states[each] for each in promises.queued()} == {"success"}

    promises.until(lambda: group(deployment, name)["Instances"] == [], "idle machines stay")
    deployment.destroy()
    assert control.leftovers(deployment.cloud) == []
