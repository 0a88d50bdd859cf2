"""Installation on a manager, over SSH: what is put in place, and what stops it before anything is."""

import json
from collections.abc import Callable, Iterator

import pytest

from ..contract.booted_host import free_port, until
from .managed_host import OLD, ManagedHost, managed, output, said

NEW = {"version": "19.3.0"}
NEW_PATH = "/gitlab-runner/v19.3.0/binaries/gitlab-runner-linux-amd64"
KEPT = "/usr/local/lib/gitlab-runner-programs"
PLACES = "/usr/local/bin /usr/local/lib /etc/systemd/system /etc/gitlab-runner"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedHost]:
    """A host whose service runs the old version."""
    with managed(tmp_path_factory.mktemp("host")) as made:
        output(made.unpack())
        output(made.install(gitlabRunner=OLD, stopTimeout=600))
        made.configure()
        yield made


def test_both_programs_are_there_with_a_service_that_stops_gracefully(host: ManagedHost) -> None:
    assert (host.version("gitlab-runner"), host.version("docker-machine")) == ("19.2.0", "0.16.2-gitlab.48")
    assert host.run("systemctl is-enabled gitlab-runner") == "enabled\n"
    drop_in = host.run("cat /etc/systemd/system/gitlab-runner.service.d/*.conf").splitlines()
    assert {"KillSignal=SIGQUIT", "KillMode=mixed", "TimeoutStopSec=600"} < {*drop_in}
    assert {"OOMPolicy=continue", "RestartSec=5"} < {*drop_in}
    assert host.run("cat /root/.docker/machine/certs/cert.pem")
    assert host.run("docker-machine ls -q") == ""


def test_another_time_to_stop_restarts_nothing_and_downloads_nothing(host: ManagedHost) -> None:
    pid = host.show("MainPID")
    assert "downloading" not in output(host.install(gitlabRunner=OLD, stopTimeout=900))
    assert "TimeoutStopSec=900" in host.run("cat /etc/systemd/system/gitlab-runner.service.d/*.conf")
    assert host.show("MainPID") == pid


def test_a_service_of_an_earlier_release_outlives_a_process_without_memory_once_installed_again(
    host: ManagedHost,
) -> None:
    drop_in = "/etc/systemd/system/gitlab-runner.service.d/gitlab-runner-aws.conf"
    host.run(f"sed -i /OOMPolicy/d {drop_in}; rm /etc/gitlab-runner/staged/programs.json")
    pid = host.show("MainPID")
    output(host.install(gitlabRunner=OLD))
    supervisor = json.loads(host.run("cat /run/systemctl-stand-in/gitlab-runner.service.json"))["Supervisor"]
    host.run(f"kill -USR1 {supervisor}")
    until(lambda: "killed by the OOM killer" in host.run("journalctl -u gitlab-runner"), "systemd did not notice")
    assert (host.show("ActiveState"), host.show("MainPID")) == ("active", pid)


def test_docker_machine_alone_is_exchanged_while_the_service_runs(host: ManagedHost) -> None:
    pid = host.show("MainPID")
    output(host.install(gitlabRunner=OLD, dockerMachine={"version": "0.16.2-gitlab.47"}))
    assert host.version("docker-machine") == "0.16.2-gitlab.47"
    output(host.install(gitlabRunner=OLD))
    assert host.version("docker-machine") == "0.16.2-gitlab.48"
    assert host.show("MainPID") == pid


def full_disk(host: ManagedHost) -> str:
    host.run(f"mount -t tmpfs -o size=1m none {KEPT}")
    return host.spec(gitlabRunner=NEW)


def altered_download(host: ManagedHost) -> str:
    host.mirror.corrupt(NEW_PATH)
    return host.spec(gitlabRunner=NEW)


MISTAKES: list[tuple[Callable[[ManagedHost], str], str]] = [
    (
        lambda host: host.spec(gitlabRunner={**NEW, "sha256": "0" * 64}),
        f"wanted was {'0' * 64}; nothing was replaced. Check manager.gitlabRunner.sha256",
    ),
    (
        lambda host: host.spec(gitlabRunner={"version": "18.0.0"}),
        "v18.0.0/release.sha256 does not exist (HTTP 404); check manager.gitlabRunner.version; what there is: https://",
    ),
    (
        lambda host: host.spec(gitlabRunner=OLD, dockerMachine={"version": "0.16.2-gitlab.1", "sha256": "0" * 64}),
        "docker-machine-Linux-x86_64 does not exist (HTTP 404); check manager.dockerMachine.version; what there is:",
    ),
    (
        lambda host: host.spec(gitlabRunner={**NEW, "url": f"http://127.0.0.1:{free_port()}"}),
        "could not be downloaded: [Errno 111] Connection refused; check that the manager gets there",
    ),
    (full_disk, f"{KEPT} has 1 MiB left, needed are 65 MiB; remove what is not needed there, or raise"),
    (altered_download, "or whether the download was altered."),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES, ids=["sum", "version", "file", "mirror", "disk", "altered"])
def test_a_mistake_is_told_before_anything_changes(
    host: ManagedHost, given: Callable[[ManagedHost], str], message: str
) -> None:
    def in_place() -> str:
        return host.run(f"find {PLACES} -type f -exec sha256sum {{}} + | sort; systemctl show -p MainPID gitlab-runner")

    spec = given(host)
    before = in_place()
    result = host.step("install", spec)
    assert result.exit_status == 1, said(result)
    assert message in said(result)
    assert in_place() == before
    host.booted.run(f"umount {KEPT}")


@pytest.mark.parametrize(
    ("spoil", "mend", "message"),
    [
        (
            "cp /usr/local/bin/sudo /root/; printf '#!/bin/sh\necho sudo: a password is required >&2; exit 1\n' "
            "> /usr/local/bin/sudo",
            "cp /root/sudo /usr/local/bin/",
            "manager.user = ubuntu: may not use sudo without a password on this host, nothing was changed.",
        ),
        ("mv /run/systemd /run/none", "mv /run/none /run/systemd", "the manager does not run systemd"),
        (
            "mv /usr/local/bin/python3 /root/; printf '#!/bin/sh\nexit 1\n' > /usr/local/bin/python3; "
            "chmod 755 /usr/local/bin/python3",
            "mv /root/python3 /usr/local/bin/",
            "the manager's python3 is missing or below 3.9; choose another manager.os, ami or host",
        ),
    ],
    ids=["sudo", "systemd", "python"],
)
def test_a_manager_that_does_not_do_is_told_at_the_first_step(
    host: ManagedHost, spoil: str, mend: str, message: str
) -> None:
    tool = host.run("find /usr/local/lib/gitlab-runner-aws")
    host.run(spoil)
    refused = host.unpack()
    host.run(mend)
    assert refused.exit_status == 1
    assert message in said(refused)
    assert host.run("find /usr/local/lib/gitlab-runner-aws") == tool
