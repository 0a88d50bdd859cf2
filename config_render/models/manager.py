"""The manager: the one instance that is always there and runs gitlab-runner."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ..instance_types import check_instance_type
from .section import Section, left_out
from .values import BaseUrl, Gibibytes, ImageId, NetworkText, Port, Sha256, SomeItems, UserName, Version, checked_by

STOP_SECONDS = 7200
"""How long the service may take to stop, so that running jobs can end; what GitLab's documentation suggests."""


class GitlabRunnerProgram(Section):
    """Which gitlab-runner is installed, and from where."""

    version: Version = Field(default="19.3.0", description="Version of gitlab-runner to install")
    url: BaseUrl = Field(
        default="https://gitlab-runner-downloads.s3.amazonaws.com",
        description="Where to download from: GitLab's own site, or a mirror laid out like it",
    )
    sha256: Sha256 | None = Field(
        default=None, description="Checksum of the program; by default the one published beside it"
    )


@dataclass(frozen=True)
class _Release:
    version: str
    url: str


# Where each fork publishes its programs, and the newest that is known.
_FORKS = {
    "gitlab": _Release("0.16.2-gitlab.48", "https://gitlab-docker-machine-downloads.s3.amazonaws.com"),
    "cki": _Release("0.16.2-gitlab.19-cki.5", "https://arr-cki-prod-docker-machine.s3.amazonaws.com"),
}


class DockerMachineProgram(Section):
    """Which docker-machine is installed, and from where."""

    fork: Literal["gitlab", "cki"] = Field(
        default="gitlab",
        description="Whose docker-machine: GitLab's, or that of the CKI project, which knows EC2 fleets",
    )
    version: Version | None = Field(
        default=None, description=f"Version to install; by default {_FORKS['gitlab'].version}, or the fork's newest"
    )
    url: BaseUrl | None = Field(
        default=None, description="Where to download from: the fork's own site by default, or a mirror laid out like it"
    )
    sha256: Sha256 | None = Field(
        default=None,
        description="Checksum of the program; by default the one published beside it; the CKI project has none",
    )

    @property
    def release(self) -> str:
        """The version to install."""
        return self.version or _FORKS[self.fork].version

    @property
    def site(self) -> str:
        """The address to download from."""
        return self.url or _FORKS[self.fork].url


class ManagerSettings(Section):
    """The manager's instance and the programs on it."""

    instance_type: Annotated[str, checked_by(check_instance_type)] = Field(
        default="t3.small", alias="instanceType", description="Instance type; a small one does, no job runs on it"
    )
    ssh_from: SomeItems[NetworkText] = Field(
        alias="sshFrom",
        description="Networks that may reach the manager by SSH, such as 203.0.113.0/24; "
        "your own address: curl -s https://checkip.amazonaws.com",
    )
    ssh_port: Port = Field(default=22, alias="sshPort", description="Port of the manager's SSH server")
    user: UserName = Field(default="ubuntu", description="User of the image, with sudo rights, to log in as")
    connect_attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        default=20, alias="connectAttempts", description="How often to try to reach a new manager by SSH"
    )
    root_size: Gibibytes = Field(default=20, alias="rootSize", description="Size of the root disk in GiB")
    lost: bool = Field(
        default=False,
        description="Whether the manager is gone for good, so that nothing can be cleaned up through it: "
        "pulumi destroy --run-program then leaves that out",
    )
    ami: ImageId | None = Field(
        default=None, description="Image; by default a current Ubuntu of the instance type's architecture"
    )
    gitlab_runner: GitlabRunnerProgram = Field(
        default_factory=left_out, alias="gitlabRunner", description="The gitlab-runner to install"
    )
    docker_machine: DockerMachineProgram = Field(
        default_factory=left_out, alias="dockerMachine", description="The docker-machine to install"
    )
