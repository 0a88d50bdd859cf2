"""Installation on a manager, over SSH: what is put in place, and what stops it before anything is."""

from collections.abc import Iterator

import pytest

from .managed_host import ManagedHost, managed, output, said

OLD = {"version": "19.2.0"}
RUNNER = "/gitlab-runner/v19.2.0/binaries/gitlab-runner-linux-amd64"
PLACES = "/usr/local/bin /etc/systemd/system /etc/gitlab-runner"


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedHost]:
    with managed(tmp_path_factory.mktemp("host")) as made:
        yield made


def in_place(host: ManagedHost) -> str:
    return host.run(f"find {PLACES} -type f ! -name .lock -exec sha256sum {{}} + | sort")


def refusal(host: ManagedHost, spec: str) -> str:
    """What a failing installation says; it must leave everything as it was."""
    before = in_place(host)
    result = host.step("install", spec)
    assert result.exit_status == 1, said(result)
    assert in_place(host) == before
    return said(result)


def test_both_programs_are_there_with_a_service_that_stops_gracefully(host: ManagedHost) -> None:
    output(host.install(gitlabRunner=OLD, stopTimeout=600))

    assert host.version() == "19.2.0"
    assert host.version("docker-machine") == "0.16.2-gitlab.48"
    assert host.run("systemctl is-enabled gitlab-runner") == "enabled\n"
    drop_in = host.run("cat /etc/systemd/system/gitlab-runner.service.d/*.conf").splitlines()
    assert {"KillSignal=SIGQUIT", "KillMode=mixed", "TimeoutStopSec=600"} < {*drop_in}
    assert host.run("cat /root/.docker/machine/certs/cert.pem")
    assert host.run("docker-machine ls -q") == ""


def test_a_second_time_asks_nobody_and_does_not_disturb_the_service(host: ManagedHost) -> None:
    output(host.install(gitlabRunner=OLD))
    host.configure()
    pid = host.show("MainPID")
    host.mirror.close()

    assert "downloading" not in output(host.install(gitlabRunner=OLD, stopTimeout=900))
    assert host.show("MainPID") == pid
    assert "TimeoutStopSec=900" in host.run("cat /etc/systemd/system/gitlab-runner.service.d/*.conf")
    # Closed twice otherwise.
    host.mirror.__init__(host.booted.programs)  # type: ignore[misc]


def test_a_docker_machine_alone_is_exchanged_while_the_service_runs(host: ManagedHost) -> None:
    output(host.install(gitlabRunner=OLD))
    host.configure()
    pid = host.show("MainPID")

    output(host.install(gitlabRunner=OLD, dockerMachine={"version": "0.16.2-gitlab.47"}))
    assert host.version("docker-machine") == "0.16.2-gitlab.47"
    assert host.show("MainPID") == pid
