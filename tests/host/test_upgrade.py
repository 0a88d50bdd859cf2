"""Another version of gitlab-runner on a manager whose service runs jobs, over SSH, and what may go wrong with it."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from components.manager_tool.contract.constants import TARGET

from ..contract.booted_host import until
from ..contract.gitlab_client import Client
from .managed_host import OLD, ManagedHost, managed, output, said

NEW = {"version": "19.3.0"}
JOURNAL = "/etc/gitlab-runner/staged/upgrade.json"
LONG = 15
"""Seconds of a job that runs until after the upgrade begins to wait for it, on a busy machine too."""
PROCESSES = "pgrep -cf '[g]itlab-runner run' || true"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedHost]:
    """A host on which the runner is registered."""
    with managed(tmp_path_factory.mktemp("host")) as made:
        output(made.unpack())
        output(made.install(gitlabRunner=OLD))
        made.configure()
        yield made


@pytest.fixture
def host(installed: ManagedHost) -> ManagedHost:
    """The host, whose service runs the old version, whatever a test before has left there."""
    installed.run("systemctl start gitlab-runner")
    output(installed.install(gitlabRunner=OLD))
    assert runs(installed, OLD["version"])
    return installed


def give_job(host: ManagedHost, seconds: float) -> None:
    """Have the runner run a job."""
    Client(host.gitlab).send("POST", "/-/stand-in/jobs", {"seconds": seconds})
    until(lambda: job_state(host) == "running", "the job was not taken")


def job_state(host: ManagedHost) -> str:
    return str(Client(host.gitlab).state()["jobs"][-1]["state"])


def runs(host: ManagedHost, version: str) -> bool:
    """Whether one service runs this version, and nothing of an upgrade is left over."""
    if host.run(f"ls {JOURNAL} 2>/dev/null || true"):
        return False
    return (host.version(), host.show("ActiveState"), host.run(PROCESSES)) == (version, "active", "1\n")


def test_an_upgrade_waits_for_the_job_that_runs(host: ManagedHost) -> None:
    give_job(host, LONG)
    told = output(host.install(gitlabRunner=NEW)).splitlines()
    assert [line for line in told if "gitlab-runner" in line and "://" not in line] == [
        "wanted: gitlab-runner 19.3.0, docker-machine 0.16.2-gitlab.48",
        "upgrading gitlab-runner from 19.2.0 to 19.3.0",
        "stopping gitlab-runner: 1 running job(s) may end, within 7200 s (manager.stopTimeout)",
        "gitlab-runner 19.3.0 is in place",
        "gitlab-runner 19.3.0 runs",
    ]
    assert job_state(host) == "success"
    assert runs(host, "19.3.0")


def test_a_version_that_does_not_run_is_taken_back_each_time(host: ManagedHost) -> None:
    for bad in ("99.0.0-no-start", "99.0.0-no-start", "99.0.0-early-end", "99.0.0-early-end"):
        failed = host.install(gitlabRunner={"version": bad})
        assert failed.exit_status == 1
        assert f"gitlab-runner {bad} failed, so 19.2.0 runs again; set manager.gitlabRunner.version" in said(failed)
        assert runs(host, "19.2.0")
    output(host.install(gitlabRunner=NEW))
    assert runs(host, "19.3.0")


MOMENTS: dict[str, Callable[[ManagedHost], bool]] = {
    "stopping": lambda host: host.show("ActiveState") == "deactivating",
    "exchanged": lambda host: host.version() == "19.3.0",
    "started": lambda host: host.version() == "19.3.0" and host.show("ActiveState") == "active",
}


@pytest.mark.parametrize(
    ("moment", "wanted"), [("stopping", NEW), ("stopping", OLD), ("exchanged", OLD), ("started", NEW)]
)
def test_a_killed_upgrade_is_finished_or_taken_back_by_the_next_run(
    host: ManagedHost, moment: str, wanted: dict[str, str]
) -> None:
    give_job(host, LONG if moment == "stopping" else 1)
    killed = threading.Thread(target=host.install, kwargs={"gitlabRunner": NEW})
    killed.start()
    until(lambda: MOMENTS[moment](host), f"it was never {moment}", seconds=30)
    host.run("pkill -KILL -f '[m]anager-tool install'")
    killed.join()
    assert set(json.loads(host.run(f"cat {JOURNAL}"))) == {"old", "new"}

    output(host.install(gitlabRunner=wanted))
    assert runs(host, wanted["version"])
    assert job_state(host) == "success"


def test_an_upgrade_ends_well_although_the_deployment_has_lost_its_connection(host: ManagedHost) -> None:
    give_job(host, 4)

    async def cut() -> None:
        async with host.booted.connect() as connection:
            process = await connection.create_process(f"sudo -n {TARGET} install")
            process.stdin.write(host.spec(gitlabRunner=NEW))
            process.stdin.write_eof()
            while "stopping" not in await process.stdout.readline():
                pass
            connection.abort()

    asyncio.run(cut())
    until(lambda: runs(host, "19.3.0"), "the upgrade was not finished", seconds=40)
    assert job_state(host) == "success"


def test_a_service_that_somebody_has_stopped_is_not_started(host: ManagedHost) -> None:
    give_job(host, 1)  # Once it takes jobs, it stops when it is told to; just started, a signal may kill it.
    host.run("systemctl stop gitlab-runner")
    output(host.install(gitlabRunner=NEW))
    assert (host.version(), host.show("ActiveState")) == ("19.3.0", "inactive")
