"""The programs on the manager: which ones, and where they come from."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ..base.section import Section
from ..base.values import BaseUrl, Pattern, Sha256, Version

_CHECKSUM = "Checksum of the program for the manager's architecture; by default the one in release.sha256 beside it"


class GitlabRunnerProgram(Section):
    """Which gitlab-runner is installed, and from where."""

    version: Version = Field(default="19.3.0", description="Version of gitlab-runner to install")
    url: BaseUrl = Field(
        default="https://gitlab-runner-downloads.s3.amazonaws.com",
        description="Where to download from: GitLab's own site, or a mirror laid out like it",
    )
    sha256: Sha256 | None = Field(default=None, description=_CHECKSUM)


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
    sha256: Sha256 | None = Field(default=None, description=f"{_CHECKSUM}; the CKI project has none")

    @property
    def release(self) -> str:
        """The version to install."""
        return self.version or _FORKS[self.fork].version

    @property
    def site(self) -> str:
        """The address to download from."""
        return self.url or _FORKS[self.fork].url


DOCKERS_SITE = "https://download.docker.com"


class DockerEngine(Section):
    """Which Docker Engine is installed, and from where; leaving the setting out later removes nothing."""

    version: Annotated[str, Pattern(r"\d+\.\d+\.\d+", "is not a valid Docker Engine version; write it as 28.2.2")] = (
        Field(description="Version of Docker Engine to install, such as 28.2.2")
    )
    url: BaseUrl = Field(
        default=DOCKERS_SITE,
        description="Where the packages are: Docker's own site, or a mirror laid out like it",
    )
    key_fingerprint: (
        Annotated[str, Pattern(r"[0-9A-F]{40}", "is not a valid OpenPGP key fingerprint: 40 characters of 0-9 and A-F")]
        | None
    ) = Field(
        default=None,
        alias="keyFingerprint",
        description="Fingerprint of the OpenPGP key that signs the packages; by default Docker's own",
    )


WORKER_DOCKER = "28.5.2"
"""Version of Docker Engine that machines of docker-autoscaler get unless their pool names another."""


class FleetingPlugin(Section):
    """Which plugin for AWS the executor docker-autoscaler has, and from where."""

    # Rights and plugin belong together: 1.1.0 asks for spot requests.
    version: Annotated[
        str, Pattern(r"\d+\.\d+\.\d+", "is not a whole version; write it as 1.1.0, for each part may grow")
    ] = Field(default="1.1.0", description="Version of fleeting-plugin-aws to install")
    url: BaseUrl | None = Field(
        default=None,
        description="Where fleeting-plugin-aws-linux-amd64 and -arm64 are, in a folder for each version, as v1.1.0; "
        "by default gitlab-runner itself fetches it from GitLab's registry",
    )
    sha256: Sha256 | None = Field(
        default=None, description="Checksum of the program for the manager's architecture; needed beside url"
    )

    @property
    def reference(self) -> str:
        """What config.toml says of it: name and version, or where a file of a mirror's is on the manager."""
        return f"aws:{self.version}" if self.url is None else f"{PLUGINS}/fleeting-plugin-aws-{self.version}"


PLUGINS = "/usr/local/lib/gitlab-runner-aws-plugins"
"""The folder on the manager that plugins are in: `FLEETING_PLUGIN_PATH`."""
