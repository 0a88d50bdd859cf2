"""The stand-in for gitlab-runner runs jobs of docker-autoscaler on a group's instances."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .emulated_fleet import Account, account, until
from .running_autoscaler import AutoscaledRunner, autoscaled


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


@pytest.fixture
def runner(aws: Account, tmp_path: Path) -> Iterator[AutoscaledRunner]:
    with autoscaled(tmp_path, aws) as made:
        yield made


def test_jobs_run_on_instances_of_the_group_that_go_when_they_are_idle(runner: AutoscaledRunner) -> None:
    runner.configure()
    runner.start()
    runner.jobs(2, 1)

    runner.succeeded(2)
    until(lambda: not runner.instances())

    assert runner.logged("instance discovery")
    assert runner.aws.described()["DesiredCapacity"] == 0
    assert {each["user"] for each in runner.aws.control("auto-scaling")["pushed"]} == {"ubuntu"}
