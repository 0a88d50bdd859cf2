"""What a person may do next with a stack that is up, as commands to copy."""

from collections.abc import Iterable

from ..settings.manager import ManagerSettings
from ..settings.stack import Settings

_ON_THE_MANAGER = (
    ("what gitlab-runner does", "sudo journalctl -fu gitlab-runner"),
    ("the workers", "sudo docker-machine ls"),
    ("take no more jobs, let the running ones end, and stop", "sudo systemctl stop gitlab-runner"),
    ("take jobs again", "sudo systemctl start gitlab-runner"),
)


def next_commands(
    settings: Settings, region: str, *, address: str, instance_id: str | None, runner_ids: Iterable[int]
) -> str:
    """Return lines for a shell; what is no command stands behind #.

    `address` is the manager's, `instance_id` that of its instance, None for a host that was there already, and
    `runner_ids` are the ids of the runners at GitLab.
    """
    lines = ["# a shell on the manager", _shell(settings.manager, region, address, instance_id), "# there:"]
    for what, command in _ON_THE_MANAGER:
        lines.append(f"{command}  # {what}")
    lines.append("# the runners in GitLab, each with its jobs: in the admin area, for others by their ids")
    lines += [f"# {settings.gitlab.url}/admin/runners/{id_}" for id_ in sorted({*runner_ids})]
    return "\n".join(lines)


def _shell(manager: ManagerSettings, region: str, address: str, instance_id: str | None) -> str:
    if instance_id is not None and manager.ssm:
        return f"aws ssm start-session --region {region} --target {instance_id}"
    published = manager.os.startswith(("ubuntu", "amazon")) and manager.ami is None and manager.image is None
    if instance_id is not None and published and manager.bastion is None:
        # These images know EC2 Instance Connect, which lets a key of the moment in.
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-connect-prerequisites.html
        connect = f"aws ec2-instance-connect ssh --region {region} --instance-id {instance_id}"
        return f"{connect} --os-user {manager.login} --ssh-port {manager.ssh_port} --connection-type direct"
    jump = (
        "" if manager.bastion is None else f"-J {manager.bastion.user}@{manager.bastion.host}:{manager.bastion.port} "
    )
    return f"ssh {jump}-p {manager.ssh_port} {manager.login}@{address}  # with a key that the manager knows"
