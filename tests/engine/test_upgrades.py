"""Another version of gitlab-runner by `pulumi up`, with a job that runs, and a bad one."""

import time

from localcloud import control
from tests import needs

from .conftest import Deployment


def set_version(deployment: Deployment, version: str) -> None:
    deployment.config["gitlab-runner-aws:manager"]["gitlabRunner"] = {"version": version}
    deployment.configure()


def job_state(deployment: Deployment) -> str:
    return str(control.gitlab(deployment.cloud, "state")["jobs"][-1]["state"])


@needs.VERSIONS
@needs.JOBS
def test_an_upgrade_lets_the_running_job_end_and_a_bad_version_is_taken_back(deployment: Deployment) -> None:
    set_version(deployment, "19.2.0")
    deployment.up()
    control.gitlab(deployment.cloud, "jobs", {"seconds": 15})
    deadline = time.monotonic() + 100
    while job_state(deployment) != "running":
        assert time.monotonic() < deadline, "the job was not taken"
        time.sleep(0.1)

    set_version(deployment, "19.3.0")
    told = deployment.up().stdout
    assert "upgrading gitlab-runner from 19.2.0 to 19.3.0" in told
    assert job_state(deployment) == "success"
    assert "19.3.0" in deployment.host().run("gitlab-runner --version")

    set_version(deployment, "99.0.0-no-start")
    for _ in range(2):
        failed = deployment.up(check=False)
        assert failed.returncode != 0
        assert "gitlab-runner 99.0.0-no-start failed, so 19.3.0 runs again" in failed.stdout + failed.stderr
        assert "19.3.0" in deployment.host().run("gitlab-runner --version")
        assert deployment.service_pid() > 0

    set_version(deployment, "19.3.0")
    pid = deployment.service_pid()
    deployment.up()
    assert deployment.service_pid() == pid
