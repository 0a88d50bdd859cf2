"""A throw-away host on which the manager's tool is run over SSH, as the deployment runs it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from components.manager.installation import installation
from components.manager.tool_bundle import as_root, bundle, unpack
from components.manager_tool.contract.constants import TARGET
from config_render import ManagerSettings
from localcloud.download_mirror import DownloadMirror
from localcloud.gitlab_stand_in import GitLabStandIn

from ..contract.booted_host import PROGRAMS, BootedHost, booted, ssh
from ..contract.gitlab_client import Client

OLD = {"version": "19.2.0"}
TOKEN = "glrt-goodgoodgoodgood1234"
END = "# end of config.toml\n"


@dataclass(frozen=True)
class ManagedHost:
    booted: BootedHost
    mirror: DownloadMirror
    gitlab: GitLabStandIn

    def ssh(self, command: str, stdin: str = "") -> asyncssh.SSHCompletedProcess:
        return ssh(self.booted, command, stdin.encode(), encoding=None)

    def unpack(self) -> asyncssh.SSHCompletedProcess:
        """What the deployment's first step does."""
        return self.ssh(as_root(unpack(bundle()), "ubuntu"), bundle())

    def step(self, name: str, stdin: str = "") -> asyncssh.SSHCompletedProcess:
        return self.ssh(f"sudo -n {TARGET} {name}", stdin)

    def install(self, **manager: Any) -> asyncssh.SSHCompletedProcess:
        return self.step("install", self.spec(**manager))

    def spec(self, **manager: Any) -> str:
        """What the installation gets, for these settings of the manager over those of this mirror."""
        given = {
            "insecureDownloads": True,
            **manager,
            "gitlabRunner": {"url": f"{self.mirror.url}/gitlab-runner", **manager.get("gitlabRunner", {})},
            "dockerMachine": {"url": f"{self.mirror.url}/docker-machine", **manager.get("dockerMachine", {})},
        }
        return json.dumps(installation(ManagerSettings.model_validate(given), 0))

    def configure(self) -> None:
        """Register a runner of the shell kind, whose jobs need no machine, and have the service run it."""
        text = (
            f'concurrent = 2\ncheck_interval = 1\n\n[[runners]]\nname = "m1"\nurl = "{self.gitlab.url}"\n'
            f'token = "<secret:token>"\nexecutor = "shell"\n{END}'
        )
        assert output(self.step("secrets warn", json.dumps({"token": TOKEN}))) == ""
        assert "config.toml is live" in output(self.step("config warn", text))

    def show(self, what: str) -> str:
        return self.run(f"systemctl show --property {what} --value gitlab-runner").strip()

    def version(self, program: str = "gitlab-runner") -> str:
        """What the program in place says of itself."""
        return next(word for word in self.run(f"{program} --version").split() if word[0].isdigit()).strip(",")

    def run(self, command: str) -> str:
        result = self.booted.run(command)
        assert result.returncode == 0, result.stderr
        return result.stdout.decode()


def output(result: asyncssh.SSHCompletedProcess) -> str:
    """What a command that had to succeed has printed."""
    assert result.exit_status == 0, said(result)
    return bytes(result.stdout or b"").decode()  # type: ignore[arg-type]


def said(result: asyncssh.SSHCompletedProcess) -> str:
    """What a command has printed, whatever its end."""
    return (bytes(result.stdout or b"") + bytes(result.stderr or b"")).decode()  # type: ignore[arg-type]


@contextmanager
def managed(folder: Path) -> Iterator[ManagedHost]:
    """Boot a host, with a mirror to install from and a GitLab that knows `TOKEN`."""
    mirror, gitlab = DownloadMirror(PROGRAMS), GitLabStandIn()
    mirror.start()
    gitlab.start()
    Client(gitlab).send("POST", "/-/stand-in/runners", {"token": TOKEN})
    try:
        with booted(folder) as host:
            yield ManagedHost(host, mirror, gitlab)
    finally:
        gitlab.close()
        mirror.close()
