"""From docker+machine to docker-autoscaler and back, in place, while jobs run and others wait."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localcloud import control
from tests import needs

from . import promises
from .conftest import Deployment
from .test_docker_autoscaler import group
from .test_watch import TOOL

EXECUTOR = "gitlab-runner-aws:executor"
LIMIT = 2
LONG_SECONDS, SHORT_SECONDS = 20, 5


@pytest.fixture
def stack(shared: Deployment) -> Deployment:
    """One stack for all tests, each of which begins with docker+machine; the last one destroys it."""
    return shared


@pytest.fixture
def workers(shared: Deployment) -> Iterator[None]:
    """Put back afterwards what a test has changed about workers."""
    before = control.workers(shared.cloud)
    yield
    control.workers(shared.cloud, **before)


@pytest.fixture
def refusals(shared: Deployment) -> Iterator[None]:
    """Have AWS refuse nothing afterwards."""
    yield
    control.refuse(shared.cloud)


def choose(deployment: Deployment, executor: str, idle: int = 0) -> None:
    """Change the one line; idle machines of docker-machine would stay for long, those of a group for moments."""
    deployment.config[EXECUTOR] = executor
    deployment.pool["limit"] = LIMIT
    deployment.pool["machine"] = {"IdleCount": idle, "IdleTime": 1800 if executor == "docker+machine" else 3}
    deployment.configure()


@contextmanager
def kept_busy(deployment: Deployment) -> Iterator[list[int]]:
    """Have as many jobs run as can meanwhile, the first for long, and as many wait; yield the ids of all."""
    promises.begin()
    over = threading.Event()
    jobs = promises.queue(deployment, deployment.runner_id, 1, LONG_SECONDS)

    def feed() -> None:
        while not over.wait(1):
            lacking = 2 * LIMIT - promises.unfinished(deployment)
            jobs.extend(promises.queue(deployment, deployment.runner_id, lacking, SHORT_SECONDS))

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        promises.until(lambda: states(deployment, jobs[:1]) == {"running"}, "no job runs")
        yield jobs
    finally:
        over.set()
        thread.join()


def go_over(deployment: Deployment, executor: str, *, fails: bool = False) -> tuple[str, list[int]]:
    """Change the executor while jobs run; return what `pulumi up` prints, and the jobs of the meantime."""
    with kept_busy(deployment) as jobs:
        choose(deployment, executor)
        ended = deployment.up(check=not fails)
    assert (ended.returncode != 0) == fails
    return ended.stdout, jobs


def states(deployment: Deployment, jobs: list[int]) -> set[str]:
    return {each["state"] for each in control.gitlab(deployment.cloud, "state")["jobs"] if each["id"] in jobs}


def places(deployment: Deployment, jobs: list[int]) -> list[str]:
    """Wait for all jobs, of which none may be lost; return where they ran, by their logs, one after the other."""
    promises.until(lambda: promises.unfinished(deployment) == 0, "jobs wait for ever")
    assert states(deployment, jobs) == {"success"}
    logs = [control.gitlab(deployment.cloud, f"jobs/{job}")["trace"] for job in jobs]
    found = [re.search(r"^Running on (runner|i)-", log, re.MULTILINE) for log in logs]
    return [{"runner": "machine", "i": "instance"}[each[1]] for each in found if each]


def group_name(deployment: Deployment) -> str:
    return f"gitlab-runner-aws/{deployment.project.stack}/runner/{deployment.pool['name']}"


def instances(deployment: Deployment) -> list[Any]:
    return list(group(deployment, group_name(deployment))["Instances"])


def groups(deployment: Deployment) -> list[Any]:
    return list(control.aws(deployment.cloud, "autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"])


def rights(deployment: Deployment) -> set[str]:
    """The calls that the manager may make."""
    policies = [each for each in deployment.resources() if each["type"] == "aws:iam/rolePolicy:RolePolicy"]
    statements = [each for policy in policies for each in json.loads(policy["outputs"]["policy"])["Statement"]]
    iam = control.aws(deployment.cloud, "iam")
    found = {name for role in iam.list_roles()["Roles"] for name in _policies(iam, role["RoleName"])}
    assert found == {policy["outputs"]["name"] for policy in policies}
    return {action for each in statements for action in each["Action"]}


def _policies(iam: Any, role: str) -> list[str]:
    return list(iam.list_role_policies(RoleName=role)["PolicyNames"])


def open_ports(deployment: Deployment) -> set[int]:
    """The ports at which a security group lets something in."""
    rules = control.aws(deployment.cloud, "ec2").describe_security_group_rules()["SecurityGroupRules"]
    return {rule["FromPort"] for rule in rules if not rule["IsEgress"] and rule["FromPort"] > 0}


def key_pairs(deployment: Deployment) -> list[str]:
    """Those of machines that docker-machine has made."""
    named = [each["KeyName"] for each in control.aws(deployment.cloud, "ec2").describe_key_pairs()["KeyPairs"]]
    return [name for name in named if name.startswith("runner-") and "-manager" not in name]


def in_order(text: str, *lines: str) -> None:
    found = [text.index(line) for line in lines]
    assert found == sorted(found), text


@needs.JOBS
def test_a_stack_moves_over_and_back_while_jobs_run_and_loses_none(stack: Deployment) -> None:
    choose(stack, "docker+machine")
    stack.up()

    output, jobs = go_over(stack, "docker-autoscaler")

    in_order(
        output,
        "runner-workers-local-group created",
        "Docker answers on i-",
        "its executor changes from docker+machine to docker-autoscaler",
        "config.toml is live",
        "removed machine runner-",
        "runner-network-worker-docker deleted",
    )
    ran = places(stack, jobs)
    assert (ran[0], ran[-1], len(ran)) == ("machine", "instance", len(jobs))
    assert promises.machines(stack) == []
    assert key_pairs(stack) == []
    assert 2376 not in open_ports(stack)
    assert "ec2:RunInstances" not in rights(stack)
    assert "ec2:TerminateInstances" in rights(stack), "a machine may outlast the up"
    promises.until(lambda: instances(stack) == [], "idle machines stay")

    output, jobs = go_over(stack, "docker+machine")

    in_order(
        output,
        "runner-network-worker-docker created",
        "its executor changes from docker-autoscaler to docker+machine",
        "config.toml is live",
        "runner-workers-local-group deleted",
    )
    ran = places(stack, jobs)
    assert (ran[0], ran[-1], len(ran)) == ("instance", "machine", len(jobs))
    assert groups(stack) == []
    assert open_ports(stack) >= {22, 2376}
    assert "ec2:RunInstances" in rights(stack)
    assert not any(right.startswith("autoscaling:") for right in rights(stack))


@needs.JOBS
@pytest.mark.usefixtures("workers")
def test_an_image_that_does_not_do_stops_the_move_before_anything_changes_for_jobs(stack: Deployment) -> None:
    choose(stack, "docker+machine")
    stack.up()
    before, process = stack.live(), stack.service_pid()
    images = control.aws(stack.cloud, "ec2").describe_images()["Images"]
    without = {each["ImageId"]: {"docker": False} for each in images}
    control.workers(stack.cloud, images=without, cloudInitFails=True)

    output, jobs = go_over(stack, "docker-autoscaler", fails=True)

    assert "The pool's image or user data has to bring Docker" in output
    assert "config.toml was not changed: jobs continue as before" in output
    assert (stack.live(), stack.service_pid()) == (before, process)
    assert instances(stack) == []
    assert "ec2:RunInstances" in rights(stack), "jobs still need new machines"
    assert {*places(stack, jobs)} == {"machine"}

    choose(stack, "docker+machine")
    stack.up()
    assert (stack.live(), stack.service_pid()) == (before, process)
    assert groups(stack) == []

    choose(stack, "docker-autoscaler")
    control.workers(stack.cloud, cloudInitFails=False)
    stack.up()
    assert 'executor = "docker-autoscaler"' in stack.live()
    assert promises.machines(stack) == []


@needs.MACHINES
@pytest.mark.usefixtures("refusals")
def test_a_machine_that_outlasts_the_move_is_removed_by_the_watch(stack: Deployment) -> None:
    choose(stack, "docker+machine", idle=1)
    stack.up()
    promises.until(lambda: len(promises.machines(stack)) == 1, "no machine is kept idle")
    control.refuse(stack.cloud, {"action": "TerminateInstances", "code": "Throttling"})

    choose(stack, "docker-autoscaler")
    output = stack.up().stdout

    assert "could not be removed, the watch tries again" in output
    assert len(promises.machines(stack)) == 1
    assert "ec2:RunInstances" not in rights(stack)
    control.refuse(stack.cloud)
    # A pass by the timer may be under way, and have been refused.
    promises.until(
        lambda: (stack.host().run(TOOL), not promises.machines(stack) and not key_pairs(stack))[1],
        "the machine or its key pair stays",
        60,
    )
    stack.destroy()
    assert control.leftovers(stack.cloud) == []
