"""The driver's calls under an emulated IAM that checks signatures and actions.

That is what moto can: it knows neither resources nor the context of conditions. What those decide is asked of an
evaluator in tests/policies.
"""

import json
import subprocess
import tomllib
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud import control
from tests import needs

from .conftest import Deployment


def _check_from(deployment: Deployment, requests: str) -> None:
    """Have moto check authorisation after so many requests more; `inf` for never."""
    url = f"{deployment.cloud.addresses.aws}/moto-api/reset-auth"
    request = urllib.request.Request(url, requests.encode(), {"Content-Type": "text/plain"})
    urllib.request.urlopen(request, timeout=10).close()


class User:
    """The manager's user, with the actions of its policy alone."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._iam = control.aws(deployment.cloud, "iam")
        self._name = self._iam.list_users()["Users"][0]["UserName"]
        (attached,) = self._iam.list_attached_user_policies(UserName=self._name)["AttachedPolicies"]
        arn = attached["PolicyArn"]
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        self.actions = {action for statement in document["Statement"] for action in statement["Action"]}
        self._iam.detach_user_policy(UserName=self._name, PolicyArn=arn)
        self._arn = arn

    def may(self, actions: set[str]) -> None:
        _check_from(self._deployment, "inf")
        statement: dict[str, Any] = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._iam.put_user_policy(UserName=self._name, PolicyName="actions", PolicyDocument=policy)
        _check_from(self._deployment, "0")

    def restore(self) -> None:
        _check_from(self._deployment, "inf")
        self._iam.delete_user_policy(UserName=self._name, PolicyName="actions")
        self._iam.attach_user_policy(UserName=self._name, PolicyArn=self._arn)


@pytest.fixture
def user(deployment: Deployment) -> Iterator[User]:
    deployment.config["gitlab-runner-aws:identity"] = {"mode": "accessKey"}
    deployment.pool["machine"] = {**deployment.pool["machine"], "IdleCount": 0, "autoscaling": []}
    deployment.configure()
    deployment.up()
    made = User(deployment)
    yield made
    made.restore()


def create_and_remove(deployment: Deployment) -> None:
    (runner,) = tomllib.loads(deployment.live())["runners"]
    options = " ".join(f"--{option}" for option in runner["machine"]["MachineOptions"])
    deployment.host().run(f"docker-machine create --driver amazonec2 {options} runner-probe-local-1")
    deployment.host().run("docker-machine rm -y runner-probe-local-1")


@needs.MACHINES
def test_the_drivers_calls_need_just_the_actions_that_the_policy_names(deployment: Deployment, user: User) -> None:
    user.may(user.actions)
    create_and_remove(deployment)

    for missing in ("ec2:RunInstances", "ec2:ImportKeyPair", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"):
        user.may(user.actions - {missing})
        with pytest.raises(subprocess.CalledProcessError):
            create_and_remove(deployment)
        deployment.host().run("docker-machine rm -f -y runner-probe-local-1 || true")
