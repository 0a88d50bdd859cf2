"""Stacks of one name, of several projects in one account: what each watch removes is its own stack's alone."""

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

from .conftest import TOKEN_KEY, Deployment
from .test_changes import ids_of_default_network
from .test_end_of_life import has_machine
from .test_watch import STAGED, TOOL, Account

STACK = "prod"
PROJECTS = {"one": "ci", "two": "ci-large", "three": "ci-large-2"}
"""The projects, and the names of their pools, of which each begins like the one before."""
OWN_NETWORK = "three"
"""The project that has a VPC of its own; the others share one."""


class Deployed:
    """One of them; they share a runner at GitLab, so that their machines' names differ by the pools' alone."""

    def __init__(self, cloud: LocalCloud, folder: Path, name: str, token: str, network: dict[str, Any] | None) -> None:
        self.name = name
        config = copy.deepcopy(yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"])
        config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600}
        if network is not None:
            config["gitlab-runner-aws:network"] = network
        project = Project.create(cloud, folder, STACK, {}, name=name)
        self.deployment = Deployment(project, config, token)
        self.deployment.pool.update({"name": PROJECTS[name], "machine": {"IdleCount": 1, "IdleTime": 1800}})
        self.deployment.configure()
        project.set_secret(TOKEN_KEY, token)
        self.deployment.up()
        self.host = self.deployment.host()
        has_machine(self.deployment)
        # gitlab-runner would see to broken machines itself; and nothing is to be too young.
        self.host.run("systemctl stop gitlab-runner")
        told = json.loads(self.host.read(STAGED))
        self.host.run(f"printf %s '{json.dumps({**told, 'graceMinutes': 0})}' > {STAGED}")
        self.account = Account(self.deployment)

    def strew(self) -> tuple[list[str], set[str], set[str]]:
        """Leave what a watch has to find: instances, key pairs without one, and volumes."""
        account, tag = self.account, "gitlab-runner-aws"
        names = [account.name(digit) for digit in "012345"]
        instances = [
            account.launch(names[0], {"Name": names[0], tag: account.told["deployment"]}),
            # As releases up to 0.2 tagged it: both projects' alike.
            account.launch(names[1], {"Name": names[1], tag: f"{STACK}-runner"}),
            account.launch(names[2]),
        ]
        account.ec2.create_key_pair(KeyName=names[3])
        volumes = {account.volume(names[4], account.told["deployment"])}
        return instances, {names[3]}, volumes

    def volumes(self) -> set[str]:
        return {volume["VolumeId"] for volume in self.account.ec2.describe_volumes()["Volumes"]}


@pytest.fixture
def deployed(cloud: LocalCloud, tmp_path: Path) -> Iterator[list[Deployed]]:
    ids = ids_of_default_network(cloud)
    existing = {"vpcId": ids["vpc-0ours"], "subnetIds": [ids["subnet-0ours"]]}
    token = control.create_runner(cloud)
    made = [
        Deployed(cloud, tmp_path / name, name, token, None if name == OWN_NETWORK else existing) for name in PROJECTS
    ]
    yield made
    for each in made:
        each.deployment.destroy()
        each.deployment.run("stack", "rm", "--yes", "--preserve-config")
    assert control.leftovers(cloud) == []


def test_each_watch_removes_its_own_and_only_its_own(deployed: list[Deployed]) -> None:
    told = [each.account.told["deployment"] for each in deployed]
    assert told == ["one/prod/runner", "two/prod/runner", "three/prod/runner"]
    left = {each.name: each.strew() for each in deployed}
    time.sleep(1.1)  # EC2 counts whole seconds

    for number, looking in enumerate(deployed):
        others = [other for other in deployed if other is not looking]
        own_keys = {key for key in looking.account.key_pairs() if of_pool(key, PROJECTS[looking.name])}
        theirs = looking.account.key_pairs() - own_keys
        instances, keys, volumes = left[looking.name]
        for _ in range(2):
            print(looking.host.run(f"{TOOL} 2>&1"))
        assert looking.account.alive(instances) == [False] * 3
        assert not keys & looking.account.key_pairs()
        assert not volumes & looking.volumes()
        kept = [each.account.like["InstanceId"] for each in deployed]
        assert looking.account.alive([*kept, *(each.account.manager for each in deployed)]) == [True] * 6
        assert looking.host.run("docker-machine ls -q").split() == [looking.account.worker]
        assert theirs <= looking.account.key_pairs()
        # What the watches before this one have removed is gone.
        for other in [each for each in others if each in deployed[number:]]:
            instances, keys, volumes = left[other.name]
            assert looking.account.alive(instances) == [True] * 3
            assert volumes <= looking.volumes()
            assert keys < {key for key in theirs if of_pool(key, PROJECTS[other.name])}


def of_pool(key: str, pool: str) -> bool:
    """Whether this is the key pair of a machine of the pool."""
    return f"-{pool}-1" in key
