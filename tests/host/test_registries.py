"""Registries of Amazon ECR on a manager, over SSH, by the stand-ins for apt-get and dnf."""

import json
from collections.abc import Iterator
from typing import Any

import asyncssh
import pytest

from components.manager_tool.programs.registries import PUT

from .managed_host import OLD, ManagedHost, managed, output, said

CONFIG = "/root/.docker/config.json"
OURS, OTHERS = (f"{account}.dkr.ecr.eu-central-1.amazonaws.com" for account in ("123456789012", "210987654321"))
SYSTEMS = {
    "apt-get": "ID=debian\nVERSION_ID=12\n",
    "dnf": 'ID="amzn"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023"\n',
    "none": 'ID="rocky"\nVERSION_ID="9.5"\nPRETTY_NAME="Rocky Linux 9.5"\n',
}


HELPER = "/usr/local/bin/docker-credential-ecr-login"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedHost]:
    with managed(tmp_path_factory.mktemp("host")) as made:
        output(made.unpack())
        yield made


def with_system(host: ManagedHost, system: str) -> ManagedHost:
    """The host with a distribution, and without what a test before has installed and written there."""
    host.run(f"rm -f /etc/os-release {CONFIG} {HELPER} {PUT} /var/lib/package-manager-stand-in.json")
    host.run(f"printf '{SYSTEMS[system]}' > /etc/os-release")
    return host


@pytest.fixture(params=["apt-get", "dnf"])
def host(request: pytest.FixtureRequest, unpacked: ManagedHost) -> ManagedHost:
    return with_system(unpacked, request.param)


@pytest.fixture
def foreign(unpacked: ManagedHost) -> ManagedHost:
    """A host whose distribution has no package of the helper."""
    return with_system(unpacked, "none")


def install(host: ManagedHost, *registries: str) -> asyncssh.SSHCompletedProcess:
    spec = json.loads(host.spec(gitlabRunner=OLD))
    return host.step("install", json.dumps({**spec, **({"registries": registries} if registries else {})}))


def config(host: ManagedHost) -> Any:
    return json.loads(host.run(f"cat {CONFIG}"))


def test_the_helper_is_asked_for_the_wanted_registries_and_what_others_have_put_there_stays(host: ManagedHost) -> None:
    assert "ECR" not in output(install(host))
    assert host.run(f"ls {CONFIG} || true") == ""

    told = output(install(host, OURS))
    assert f"images are pulled from {OURS}" in told
    assert host.run("command -v docker-credential-ecr-login").strip() == HELPER
    assert config(host) == {"credHelpers": {OURS: "ecr-login"}}
    assert host.run(f"stat -c %a {CONFIG}") == "600\n"
    # The service finds it by HOME, as docker-machine does its machines.
    assert "HOME=/root" in host.run("cat /etc/systemd/system/gitlab-runner.service.d/gitlab-runner-aws.conf")

    auths = {"registry.example.com": {"auth": "eDp5"}}
    by_hand = {"auths": auths, "credHelpers": {OURS: "ecr-login", "gcr.example.com": "gcloud"}}
    host.run(f"printf '%s' '{json.dumps(by_hand)}' > {CONFIG}")
    assert "apt-get" not in output(install(host, OURS, OTHERS))
    helpers = {OURS: "ecr-login", OTHERS: "ecr-login", "gcr.example.com": "gcloud"}
    assert config(host) == {"auths": auths, "credHelpers": helpers}

    output(install(host, OTHERS))
    assert config(host)["credHelpers"] == {OTHERS: "ecr-login", "gcr.example.com": "gcloud"}
    output(install(host))
    assert config(host) == {"auths": auths, "credHelpers": {"gcr.example.com": "gcloud"}}


def test_the_runners_end_leaves_no_registry_behind(host: ManagedHost) -> None:
    output(host.step("life", json.dumps({"host": "h", "runningJobs": "abort", "stopTimeout": 60})))
    output(install(host, OURS))
    host.configure()

    output(host.step("remove", json.dumps({"host": "h", "runningJobs": "abort", "stopTimeout": 60})))
    assert host.run(f"ls {CONFIG} || true") == ""


def test_a_damaged_file_is_named_with_the_way_out(host: ManagedHost) -> None:
    host.run(f"mkdir -p /root/.docker; echo '{{' > {CONFIG}")
    refused = install(host, OURS)
    assert refused.exit_status == 1
    assert f"{CONFIG} is damaged" in said(refused)
    assert host.run(f"cat {CONFIG}") == "{\n"


def test_without_a_package_the_step_stops_unless_the_helper_is_there_already(foreign: ManagedHost) -> None:
    refused = install(foreign, OURS)
    assert refused.exit_status == 1
    assert "Rocky Linux 9.5 has no package amazon-ecr-credential-helper; install docker-credential-ecr-login" in said(
        refused
    )
    assert foreign.run(f"ls {CONFIG} || true") == ""

    foreign.run(f"ln -s /bin/true {HELPER}")
    output(install(foreign, OURS))
    assert config(foreign) == {"credHelpers": {OURS: "ecr-login"}}
