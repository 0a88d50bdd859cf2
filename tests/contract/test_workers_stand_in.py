"""Who may log in to a group's instance, for how long, and what they find there."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from .emulated_fleet import PUBLIC_KEY, Account, account, refusal

INSTALL = b"#cloud-config\nruncmd:\n  - apt-get install -y docker-ce\n  - usermod -aG docker ubuntu\n"


@pytest.fixture(scope="module")
def made() -> Iterator[Account]:
    with account() as made:
        yield made


@pytest.fixture
def aws(made: Account) -> Account:
    made.clear()
    return made


class Worker:
    """An instance of a group, whose image's user is ubuntu."""

    def __init__(self, aws: Account, user_data: bytes = INSTALL, **content: Any) -> None:
        self.aws = aws
        self.control(images={aws.image: {"user": "ubuntu", "docker": False, "instanceConnect": True}})
        encoded = base64.b64encode(user_data).decode()
        aws.group(template=aws.template(UserData=encoded, **content))
        (self.identity,) = aws.running(1)

    def control(self, **settings: Any) -> Any:
        return self.aws.control("workers", settings)

    def push(self, user: str = "ubuntu", **changes: Any) -> None:
        zone = self.aws.instance(self.identity)["Placement"]["AvailabilityZone"]
        given = {"InstanceId": self.identity, "AvailabilityZone": zone, "InstanceOSUser": user, **changes}
        self.aws.connect.send_ssh_public_key(**{"SSHPublicKey": f"{PUBLIC_KEY}\n", **given})

    def ssh(self, command: str = "", user: str = "ubuntu", **more: Any) -> dict[str, Any]:
        asked = {"user": user, "keys": [PUBLIC_KEY.split()[1]], "command": command, **more}
        return dict(self.aws.control(f"workers/{self.identity}/ssh", asked))


def test_a_pushed_key_opens_the_users_account_alone(aws: Account) -> None:
    worker = Worker(aws)
    assert worker.ssh() == {"outcome": "handshake"}

    worker.push()

    assert worker.ssh("true")["code"] == 0
    assert worker.ssh(user="root") == {"outcome": "handshake"}
    assert worker.ssh(keys=["AAAA"]) == {"outcome": "handshake"}
    assert {"instance": worker.identity, "user": "ubuntu"} in aws.control("auto-scaling")["pushed"]


def test_a_pushed_key_is_worth_nothing_where_the_image_has_no_instance_connect(aws: Account) -> None:
    worker = Worker(aws)
    worker.control(images={aws.image: {"user": "ubuntu", "instanceConnect": False}})

    worker.push()

    assert worker.ssh() == {"outcome": "handshake"}


def test_the_key_pair_of_the_template_opens_it_as_well(aws: Account) -> None:
    aws.ec2.import_key_pair(KeyName="own", PublicKeyMaterial=PUBLIC_KEY.encode())
    worker = Worker(aws, KeyName="own")

    assert worker.ssh("true")["outcome"] == "exit"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"InstanceId": "i-00000000000000000"}, "EC2InstanceNotFoundException"),
        ({"AvailabilityZone": "eu-central-1z"}, "EC2InstanceNotFoundException"),
        ({"SSHPublicKey": "x" * 80}, "InvalidArgsException"),
        ({"InstanceOSUser": "a b"}, "InvalidArgsException"),
    ],
)
def test_keys_are_pushed_to_existing_instances_alone(aws: Account, changes: dict[str, str], code: str) -> None:
    worker = Worker(aws)

    assert refusal(lambda: worker.push(**changes))[0] == code


def test_no_key_is_pushed_to_an_instance_that_is_gone(aws: Account) -> None:
    worker = Worker(aws)
    aws.ec2.terminate_instances(InstanceIds=[worker.identity])

    assert refusal(worker.push)[0] == "EC2InstanceStateInvalidException"
    assert worker.ssh() == {"outcome": "timeout"}


def test_docker_comes_with_the_user_data_once_that_is_through(aws: Account) -> None:
    worker = Worker(aws)
    worker.control(cloudInitSeconds=3600)
    worker.push()

    early, waiting = worker.ssh("docker info"), worker.ssh("cloud-init status --wait || test $? -eq 2")
    worker.control(cloudInitSeconds=0)

    assert (early["code"], waiting["code"]) == (127, -1)
    assert worker.ssh("cloud-init status --wait")["code"] == worker.ssh("docker info")["code"] == 0


def test_user_data_that_fails_brings_no_docker(aws: Account) -> None:
    worker = Worker(aws)
    worker.control(cloudInitFails=True)
    worker.push()

    assert worker.ssh("cloud-init status --wait || test $? -eq 2")["code"] == 1
    assert worker.ssh("docker info")["code"] == 127


@pytest.mark.parametrize(
    ("user_data", "docker", "code"),
    [
        (b"#cloud-config\n", False, 127),
        (b"#cloud-config\n", True, 0),
        (b"#cloud-config\npackages: [docker.io]\n", False, 1),
        (b"#cloud-config\npackages:\n  - docker\nusers:\n  - name: ubuntu\n    groups: [docker]\n", False, 0),
    ],
)
def test_docker_is_there_by_image_or_user_data_and_for_its_group(
    aws: Account, user_data: bytes, docker: bool, code: int
) -> None:
    worker = Worker(aws, user_data)
    worker.control(images={aws.image: {"user": "ubuntu", "docker": docker}})
    worker.push()

    assert worker.ssh("docker system dial-stdio")["code"] == code


def test_a_client_reaches_it_as_far_as_the_security_group_lets_it(aws: Account) -> None:
    worker = Worker(aws)
    other = aws.ec2.create_security_group(GroupName="manager", Description="m", VpcId=aws.vpc)["GroupId"]
    run = {"ImageId": aws.image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.small"}
    client = aws.ec2.run_instances(**run, SubnetId=aws.subnets[0], SecurityGroupIds=[other])["Instances"][0][
        "InstanceId"
    ]
    worker.push()
    assert worker.ssh(**{"from": client}) == {"outcome": "timeout"}

    source = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": other}]}
    aws.ec2.authorize_security_group_ingress(GroupId=aws.firewall, IpPermissions=[source])

    assert worker.ssh(**{"from": client})["outcome"] == "exit"
    assert worker.ssh(**{"from": client}, port=2222) == {"outcome": "timeout"}
    assert worker.ssh(**{"from": client}, address="192.0.2.1") == {"outcome": "timeout"}


def test_an_instance_can_be_made_deaf(aws: Account) -> None:
    worker = Worker(aws)
    worker.push()

    worker.control(deaf=[worker.identity])

    assert worker.ssh() == {"outcome": "timeout"}
