"""What happens to one stack: an `up` that is interrupted, an upgrade, processes that the kernel ends, another address.

Each test continues from the one before; the last one destroys the stack.
"""

import json
import signal
import socket
import subprocess
import time
from typing import Any

import pytest

from localcloud import control
from tests import needs

from . import promises
from .conftest import STACK, Deployment
from .test_end_of_life import has_machine, machines_of

MANAGER = "gitlab-runner-aws:manager"
TOOL = "/usr/local/lib/gitlab-runner-aws/manager-tool watch"
STATE = "/run/systemctl-stand-in/gitlab-runner.service.json"


@pytest.fixture(scope="module")
def stack(shared: Deployment) -> Deployment:
    """One with a machine that waits for jobs, and a watch that looks when a test says so; not deployed yet."""
    shared.config[MANAGER]["watch"] = {"intervalSeconds": 3600}
    shared.pool["machine"] = {"IdleCount": 1, "IdleTime": 1800}
    shared.configure()
    return shared


@pytest.fixture
def deployed(stack: Deployment) -> Deployment:
    """That stack, deployed where the test before has not done it."""
    if not stack.resources():
        stack.up()
    return stack


def interrupt(deployment: Deployment, number: signal.Signals, step: str) -> None:
    """Begin an `up` and send its engine a signal while a step runs."""
    command = deployment.project.command("up", "--yes", "--skip-preview", "--stack", STACK)
    process = subprocess.Popen(
        command,
        cwd=deployment.project.folder,
        env=deployment.cloud.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    seen, sent = "", False
    for line in process.stdout:
        seen += line
        if step in line and "creating" in line:
            process.send_signal(number)
            sent = True
            break
    rest, _ = process.communicate(timeout=60)
    assert sent, f"it did not come to {step}:\n{seen}"
    assert process.returncode != 0, f"it was finished before it could be interrupted:\n{seen}{rest}"


def test_an_up_after_an_interrupted_one_finishes_what_was_begun(stack: Deployment) -> None:
    interrupt(stack, signal.SIGINT, "runner-registration-install")
    # This one continues from there, as far as the next step.
    interrupt(stack, signal.SIGTERM, "runner-registration-config")

    stack.up()
    stack.up("--expect-no-changes")
    assert "token = " in stack.live()


def set_version(deployment: Deployment, version: str) -> None:
    deployment.config["gitlab-runner-aws:manager"]["gitlabRunner"] = {"version": version}
    deployment.configure()


def last_job(deployment: Deployment) -> str:
    return str(control.gitlab(deployment.cloud, "state")["jobs"][-1]["state"])


def machines(deployment: Deployment) -> dict[str, str]:
    """The instances of the machines that wait for jobs, or run some, by name."""
    inspect = "docker-machine inspect -f '{{.Name}} {{.Driver.InstanceId}}'"
    found = deployment.host().run(f"for name in $(docker-machine ls -q); do {inspect} $name; done")
    return dict(line.split() for line in found.splitlines())


def instances(deployment: Deployment) -> set[str]:
    """The workers that run in EC2."""
    ec2, manager = control.aws(deployment.cloud, "ec2"), deployment.outputs()["manager_instance_id"]
    filters = [
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
        {"Name": "tag-key", "Values": ["gitlab-runner-aws"]},
        {"Name": "tag:Name", "Values": ["runner-*"]},
    ]
    pages = ec2.describe_instances(Filters=filters)["Reservations"]
    return {each["InstanceId"] for page in pages for each in page["Instances"]} - {manager}


@needs.VERSIONS
@needs.JOBS
def test_an_upgrade_lets_the_running_job_end_and_a_bad_version_is_taken_back(deployed: Deployment) -> None:
    set_version(deployed, "19.2.0")
    deployed.up()
    control.gitlab(deployed.cloud, "jobs", {"seconds": 15})
    deadline = time.monotonic() + 100
    while last_job(deployed) != "running":
        assert time.monotonic() < deadline, "the job was not taken"
        time.sleep(0.1)

    set_version(deployed, "19.3.0")
    told = deployed.up().stdout
    assert "upgrading gitlab-runner from 19.2.0 to 19.3.0" in told
    assert last_job(deployed) == "success"
    assert "19.3.0" in deployed.host().run("gitlab-runner --version")

    set_version(deployed, "99.0.0-no-start")
    for _ in range(2):
        failed = deployed.up(check=False)
        assert failed.returncode != 0
        assert "gitlab-runner 99.0.0-no-start failed, so 19.3.0 runs again" in failed.stdout + failed.stderr
        assert "19.3.0" in deployed.host().run("gitlab-runner --version")
        assert deployed.service_pid() > 0

    set_version(deployed, "19.3.0")
    pid = deployed.service_pid()
    deployed.up()
    assert deployed.service_pid() == pid


@needs.JOBS
@needs.MACHINES
def test_the_kernel_may_end_any_process_without_a_machine_being_lost(deployed: Deployment) -> None:
    host, managers, pid = deployed.host(), deployed.managers(), deployed.service_pid()
    promises.until(lambda: host.run("docker-machine ls -q --filter state=Running").split() != [], "no machine")
    control.gitlab(deployed.cloud, "jobs", {"seconds": 10})
    promises.until(lambda: last_job(deployed) == "running", "the job was not taken")

    # Another process than gitlab-runner itself: the service continues, with its job.
    host.run(f"kill -USR1 {json.loads(host.read(STATE))['Supervisor']}")
    promises.until(
        lambda: "killed by the OOM killer" in host.run("journalctl -u gitlab-runner"), "systemd did not notice"
    )
    assert host.run("systemctl is-active gitlab-runner") == "active\n"
    promises.until(lambda: last_job(deployed) != "running", "the job did not end")
    assert (last_job(deployed), deployed.service_pid()) == ("success", pid)

    promises.until(lambda: instances(deployed) == {*machines(deployed).values()}, "an instance is nobody's")
    before = machines(deployed)
    # gitlab-runner itself: systemd starts it again.
    host.run(f"kill -9 {pid}")
    promises.until(lambda: deployed.service_pid() not in (0, pid), "it was not started again", 20)
    promises.until(lambda: host.run("docker-machine ls -q --filter state=Running").split() != [], "no machine any more")
    control.gitlab(deployed.cloud, "jobs", {"seconds": 0})
    promises.until(lambda: last_job(deployed) == "success", "no job was taken any more")
    assert deployed.managers() == managers
    assert before.items() <= machines(deployed).items()
    assert instances(deployed) == {*machines(deployed).values()}
    assert "0 would be removed" in host.run(f"{TOOL} --dry-run")
    deployed.up("--expect-no-changes")


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
def test_a_manager_and_its_successor_are_reached_at_the_elastic_address(deployed: Deployment) -> None:
    deployed.config[MANAGER]["elasticIp"] = True
    deployed.configure()
    deployed.up()

    first, held = deployed.outputs(), address(deployed)
    assert first["manager_address"] == held["PublicIp"]
    assert first["manager_instance_id"] == held["InstanceId"]
    assert accepts(deployed, held["PublicIp"])
    # The address that the instance was started with is no longer its own.
    (launched,) = (each for each in deployed.resources() if each.get("id") == held["InstanceId"])
    assert not accepts(deployed, launched["outputs"]["publicIp"])
    deployed.up("--expect-no-changes")

    has_machine(deployed)
    (old_manager,), old_machines = deployed.managers(), machines_of(deployed.host())
    deployed.config[MANAGER]["instanceType"] = "t4g.small"
    deployed.configure()
    said = deployed.up().stdout

    second, moved = deployed.outputs(), address(deployed)
    assert moved["PublicIp"] == held["PublicIp"] == second["manager_address"]
    assert moved["InstanceId"] == second["manager_instance_id"] != first["manager_instance_id"]
    # There is one address, so that the old one ends before its successor begins.
    assert f"removed machine {old_machines[0]}" in said
    (new_manager,) = deployed.managers()
    assert new_manager != old_manager
    assert "[[runners]]" in deployed.live()
    deployed.up("--expect-no-changes")

    deployed.destroy()
    assert control.leftovers(deployed.cloud) == []
