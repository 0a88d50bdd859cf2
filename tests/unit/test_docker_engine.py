"""The exact files and commands that install Docker Engine, by system, and the check of its key."""

import pytest

from components.manager_tool.contract.documents import DockerEngine
from components.manager_tool.host import StepError
from components.manager_tool.programs.docker_engine import plan
from localcloud.docker_packages import FINGERPRINT

SPEC: DockerEngine = {"version": "28.2.2", "url": "https://download.docker.com", "key_fingerprint": None}
UBUNTU = {"ID": "ubuntu", "VERSION_ID": "24.04", "VERSION_CODENAME": "noble"}
DEBIAN = {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}


@pytest.mark.parametrize(
    ("system", "machine", "source", "version"),
    [
        (
            UBUNTU,
            "x86_64",
            "deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/ubuntu noble "
            "stable",
            "5:28.2.2-1~ubuntu.24.04~noble",
        ),
        (
            DEBIAN,
            "aarch64",
            "deb [arch=arm64 signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm "
            "stable",
            "5:28.2.2-1~debian.12~bookworm",
        ),
    ],
)
def test_the_apt_family_gets_exactly_this_version(
    system: dict[str, str], machine: str, source: str, version: str
) -> None:
    found = plan(SPEC, system, machine)
    assert (found.source, found.fingerprint) == (f"{source}\n", "9DC858229FC7DD38854AE2D88D81803C0EBFCD88")
    update, install = found.commands
    assert update[:2] == ("apt-get", "update")
    assert install[:3] == ("apt-get", "install", "--yes")
    assert install[-3:] == (f"docker-ce={version}", f"docker-ce-cli={version}", "containerd.io")


@pytest.mark.parametrize(
    ("name", "number", "repository"), [("rhel", "9.4", "rhel"), ("rocky", "9.5", "centos"), ("centos", "9", "centos")]
)
def test_the_dnf_family_gets_exactly_this_version(name: str, number: str, repository: str) -> None:
    found = plan(SPEC, {"ID": name, "VERSION_ID": number}, "aarch64")
    assert f"baseurl=https://download.docker.com/linux/{repository}/9/$basearch/stable" in found.source.splitlines()
    assert f"gpgkey=file://{found.key_path}" in found.source.splitlines()
    assert "gpgcheck=1" in found.source.splitlines()
    assert found.fingerprint == "060A61C51B558A7F742B77AAC52FEB6B621E9F35"
    assert found.commands == (
        ("dnf", "install", "--assumeyes", "docker-ce-28.2.2-1.el9", "docker-ce-cli-28.2.2-1.el9", "containerd.io"),
    )


def test_a_system_without_packages_is_told() -> None:
    with pytest.raises(StepError, match=r"no packages for Amazon Linux 2023 on x86_64; leave out manager\.docker"):
        plan(SPEC, {"ID": "amzn", "PRETTY_NAME": "Amazon Linux 2023"}, "x86_64")


def test_a_key_of_ones_own_takes_the_place_of_dockers() -> None:
    assert plan({**SPEC, "key_fingerprint": FINGERPRINT}, UBUNTU, "x86_64").fingerprint == FINGERPRINT
