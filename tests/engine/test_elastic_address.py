"""A manager with an address that stays: reached there and nowhere else, and so is the one that takes its place."""

import socket
from typing import Any

from localcloud import control
from tests import needs

from .conftest import Deployment
from .test_end_of_life import has_machine, machines_of

MANAGER = "gitlab-runner-aws:manager"


def address(deployment: Deployment) -> dict[str, Any]:
    """The one elastic address, as EC2 describes it."""
    (found,) = control.aws(deployment.cloud, "ec2").describe_addresses()["Addresses"]
    return dict(found)


def accepts(deployment: Deployment, host: str) -> bool:
    try:
        socket.create_connection((host, deployment.cloud.addresses.ssh_port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


@needs.MACHINES
def test_a_manager_and_its_successor_are_reached_at_the_elastic_address(deployment: Deployment) -> None:
    deployment.config[MANAGER]["elasticIp"] = True
    deployment.configure()
    deployment.up()

    first, held = deployment.outputs(), address(deployment)
    assert first["manager_address"] == held["PublicIp"]
    assert first["manager_instance_id"] == held["InstanceId"]
    assert accepts(deployment, held["PublicIp"])
    # The address that the instance was started with is no longer its own.
    (launched,) = (each for each in deployment.resources() if each.get("id") == held["InstanceId"])
    assert not accepts(deployment, launched["outputs"]["publicIp"])
    deployment.up("--expect-no-changes")

    has_machine(deployment)
    (old_manager,), old_machines = deployment.managers(), machines_of(deployment.host())
    deployment.config[MANAGER]["instanceType"] = "t4g.small"
    deployment.configure()
    said = deployment.up().stdout

    second, moved = deployment.outputs(), address(deployment)
    assert moved["PublicIp"] == held["PublicIp"] == second["manager_address"]
    assert moved["InstanceId"] == second["manager_instance_id"] != first["manager_instance_id"]
    # There is one address, so that the old one ends before its successor begins.
    assert f"removed machine {old_machines[0]}" in said
    (new_manager,) = deployment.managers()
    assert new_manager != old_manager
    assert "[[runners]]" in deployment.live()
    deployment.up("--expect-no-changes")

    deployment.destroy()
    assert control.leftovers(deployment.cloud) == []
