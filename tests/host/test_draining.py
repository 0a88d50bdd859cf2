"""What a section leaves behind that is taken out of config.toml: machines, and a place in GitLab's lists."""

import secrets
import time
import tomllib
from collections.abc import Iterator

import pytest

from components.manager_tool.config.machine_names import templates

from ..contract.gitlab_client import Client
from .stepped_host import TOKEN, SteppedHost, stepped

KEEPS_MACHINES = {"machine": {"IdleCount": 0, "IdleTime": 3600}}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedHost]:
    with stepped(tmp_path_factory.mktemp("host")) as host:
        yield host


@pytest.fixture
def host(deployed: SteppedHost) -> SteppedHost:
    """The host without machines and with the same pool, whatever a test before has left there."""
    for name in machines(deployed) if deployed.live() else []:
        deployed.shell(f"HOME=/root docker-machine rm -f {name}")
    deployed.pool, deployed.token = {**KEEPS_MACHINES}, TOKEN
    assert deployed.up()[0] == ""
    assert (machines(deployed), len(deployed.managers())) == ([], 1)
    return deployed


def make_machine(host: SteppedHost) -> str:
    """A machine that gitlab-runner takes for its own; it is nowhere but in docker-machine's folder."""
    (template,) = templates(tomllib.loads(host.live())["runners"])
    name = template.replace("%s", f"1700000000-{secrets.token_hex(4)}")
    host.shell(f"HOME=/root docker-machine create --driver none --url tcp://127.0.0.1:2376 {name}")
    return name


def machines(host: SteppedHost) -> list[str]:
    return host.shell("HOME=/root docker-machine ls -q").split()


def until_the_job_is(host: SteppedHost, state: str) -> None:
    deadline = time.monotonic() + 60
    while Client(host.gitlab).state()["jobs"][-1]["state"] != state:
        assert time.monotonic() < deadline, f"the job is not {state}"
        time.sleep(0.1)


def test_idle_machines_of_a_renamed_pool_go_at_once_and_busy_ones_after_their_job(host: SteppedHost) -> None:
    busy = make_machine(host)
    host.control("jobs", {"seconds": 12})
    until_the_job_is(host, "running")
    idle = make_machine(host)
    host.pool = {**KEEPS_MACHINES, "name": "renamed"}

    failed, printed = host.up()

    assert failed == ""
    assert f"removed machine {idle}" in printed
    assert f"machine {busy} of a removed section goes when its job has ended" in printed
    assert machines(host) == [busy]
    until_the_job_is(host, "success")
    host.pool["limit"] = 9
    assert f"removed machine {busy}" in host.up()[1]
    assert machines(host) == []
    assert len(host.managers()) == 1


def test_machines_of_a_pool_that_stays_are_left_alone(host: SteppedHost) -> None:
    kept = make_machine(host)
    host.shell("HOME=/root docker-machine create --driver none --url tcp://127.0.0.1:2376 a-persons-own")
    host.pool["limit"] = 9
    host.up()
    assert machines(host) == ["a-persons-own", kept]


def test_a_token_that_no_section_uses_any_more_is_unregistered_once_its_machines_are_gone(host: SteppedHost) -> None:
    busy = make_machine(host)
    host.control("jobs", {"seconds": 12})
    until_the_job_is(host, "running")
    host.token = "glrt-another0another0another0"
    host.control("runners", {"token": host.token})

    failed, printed = host.up()

    assert (failed, "no longer lists" in printed) == ("", False)
    assert len(host.managers()) == 2
    until_the_job_is(host, "success")
    host.pool["limit"] = 9
    printed = host.up()[1]
    assert f"removed machine {busy}" in printed
    assert "no longer lists this manager of runner" in printed
    assert len(host.managers()) == 1
    assert {*host.shell("ls -A /etc/gitlab-runner").split()} == {"config.toml", "staged", ".runner_system_id"}


def test_without_a_journal_a_machine_counts_as_busy(host: SteppedHost) -> None:
    machine = make_machine(host)
    host.shell("printf '#!/bin/sh\\nexit 1\\n' > /usr/local/sbin/journalctl; chmod 755 /usr/local/sbin/journalctl")
    host.shell("mv /usr/local/bin/journalctl /root/; cp /usr/local/sbin/journalctl /usr/local/bin/")
    host.pool = {**KEEPS_MACHINES, "name": "renamed"}
    host.up()
    host.shell("rm /usr/local/sbin/journalctl; mv /root/journalctl /usr/local/bin/")
    assert machines(host) == [machine]
