"""What the kernel ends on the manager when memory runs out: one process of the service, or gitlab-runner itself."""

import json
import time
from collections.abc import Callable

from localcloud import control
from tests import needs

from .conftest import Deployment

TOOL = "/usr/local/lib/gitlab-runner-aws/manager-tool watch"
STATE = "/run/systemctl-stand-in/gitlab-runner.service.json"
DROP_INS = "/etc/systemd/system/gitlab-runner.service.d"


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def job(deployment: Deployment) -> str:
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


@needs.JOBS
@needs.MACHINES
def test_the_kernel_may_end_any_process_without_a_machine_being_lost(deployment: Deployment) -> None:
    deployment.config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600}
    deployment.pool["machine"] = {"IdleCount": 1, "IdleTime": 1800}
    deployment.configure()
    deployment.up()
    host, managers, pid = deployment.host(), deployment.managers(), deployment.service_pid()
    until(lambda: host.run("docker-machine ls -q --filter state=Running").split() != [], "no machine")
    control.gitlab(deployment.cloud, "jobs", {"seconds": 10})
    until(lambda: job(deployment) == "running", "the job was not taken")

    # Another process than gitlab-runner itself: the service continues, with its job.
    host.run(f"kill -USR1 {json.loads(host.read(STATE))['Supervisor']}")
    until(lambda: "killed by the OOM killer" in host.run("journalctl -u gitlab-runner"), "systemd did not notice")
    assert host.run("systemctl is-active gitlab-runner") == "active\n"
    until(lambda: job(deployment) != "running", "the job did not end")
    assert (job(deployment), deployment.service_pid()) == ("success", pid)

    until(lambda: instances(deployment) == {*machines(deployment).values()}, "an instance is nobody's")
    before = machines(deployment)
    # gitlab-runner itself: systemd starts it again, as its unit says, though 2 minutes are too long for a test.
    unit = host.read("/etc/systemd/system/gitlab-runner.service").split()
    assert {"Restart=always", "RestartSec=120"} < {*unit}
    host.run(f"printf '[Service]\\nRestartSec=1\\n' > {DROP_INS}/test.conf; kill -9 {pid}")
    until(lambda: deployment.service_pid() not in (0, pid), "it was not started again")
    until(lambda: host.run("docker-machine ls -q --filter state=Running").split() != [], "no machine any more")
    control.gitlab(deployment.cloud, "jobs", {"seconds": 0})
    until(lambda: job(deployment) == "success", "no job was taken any more")
    assert deployment.managers() == managers
    assert before.items() <= machines(deployment).items()
    assert instances(deployment) == {*machines(deployment).values()}
    assert "0 would be removed" in host.run(f"{TOOL} --dry-run")
    deployment.up("--expect-no-changes")
