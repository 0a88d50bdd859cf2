"""What `ssh` on a manager host stand-in tells of a group's instance is what the real one tells of a real server."""

import base64
import shlex
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from .booted_host import BootedHost, booted, free_port
from .emulated_fleet import Account, account

USER = "ubuntu"
INSTALL = b"#cloud-config\nruncmd:\n  - apt-get install -y docker-ce\n  - usermod -aG docker ubuntu\n"
BATCH = "-F none -o BatchMode=yes -o IdentitiesOnly=yes -o LogLevel=ERROR -o ConnectTimeout=10"
ANY_HOST = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"


@dataclass
class Manager:
    """A host, as an instance of the emulated EC2 that a worker lets in, and keys: `good` opens both servers."""

    host: BootedHost
    aws: Account
    instance: str
    worker: str = ""

    def ssh(self, arguments: str) -> CompletedProcess[str]:
        imds = f"{self.aws.url}/imds/{self.instance}"
        variables = f"AWS_ENDPOINT_URL={self.aws.url} AWS_EC2_METADATA_SERVICE_ENDPOINT={imds}"
        ended = self.host.run(f"{variables} ssh {arguments}")
        return CompletedProcess([], ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    @property
    def address(self) -> str:
        return str(self.aws.instance(self.worker)["PrivateIpAddress"])

    def push(self) -> None:
        self.aws.connect.send_ssh_public_key(
            InstanceId=self.worker,
            InstanceOSUser=USER,
            AvailabilityZone=self.aws.instance(self.worker)["Placement"]["AvailabilityZone"],
            SSHPublicKey=self.host.key.export_public_key().decode(),
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    with booted(tmp_path_factory.mktemp("hosts")) as host, account() as aws:
        host.run("umask 077 && cat > /root/good", host.private_key.encode())
        host.run("cp /root/good /root/open && chmod 0644 /root/open")
        host.run("ssh-keygen -q -t ed25519 -N '' -f /root/other")
        group = aws.ec2.create_security_group(GroupName="manager", Description="m", VpcId=aws.vpc)["GroupId"]
        run = {"ImageId": aws.image, "MinCount": 1, "MaxCount": 1, "SubnetId": aws.subnets[0]}
        (instance,) = aws.ec2.run_instances(**run, InstanceType="t3.small", SecurityGroupIds=[group])["Instances"]
        source = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "UserIdGroupPairs": [{"GroupId": group}]}
        aws.ec2.authorize_security_group_ingress(GroupId=aws.firewall, IpPermissions=[source])
        yield Manager(host, aws, instance["InstanceId"])


@pytest.fixture
def manager(made: Manager) -> Manager:
    made.aws.clear()
    made.aws.control("workers", {"images": {made.aws.image: {"user": USER, "docker": False, "instanceConnect": True}}})
    made.aws.group(template=made.aws.template(UserData=base64.b64encode(INSTALL).decode()))
    (made.worker,) = made.aws.running(1)
    made.push()
    return made


def outcome(ended: CompletedProcess[str], address: str, port: int) -> tuple[int, str]:
    """The exit code, and the last line that ssh says of it."""
    last = ended.stderr.strip().rpartition("\n")[2]
    return ended.returncode, last.replace(address, "ADDRESS").replace(f"port {port}", "port PORT").strip()


@pytest.mark.parametrize("key", ["good", "other", "open"])
@pytest.mark.parametrize("strict", [ANY_HOST, "-o UserKnownHostsFile=/dev/null"])
@pytest.mark.parametrize("listens", [True, False])
def test_a_login_ends_as_with_the_real_one(manager: Manager, key: str, strict: str, listens: bool) -> None:
    options = f"{BATCH} {strict} -i /root/{key} -l {USER}"
    host, there = manager.host, manager.address
    port, workers_port = (host.port, 22) if listens else (free_port(), 2222)

    real = manager.ssh(f"{options} -p {port} -- {host.address} true")
    ours = manager.ssh(f"{options} -p {workers_port} -- {there} true")

    assert outcome(ours, there, workers_port) == outcome(real, host.address, port)
    assert (ours.returncode == 0) == (key == "good" and strict == ANY_HOST and listens)


def test_a_command_ends_with_its_own_code_and_says_what_it_says(manager: Manager) -> None:
    way = f"{BATCH} {ANY_HOST} -i /root/good {USER}@{manager.address}"

    found = manager.ssh(f"{way} docker info")
    manager.aws.control("workers", {"cloudInitSeconds": 3600})
    missing = manager.ssh(f"{way} docker info")

    assert (found.returncode, found.stdout[:15], found.stderr) == (0, "Server Version:", "")
    assert (missing.returncode, missing.stdout, missing.stderr) == (127, "", "docker: command not found\n")


def test_a_command_that_waits_for_cloud_init_ends_after_it(manager: Manager) -> None:
    manager.aws.control("workers", {"cloudInitSeconds": 3600})
    wait = shlex.quote("cloud-init status --wait > /dev/null && docker info")
    ended: list[CompletedProcess[str]] = []
    way = f"{BATCH} {ANY_HOST} -i /root/good {USER}@{manager.address}"
    waiting = threading.Thread(target=lambda: ended.append(manager.ssh(f"{way} {wait}")))
    waiting.start()
    waiting.join(1)
    assert waiting.is_alive()

    manager.aws.control("workers", {"cloudInitSeconds": 0})

    waiting.join(60)
    assert [each.returncode for each in ended] == [0]


@pytest.mark.parametrize("gone", [True, False])
def test_nobody_answers_for_a_deaf_instance_or_one_that_is_gone(manager: Manager, gone: bool) -> None:
    address = manager.address
    if gone:
        manager.aws.ec2.terminate_instances(InstanceIds=[manager.worker])
    else:
        manager.aws.control("workers", {"deaf": [manager.worker]})

    ended = manager.ssh(f"{BATCH} {ANY_HOST} -i /root/good {USER}@{address} true")

    message = f"ssh: connect to host {address} port 22: Connection timed out\n"
    assert (ended.returncode, ended.stderr) == (255, message)


def test_every_other_call_is_the_real_ones(manager: Manager) -> None:
    assert manager.ssh("-V").stderr.startswith("OpenSSH")
    assert "Could not resolve hostname" in manager.ssh(f"{BATCH} no-such-host.invalid true").stderr
    assert "usage: ssh" in manager.ssh("--no-such-option").stderr


def test_it_says_in_its_first_line_what_it_is() -> None:
    program = Path(__file__).parents[2] / "localcloud" / "host_programs" / "ssh_stand_in"
    assert all(path.read_text().startswith(('"""A stand-in', '"""Stand-in')) for path in program.glob("*.py"))
