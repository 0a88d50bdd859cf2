"""Other programs, or another unit, in the place of those that an `up` has put on the manager."""

import json
from collections.abc import Callable, Iterator

import pytest

from components.manager_tool.contract.constants import TARGET

from ..contract.booted_host import until
from ..contract.gitlab_client import Client
from . import package_upgrade
from .stepped_host import SteppedHost, stepped

UNIT = "/etc/systemd/system/gitlab-runner.service"
LOCAL = "/usr/local/bin"
WANTED = "19.3.0"
OTHER = "19.2.0"
WAY_OUT = "set manager.rerun to another number and run `pulumi up`, which puts back what is wanted"
BY_PACKAGE = (
    f"{UNIT} was replaced: it has {package_upgrade.FOLDER}/gitlab-runner ({OTHER}) for {LOCAL}/gitlab-runner "
    f"({WANTED}); --working-directory /home/gitlab-runner for /root; --user gitlab-runner for root: {WAY_OUT}"
)
SETTINGS = {
    "enabled": True,
    "intervalSeconds": 3600,
    "dryRun": False,
    "breaker": {"enabled": False, "drift": "warn", "entries": {}, "pools": {}},
    "metricsFile": "/var/lib/metrics/ours.prom",
    "logGroup": "",
    "alarms": False,
    "graceMinutes": 10,
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedHost]:
    """A host on which everything is in place, and whose jobs need no machines."""
    with stepped(tmp_path_factory.mktemp("host")) as made:
        made.manager = {"gitlabRunner": {"version": WANTED}}
        made.edit = ('executor = "docker+machine"', 'executor = "shell"')
        made.stop_timeout = 60
        assert made.up()[0] == ""
        made.shell(f"cat > /etc/gitlab-runner/staged/watch.json && {TARGET} watch || :", json.dumps(SETTINGS).encode())
        yield made


@pytest.fixture
def host(deployed: SteppedHost) -> SteppedHost:
    """The host, on which the test before has put everything back; its job has ended, and its package is gone."""
    until(lambda: "running" not in job_states(deployed), "a job did not end")
    deployed.shell(f"rm -rf {package_upgrade.FOLDER}")
    return deployed


def watched(host: SteppedHost) -> list[str]:
    """What a look of the watch says of what was replaced."""
    told = host.booted.run(f"{TARGET} watch 2>&1").stdout.decode()
    return [line.removeprefix("watch: ") for line in told.splitlines() if WAY_OUT in line]


def measured(host: SteppedHost) -> str:
    return host.shell("grep programs_replaced /var/lib/metrics/ours.prom | tail -1").split()[-1]


def give_job(host: SteppedHost, seconds: float) -> None:
    host.control("jobs", {"seconds": seconds})
    until(lambda: job_state(host) == "running", "the job was not taken")


def job_states(host: SteppedHost) -> list[str]:
    return [str(job["state"]) for job in Client(host.gitlab).state()["jobs"]]


def job_state(host: SteppedHost) -> str:
    return job_states(host)[-1]


def shown(host: SteppedHost, name: str) -> str:
    return host.shell(f"systemctl show --property {name} --value gitlab-runner").strip()


def running(host: SteppedHost) -> str:
    """The program that the service's process runs."""
    words = host.shell(f"tr '\\0' ' ' < /proc/{shown(host, 'MainPID')}/cmdline").split()
    return next(word for word in words if word.endswith("gitlab-runner"))


def copied_over(host: SteppedHost) -> list[str]:
    package_upgrade.download(host, OTHER, f"{LOCAL}/gitlab-runner")
    return [f"{LOCAL}/gitlab-runner was replaced by version {OTHER}, wanted is {WANTED}: {WAY_OUT}"]


def copied_over_and_restarted(host: SteppedHost) -> list[str]:
    told = copied_over(host)
    host.shell("systemctl restart gitlab-runner")
    return told


def other_docker_machine(host: SteppedHost) -> list[str]:
    file = f"{LOCAL}/docker-machine"
    url = f"{host.mirror.url}/docker-machine/v0.16.2-gitlab.47/docker-machine-Linux-x86_64"
    host.shell(f"curl -sf {url} -o {file}.new && chmod 755 {file}.new && touch -r {file} {file}.new")
    host.shell(f"mv {file}.new {file}")
    return [f"{file} was replaced by version 0.16.2-gitlab.47, wanted is 0.16.2-gitlab.48: {WAY_OUT}"]


def not_a_program(host: SteppedHost) -> list[str]:
    host.shell(f"echo 'no program' > {LOCAL}/docker-machine")
    return [
        f"{LOCAL}/docker-machine was replaced by something that can't be run, wanted is 0.16.2-gitlab.48: {WAY_OUT}"
    ]


def deleted(host: SteppedHost) -> list[str]:
    host.shell(f"rm {LOCAL}/docker-machine")
    return [f"{LOCAL}/docker-machine is missing, wanted is 0.16.2-gitlab.48: {WAY_OUT}"]


def package_installed(host: SteppedHost) -> list[str]:
    package_upgrade.installed(host, OTHER)
    assert running(host) == f"{package_upgrade.FOLDER}/gitlab-runner"
    return [BY_PACKAGE]


def package_upgraded(host: SteppedHost) -> list[str]:
    package_upgrade.installed(host, WANTED)
    return package_installed(host)


def package_removed(host: SteppedHost) -> list[str]:
    package_upgrade.installed(host, OTHER)
    package_upgrade.removed(host)
    assert shown(host, "ActiveState") == "inactive"
    return [f"{UNIT} is missing, by which gitlab-runner {WANTED} is started: {WAY_OUT}"]


WAYS: list[Callable[[SteppedHost], list[str]]] = [
    *(copied_over, copied_over_and_restarted, other_docker_machine, not_a_program, deleted),
    *(package_installed, package_upgraded, package_removed),
]


@pytest.mark.parametrize("replace", WAYS)
def test_what_was_replaced_is_told_and_put_back_on_demand(
    host: SteppedHost, replace: Callable[[SteppedHost], list[str]]
) -> None:
    assert (watched(host), measured(host)) == ([], "0")
    managers = host.managers()
    wanted = replace(host)
    state, pid = shown(host, "ActiveState"), shown(host, "MainPID")

    assert watched(host) == wanted
    assert measured(host) == "1"
    assert (shown(host, "ActiveState"), shown(host, "MainPID")) == (state, pid), "the watch has interrupted something"
    # Any other step says so as well; that of config.toml alone may have put the unit back before.
    host.stop_timeout += 1
    host.pool["limit"] = host.pool.get("limit", 5) + 1
    failed, printed = host.up()
    assert failed == "" or replace is deleted or replace is not_a_program, printed
    assert f"warning: {wanted[0]}\n" in printed

    runs = shown(host, "ActiveState") == "active" and len(host.services()) == 1
    if runs:
        give_job(host, 8)
    # A step may have put the service back by now, with a process of its own.
    pid = shown(host, "MainPID")
    host.forget()
    failed, printed = host.up()
    assert failed == "", printed
    assert (watched(host), measured(host)) == ([], "0")
    assert not runs or job_state(host) == "success" or shown(host, "MainPID") == pid
    assert WANTED in host.shell(f"{LOCAL}/gitlab-runner --version")
    assert running(host) == f"{LOCAL}/gitlab-runner"
    assert (shown(host, "ActiveState"), len(host.services())) == ("active", 1)
    assert host.managers() == managers
    assert "warning" not in host.up()[1]
