"""The manager: the one instance that is always there and runs gitlab-runner."""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..base.instance_types import check_instance_type
from ..base.marks import Mark
from ..base.placeholders import check_secret
from ..base.section import Section, left_out
from ..base.values import (
    Gibibytes,
    HostName,
    ImageId,
    Items,
    NetworkText,
    Pattern,
    Port,
    Secret,
    SecurityGroupId,
    SomeItems,
    UserName,
    checked_by,
)
from .image import DEFAULT_SYSTEM, ImageLookup, OperatingSystem, login_user
from .programs import DockerEngine, DockerMachineProgram, FleetingPlugin, GitlabRunnerProgram
from .watch import WatchSettings

_HostKey = Annotated[
    str,
    Pattern(
        r"(ssh|ecdsa)-[a-z0-9-]+ [A-Za-z0-9+/=]+( .*)?", "is not a valid SSH host key; write it as ssh-ed25519 AAAA..."
    ),
]


class Bastion(Section):
    """A host through which the manager is reached by SSH."""

    host: HostName = Field(description="Address or name of the bastion")
    port: Port = Field(default=22, description="Port of its SSH server")
    user: UserName = Field(default="ubuntu", description="User to log in as")
    host_key: _HostKey = Field(alias="hostKey", description="Its public SSH host key: ssh-keyscan -t ed25519 HOST")
    private_key: Secret = Field(alias="privateKey", description="A secret's name, such as <secret:bastionKey>")


class ExistingHost(Section):
    """An existing manager; the rights of its instance profile are its owner's matter."""

    address: HostName = Field(description="Address or name at which it is reached by SSH")
    host_key: _HostKey = Field(alias="hostKey", description="Its public SSH host key: ssh-keyscan -t ed25519 ADDRESS")
    private_key: Secret = Field(alias="privateKey", description="A secret's name, such as <secret:managerKey>")
    security_group_id: SecurityGroupId = Field(
        alias="securityGroupId", description="Id of its security group, from which workers accept SSH and Docker"
    )


def _check_proxy(url: str) -> str | None:
    if check_secret(url) is None:
        return None
    if "@" in url:
        return (
            "holds a user or password that previews would show; write <secret:proxy> here, and the whole address into "
            "that secret: pulumi config set --secret --path gitlab-runner-aws:secrets.proxy"
        )
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?/?", url):
        return "is not a valid proxy address; write it as http://proxy.example.com:3128"
    return None


class Proxy(Section):
    """A proxy for what the manager asks for: GitLab, downloads, AWS. Not for the jobs on workers."""

    url: Annotated[str, checked_by(_check_proxy)] = Field(
        description="Its address, such as http://proxy.example.com:3128; with a password in it as <secret:proxy>",
        examples=["http://proxy.example.com:3128"],
    )
    no_proxy: Items[
        Annotated[str, Pattern(r"[\w.*:/-]+", "is not a valid host, domain or network; write it as .example.com")]
    ] = Field(
        default=(),
        alias="noProxy",
        description="Hosts, domains and networks that are reached directly; the stack's own network always is",
    )


class Logs(Section):
    """A CloudWatch log group in which EC2 tells of spot machines that it takes back, and the manager what it does."""

    journal: bool = Field(
        default=False, description="Whether the journal of gitlab-runner and of the watch goes there too"
    )

    retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653] = Field(
        default=30, alias="retentionDays", description="Days after which CloudWatch deletes what is in the log group"
    )


class Alarms(Section):
    """CloudWatch alarms of the manager."""

    topic_arn: Annotated[
        str,
        Pattern(
            r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?",
            "is not a valid SNS topic ARN; write it as arn:aws:sns:eu-central-1:123456789012:ci",
        ),
    ] = Field(alias="topicArn", description="ARN of the SNS topic that is told")
    cpu_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        default=90, alias="cpuPercent", description="CPU load in percent, over 15 minutes, from which it is told"
    )
    memory_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        default=90,
        alias="memoryPercent",
        description="Use of memory in percent, over 15 minutes, from which it is told",
    )
    spot_failures: Annotated[int, Field(ge=1)] = Field(
        default=5, alias="spotFailures", description="Failed creations of machines in 10 minutes from which it is told"
    )


class ManagerSettings(Section):
    """The manager's instance and the programs on it."""

    instance_type: Annotated[str, checked_by(check_instance_type), Mark.NEW_INSTANCE] = Field(
        default="t3.small", alias="instanceType", description="Instance type; a small one does, no job runs on it"
    )
    os: Annotated[OperatingSystem, Mark.NEW_INSTANCE] = Field(
        default=DEFAULT_SYSTEM, description="Operating system: the newest image of its publisher is looked up"
    )
    # Without a default for people: a rule asks for it unless the host exists already.
    ssh_from: Annotated[SomeItems[NetworkText] | None, Mark.NEW_INSTANCE] = Field(
        default=None,
        alias="sshFrom",
        description="Networks that may reach the manager by SSH, such as 203.0.113.0/24; "
        "your own address: curl -s https://checkip.amazonaws.com",
    )
    metrics_from: Annotated[SomeItems[NetworkText] | None, Mark.NEW_INSTANCE] = Field(
        default=None,
        alias="metricsFrom",
        description="Networks that may read gitlab-runner's metrics, at the port of listen_address",
    )
    ssh_port: Port = Field(default=22, alias="sshPort", description="Port of the manager's SSH server")
    user: UserName | None = Field(
        default=None, description="User with sudo rights to log in as; by default that of the os' image, such as ubuntu"
    )
    public_address: Annotated[bool, Mark.NEW_INSTANCE] = Field(
        default=True,
        alias="publicAddress",
        description="Whether the manager has a public address; without one it is reached through a bastion or a VPN, "
        "and needs a private network to get out",
    )
    elastic_ip: Annotated[bool, Mark.NEW_INSTANCE] = Field(
        default=False,
        alias="elasticIp",
        description="Whether its public address stays the same when it is stopped and started",
    )
    proxy: Proxy | None = Field(default=None, description="Go through a proxy to GitLab, to downloads and to AWS")
    bastion: Bastion | None = Field(default=None, description="Reach the manager through another host")
    host: ExistingHost | None = Field(default=None, description="Use an existing host")
    connect_attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        default=20, alias="connectAttempts", description="How often to try to reach a new manager by SSH"
    )
    root_size: Annotated[Gibibytes, Mark.NEW_INSTANCE] = Field(
        default=20, alias="rootSize", description="Size of the root disk in GiB"
    )
    rerun: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Another number runs all steps on the manager again at the next `pulumi up`, so that what was "
        "deleted or damaged there is made anew; jobs are not interrupted",
    )
    lost: bool = Field(
        default=False,
        description="Whether the manager is gone for good, so that nothing can be cleaned up through it: "
        "pulumi destroy --run-program then leaves that out",
    )
    ami: Annotated[ImageId | None, Mark.NEW_INSTANCE] = Field(
        default=None, description="Image; by default the newest of the os for the instance type's architecture"
    )
    image: Annotated[ImageLookup | None, Mark.NEW_INSTANCE] = Field(
        default=None, description="Where to look the image up, instead of ami"
    )
    replace_on_new_image: Annotated[bool, Mark.NEW_INSTANCE] = Field(
        default=False,
        alias="replaceOnNewImage",
        description="Whether a newer image, or another one in ami, replaces the manager; its running jobs end first",
    )
    monitoring: Annotated[bool, Mark.NEW_INSTANCE] = Field(
        default=False, description="Whether CloudWatch has a value each minute, at a price"
    )
    stop_protection: Annotated[bool, Mark.NEW_INSTANCE] = Field(
        default=False,
        alias="stopProtection",
        description="Whether AWS refuses to stop and to terminate the instance, until this is false again",
    )
    ssm: Annotated[bool, Mark.NEW_INSTANCE] = Field(
        default=False, description="Whether AWS Systems Manager may open sessions on the manager, without an open port"
    )
    logs: Logs | None = Field(default=None, description="A log group with EC2's spot interruption and rebalance events")
    alarms: Annotated[Alarms | None, Mark.NEW_INSTANCE] = Field(
        default=None, description="Alarms for an SNS topic; none without it"
    )
    watch: WatchSettings = Field(
        default_factory=left_out,
        description="What looks after the machines all the time, by a timer on the manager",
    )
    gitlab_runner: GitlabRunnerProgram = Field(
        default_factory=left_out, alias="gitlabRunner", description="The gitlab-runner to install"
    )
    docker_machine: DockerMachineProgram = Field(
        default_factory=left_out, alias="dockerMachine", description="The docker-machine to install"
    )
    fleeting_plugin: FleetingPlugin = Field(
        default_factory=left_out, alias="fleetingPlugin", description="The plugin of docker-autoscaler to install"
    )
    docker: DockerEngine | None = Field(
        default=None, description="A Docker Engine to install from Docker's packages; none without it, no job needs it"
    )
    insecure_downloads: bool = Field(
        default=False,
        alias="insecureDownloads",
        description="Whether programs may come from an http address: whoever is on the way can then alter what runs "
        "as root, unless a checksum is given",
    )
    stop_timeout: Annotated[int, Field(ge=60, le=604800)] = Field(
        default=7200,
        alias="stopTimeout",
        description="Seconds that running jobs have to end when gitlab-runner is stopped or upgraded; GitLab's "
        "documentation suggests 7200",
    )
    drift: Literal["warn", "fail", "overwrite"] = Field(
        default="warn",
        description="What to do with a config.toml that somebody changed by hand: replace it and show what is lost "
        "(warn), leave it and fail, or replace it without a word; the old file is kept on the manager",
    )
    running_jobs: Literal["wait", "abort"] = Field(
        default="wait",
        alias="runningJobs",
        description="Whether the end of the manager waits for running jobs, up to stopTimeout, or aborts them",
    )

    @property
    def login(self) -> str:
        """The user to log in as."""
        return self.user or login_user(self.os)
