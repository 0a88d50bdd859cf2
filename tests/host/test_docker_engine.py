"""Docker Engine on a manager, over SSH, by the stand-ins for apt-get and dnf."""

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.docker_packages import FINGERPRINT

from .managed_host import OLD, ManagedHost, managed, output, said

RHEL = 'printf \'ID="rhel"\\nVERSION_ID="9.4"\\nPRETTY_NAME="RHEL 9.4"\\n\' > /tmp/os; mv /tmp/os /etc/os-release'


@pytest.fixture(params=["apt-get", "dnf"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedHost]:
    """A host of either family, without Docker."""
    with managed(tmp_path_factory.mktemp("host")) as made:
        if request.param == "dnf":
            made.run(RHEL)
        else:
            made.run(
                "rm /etc/os-release; printf 'ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n' > /etc/os-release"
            )
        output(made.unpack())
        yield made


def docker(host: ManagedHost, version: str, **further: Any) -> dict[str, Any]:
    given = {"version": version, "url": f"{host.mirror.url}/docker", "keyFingerprint": FINGERPRINT, **further}
    return {"gitlabRunner": OLD, "docker": given}


def test_a_version_is_installed_once_and_changed_when_asked(host: ManagedHost) -> None:
    assert "for Docker Engine 28.2.2" in output(host.install(**docker(host, "28.2.2")))
    assert host.version("docker") == "28.2.2"
    assert host.run("systemctl is-active docker; systemctl is-enabled docker") == "active\nenabled\n"

    assert "Docker" not in output(host.install(**docker(host, "28.2.2")))
    output(host.install(**docker(host, "28.1.1")))
    assert host.version("docker") == "28.1.1"


@pytest.mark.parametrize(
    ("version", "further", "message"),
    [
        ("28.9.9", {}, "28.9.9"),
        ("28.2.2", {"keyFingerprint": None}, f"holds the key {FINGERPRINT}, wanted was"),
    ],
)
def test_what_is_not_there_or_not_trusted_is_refused_before_gitlab_runner_is_touched(
    host: ManagedHost, version: str, further: dict[str, Any], message: str
) -> None:
    refused = host.install(**docker(host, version, **further))
    assert refused.exit_status == 1
    assert message in said(refused)
    from_the_start = ["apt-get", "dnf", "journalctl", "python3", "ssh", "sudo", "systemctl"]
    assert host.run("ls /usr/local/bin").split() == from_the_start
