"""A manager that another takes the place of, and the end of a deployment when something is in its way.

One stack, in this order: the last test destroys it.
"""

import time

from localcloud import control
from tests import needs

from .conftest import Deployment

SYSTEM_ID = "/etc/gitlab-runner/.runner_system_id"


def machines_of(host: control.Host) -> list[str]:
    return host.run("docker-machine ls -q").split()


def has_machine(deployment: Deployment) -> None:
    """Wait until the runner keeps a machine idle."""
    host, deadline = deployment.host(), time.monotonic() + 100
    while not host.run("docker-machine ls -q --filter state=Running").split():
        assert time.monotonic() < deadline, "the runner started no machine"
        time.sleep(0.5)


def workers(deployment: Deployment) -> list[str]:
    """The names of the machines that run in EC2."""
    reservations = control.aws(deployment.cloud, "ec2").describe_instances(
        Filters=[
            {"Name": "instance-state-name", "Values": ["running"]},
            {"Name": "tag:Name", "Values": ["runner-*-*-*"]},
        ]
    )["Reservations"]
    return [tag["Value"] for r in reservations for i in r["Instances"] for tag in i["Tags"] if tag["Key"] == "Name"]


@needs.MACHINES
def test_a_replaced_manager_is_drained_after_its_successor_works_and_before_its_instance_goes(
    deployed: Deployment,
) -> None:
    has_machine(deployed)
    old_machines, old_managers = machines_of(deployed.host()), deployed.managers()
    deployed.config["gitlab-runner-aws:manager"]["instanceType"] = "t4g.small"
    deployed.pool["extra"] = {"no_such_key": 1}
    deployed.configure()
    assert "no_such_key" in deployed.up(check=False).stdout
    assert old_managers[0] in deployed.managers(), "the successor does not work yet, and the old one is gone"
    del deployed.pool["extra"]
    deployed.configure()

    output = deployed.up().stdout

    order = [
        output.index(line)
        for line in (
            "runner-registration-config updated",
            f"removed machine {old_machines[0]}",
            "runner-registration-life deleted original",
            "runner-manager-instance deleted",
        )
    ]
    assert order == sorted(order)
    assert len(deployed.managers()) == 1
    assert deployed.managers() != old_managers
    has_machine(deployed)
    assert {*workers(deployed)} & {*old_machines} == set()
    deployed.up("--expect-no-changes")


def test_a_manager_that_is_lost_can_be_replaced_by_the_way_that_the_readme_names(deployed: Deployment) -> None:
    manager = deployed.config["gitlab-runner-aws:manager"]
    lost = deployed.outputs()["manager_instance_id"]
    control.aws(deployed.cloud, "ec2").terminate_instances(InstanceIds=[lost])

    manager["lost"] = True
    deployed.configure()
    deployed.up()
    deployed.up("--refresh")
    del manager["lost"]
    deployed.configure()
    deployed.up()

    assert deployed.outputs()["manager_instance_id"] != lost
    assert "token = " in deployed.live()
    (old,) = [system_id for system_id in deployed.managers() if system_id not in deployed.host().read(SYSTEM_ID)]
    # GitLab lists it still, which a person deletes there; the machine that it had goes with the stack.
    entry = {"token": deployed.token, "system_id": old}
    control.gitlab_api(deployed.cloud, "DELETE", "runners/managers", entry)
    assert len(deployed.managers()) == 1


def test_a_destroy_ends_the_runner_though_its_folder_and_program_and_the_machines_files_are_gone(
    deployed: Deployment,
) -> None:
    has_machine(deployed)
    (manager,) = deployed.managers()
    deployed.host().run(
        "systemctl stop gitlab-runner; rm -r /etc/gitlab-runner /usr/local/bin/gitlab-runner; "
        "for file in /root/.docker/machine/machines/*/config.json; do echo '{' > $file; done"
    )

    deployed.destroy()

    assert control.leftovers(deployed.cloud) == []
    assert manager not in deployed.managers()
