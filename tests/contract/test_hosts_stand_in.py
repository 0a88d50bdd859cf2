"""What runs in the emulated EC2's instances: who gets a host, and where it is reached."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.aws_server import AwsServer

from .aws_stand_in_prerequisites import KEY

USER_DATA = "#cloud-config\nssh_keys:\n  ed25519_private: x\n"
PUBLIC_KEY = f"ssh-ed25519 {KEY}"


@dataclass
class Hosts:
    """Hosts that remember."""

    booted: dict[str, tuple[str, str]] = field(default_factory=dict)
    reached: dict[str, str] = field(default_factory=dict)
    """Addresses by instance ids."""
    broken: str = ""

    def boot(self, instance_id: str, user_data: str, authorized_key: str) -> str:
        if self.broken:
            raise RuntimeError(self.broken)
        self.booted[instance_id] = (user_data, authorized_key)
        return self.move(instance_id, None)

    def move(self, instance_id: str, address: str | None) -> str:
        wanted = address or f"127.0.0.{7 + [*self.booted].index(instance_id)}"
        assert wanted not in [taken for other, taken in self.reached.items() if other != instance_id], "it is taken"
        self.reached[instance_id] = wanted
        return self.reached[instance_id]

    def terminate(self, instance_id: str) -> None:
        del self.reached[instance_id]

    def elastic_address(self) -> str:
        return "127.0.1.1"


class Account:
    """An emulated account whose instances have hosts."""

    def __init__(self, url: str) -> None:
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        once = Config(retries={"total_max_attempts": 1})
        self.ec2 = boto3.client("ec2", region_name="eu-west-3", endpoint_url=url, config=once, **keys)
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        zone = self.ec2.describe_subnets()["Subnets"][0]
        self.subnet = zone["SubnetId"]
        self.ec2.import_key_pair(KeyName="login", PublicKeyMaterial=PUBLIC_KEY.encode())

    def start(self, public: bool = True, **more: Any) -> str:
        interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": public, "SubnetId": self.subnet}
        usual = {"KeyName": "login", "UserData": USER_DATA, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.small"}
        given = {**usual, "ImageId": self.image, "NetworkInterfaces": [interface], **more}
        answer = self.ec2.run_instances(**{name: value for name, value in given.items() if value})
        return str(answer["Instances"][0]["InstanceId"])

    def address(self, instance: str) -> str | None:
        (found,) = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        address: str | None = found["Instances"][0].get("PublicIpAddress")
        return address

    def instances(self) -> list[dict[str, Any]]:
        return [each for group in self.ec2.describe_instances()["Reservations"] for each in group["Instances"]]

    def states(self) -> list[str]:
        return [each["State"]["Name"] for each in self.instances()]

    def end_all(self) -> None:
        """End all instances, and give back all addresses."""
        for held in self.ec2.describe_addresses()["Addresses"]:
            self.ec2.release_address(AllocationId=held["AllocationId"])
        for each in self.instances():
            if each["State"]["Name"] != "terminated":
                self.ec2.terminate_instances(InstanceIds=[each["InstanceId"]])


@pytest.fixture(scope="module")
def emulated() -> Iterator[tuple[Account, Hosts]]:
    hosts = Hosts()
    with pytest.MonkeyPatch.context() as patch:
        # The server replaces it for its whole process, which has other tests too.
        patch.setattr("moto.ec2.models.elastic_ip_addresses.random_ip", lambda: "")
        server = AwsServer(hosts=hosts)
        server.start()
        made = Account(server.url)
        yield made, hosts
        made.ec2.delete_key_pair(KeyName="login")
        server.close()


@pytest.fixture
def hosts(emulated: tuple[Account, Hosts]) -> Iterator[Hosts]:
    """The hosts, of which there are none yet: each test's instances end with it."""
    account, hosts = emulated
    yield hosts
    account.end_all()
    hosts.booted.clear()
    hosts.broken = ""
    assert hosts.reached == {}


@pytest.fixture
def account(emulated: tuple[Account, Hosts], hosts: Hosts) -> Account:
    return emulated[0]


def test_a_public_instance_with_a_key_and_host_keys_gets_a_host_until_its_end(account: Account, hosts: Hosts) -> None:
    instance = account.start()

    assert hosts.booted == {instance: (USER_DATA, PUBLIC_KEY)}
    assert account.address(instance) == "127.0.0.7"

    account.ec2.terminate_instances(InstanceIds=[instance])

    assert hosts.reached == {}


@pytest.mark.parametrize(
    "more",
    [{"public": False}, {"KeyName": None}, {"UserData": None}, {"UserData": "#cloud-config\npackages: [git]\n"}],
    ids=["not public", "no key", "no user data", "no host keys"],
)
def test_another_instance_gets_none(account: Account, hosts: Hosts, more: dict[str, Any]) -> None:
    account.start(**more)

    assert hosts.booted == {}


def test_a_protected_instance_keeps_its_host(account: Account, hosts: Hosts) -> None:
    instance = account.start()
    account.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": True})

    with pytest.raises(ClientError, match="OperationNotPermitted"):
        account.ec2.terminate_instances(InstanceIds=[instance])

    assert [*hosts.reached] == [instance]
    account.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    account.ec2.terminate_instances(InstanceIds=[instance])


def test_an_instance_whose_host_does_not_start_is_told_and_ends(account: Account, hosts: Hosts) -> None:
    hosts.broken = "no <room>"
    before = len(account.states())

    with pytest.raises(ClientError, match="the instance's host: no <room>"):
        account.start()

    assert account.states()[before:] == ["terminated"]


def test_an_elastic_address_leads_to_the_instance_that_has_it_and_to_no_other(account: Account, hosts: Hosts) -> None:
    first, second = account.start(), account.start()
    allocated = account.ec2.allocate_address(Domain="vpc")
    elastic, allocation = allocated["PublicIp"], allocated["AllocationId"]

    assert elastic == "127.0.1.1"
    account.ec2.associate_address(AllocationId=allocation, InstanceId=first)
    assert hosts.reached == {first: elastic, second: "127.0.0.8"}
    assert account.address(first) == elastic

    (held,) = account.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    account.ec2.disassociate_address(AssociationId=held["AssociationId"])
    assert account.address(first) == hosts.reached[first] == "127.0.0.7"

    account.ec2.associate_address(AllocationId=allocation, InstanceId=second)
    assert (account.address(first), account.address(second)) == ("127.0.0.7", elastic)
    account.ec2.release_address(AllocationId=allocation)
    assert account.address(second) == "127.0.0.8"


def test_a_reassociated_address_leaves_the_instance_that_had_it(account: Account, hosts: Hosts) -> None:
    first, second = account.start(), account.start()
    allocation = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    account.ec2.associate_address(AllocationId=allocation, InstanceId=first)

    account.ec2.associate_address(AllocationId=allocation, InstanceId=second, AllowReassociation=True)

    assert hosts.reached == {first: "127.0.0.7", second: "127.0.1.1"}
    assert account.address(first) == "127.0.0.7"
