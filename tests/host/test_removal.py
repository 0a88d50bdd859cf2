"""The end of the runner's life on a host, whatever is in its way."""

import json
import time
from collections.abc import Iterator

import pytest

from ..contract.gitlab_client import Client
from .stepped_host import LIVE, TOKEN, SteppedHost, stepped

SECOND = """
[[runners]]
name = "second"
url = "{url}"
token = "<secret:token>"
executor = "docker+machine"

[runners.docker]
image = "alpine"

[runners.machine]
MachineDriver = "amazonec2"
MachineName = "second-%s"
"""
WITHOUT_MACHINES = ('executor = "docker+machine"', 'executor = "shell"')


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedHost]:
    with stepped(tmp_path_factory.mktemp("host")) as host:
        yield host


def state_of(host: SteppedHost) -> tuple[str, str]:
    """Whether the service runs, and whether it will at the next boot."""
    asked = [
        host.booted.run(f"systemctl {verb} gitlab-runner").stdout.decode().strip()
        for verb in ("is-active", "is-enabled")
    ]
    return asked[0], asked[1]


def make_machine(host: SteppedHost, name: str) -> None:
    host.shell(f"HOME=/root docker-machine create --driver none --url tcp://127.0.0.1:2376 {name}")


def take_job(host: SteppedHost, seconds: int) -> None:
    """Have a job run."""
    host.control("jobs", {"seconds": seconds})
    deadline = time.monotonic() + 100
    while "running" not in job_states(host):
        assert time.monotonic() < deadline, "the job was not taken"
        time.sleep(0.1)


def job_states(host: SteppedHost) -> list[str]:
    return [job["state"] for job in Client(host.gitlab).state()["jobs"]]


def test_machines_go_and_the_runner_of_several_sections_is_unregistered_once(host: SteppedHost) -> None:
    host.sections = SECOND.format(url=host.gitlab.url)
    assert host.up()[0] == ""
    names = [f"runner-good-{n}" for n in range(12)]
    for name in names:
        make_machine(host, name)

    code, printed = host.remove()

    assert code == 0, printed
    removed = [line for line in printed.splitlines() if line.startswith("removed machine")]
    assert sorted(removed) == sorted(f"removed machine {name}" for name in names)
    assert printed.count("no longer lists this manager of runner") == 1
    assert host.managers() == []
    assert state_of(host) == ("inactive", "disabled")
    left = host.shell("ls -A /etc/gitlab-runner").split()
    assert left == [".runner_system_id"]
    assert host.remove() == (0, "")
    host.forget()
    assert host.up()[0] == ""
    assert len(host.managers()) == 1


def test_a_host_that_is_in_another_life_is_left_alone(host: SteppedHost) -> None:
    host.up()
    host.identity = "i-2"
    host.up()
    host.identity = "i-1"
    code, printed = host.remove()
    assert (code, len(host.managers())) == (0, 1)
    assert "nothing is removed here" in printed
    assert state_of(host) == ("active", "enabled")


def test_running_jobs_end_before_machines_go(host: SteppedHost) -> None:
    host.edit = WITHOUT_MACHINES
    host.up()
    take_job(host, 3)
    make_machine(host, "runner-good-1")
    assert host.remove()[0] == 0
    assert job_states(host) == ["success"]


def test_running_jobs_are_aborted_where_that_is_set(host: SteppedHost) -> None:
    host.edit = WITHOUT_MACHINES
    host.up()
    take_job(host, 120)
    began = time.monotonic()
    assert host.remove("abort")[0] == 0
    assert time.monotonic() - began < 30
    assert job_states(host) == ["failed"]
    assert "KillSignal" not in host.shell("cat /etc/systemd/system/gitlab-runner.service.d/*").replace(
        "KillSignal=SIGQUIT", ""
    )


def test_without_gitlab_it_ends_and_names_the_runner(host: SteppedHost) -> None:
    host.up()
    host.control("faults", {"path": "/api/v4/runners/managers", "close": True, "times": 99})
    code, printed = host.remove()
    assert code == 0
    assert f"{host.gitlab.url} still lists this manager of runner 1; delete it there" in printed
    assert TOKEN not in printed
    assert host.booted.run(f"test -e {LIVE}").returncode == 1


def test_a_machine_that_stays_is_a_failure_that_names_it_and_the_next_run_ends(host: SteppedHost) -> None:
    host.up()
    make_machine(host, "runner-good-1")
    make_machine(host, "runner-good-2")
    # As if it were in EC2, where nobody answers.
    path = "/root/.docker/machine/machines/runner-good-1/config.json"
    document = json.loads(host.shell(f"cat {path}"))
    keys = {
        "AccessKey": "a",
        "SecretKey": "s",
        "SessionToken": "",
        "Region": "eu-central-1",
        "KeyName": "runner-good-1",
    }
    where = {"Endpoint": "127.0.0.1:9", "DisableSSL": True, "InstanceId": "i-0a1b", "ExistingKey": False}
    ours = {**document, "DriverName": "amazonec2", "Driver": {**document["Driver"], **keys, **where}}
    host.shell(f"cat > {path}", json.dumps(ours).encode())

    code, printed = host.remove()

    assert code == 1
    assert "removed machine runner-good-2" in printed
    assert "remove: 1 machine(s) could not be removed:\nrunner-good-1: Error removing host" in printed
    assert state_of(host)[0] == "inactive"
    assert len(host.managers()) == 1
    host.shell("HOME=/root docker-machine rm -f runner-good-1")
    assert host.remove()[0] == 0
    assert host.managers() == []
