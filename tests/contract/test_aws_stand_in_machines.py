"""EC2 instances of the aws stand-in: the machines behind them, and what can't be destroyed while they run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.rpc import status_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2

from localcloud.aws_stand_in.properties import from_struct

from .aws_stand_in import Network, Refused, Resource, Stack, emulated_aws, stack
from .aws_stand_in_prerequisites import KEY

GROUP, INSTANCE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/instance:Instance"
PAIR = "aws:ec2/keyPair:KeyPair"
PUBLIC_KEY = f"ssh-ed25519 {KEY}"


@dataclass
class Machines:
    """A hypervisor that remembers."""

    booted: dict[str, tuple[str, str]] = field(default_factory=dict)
    terminated: list[str] = field(default_factory=list)
    broken: str = ""

    def boot(self, instance_id: str, user_data: str, authorized_key: str) -> str:
        if self.broken:
            raise RuntimeError(self.broken)
        self.booted[instance_id] = (user_data, authorized_key)
        return "127.0.0.7"

    def terminate(self, instance_id: str) -> None:
        self.terminated.append(instance_id)

    def address(self, instance_id: str) -> str | None:
        return "127.0.0.7" if instance_id in self.booted and instance_id not in self.terminated else None


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with emulated_aws() as address:
        yield address


@pytest.fixture(scope="module")
def cloud(url: str) -> Stack:
    return stack(url)


@pytest.fixture
def network(cloud: Stack) -> Network:
    return Network.of(cloud)


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.fixture
def with_machines(url: str, machines: Machines) -> Stack:
    return stack(url, machines)


def _machine(cloud: Stack, network: Network, **more: Any) -> dict[str, Any]:
    images = cloud.client("ec2").describe_images(Owners=["099720109477"])["Images"]
    inputs = {"ami": images[0]["ImageId"], "instanceType": "t3.micro", "subnetId": network.subnet.id}
    return {**inputs, **more}


def test_what_comes_from_a_secret_input_is_secret(cloud: Stack, network: Network) -> None:
    text = "#!/bin/sh\necho hidden\n"

    made = cloud.create(INSTANCE, _machine(cloud, network, userData=text), secrets=("userData",))
    found = cloud.read(made)

    assert made.outputs["userData"] == text
    assert made.secrets == {"userData"}
    assert found is not None
    assert found.secrets == {"userData"}


def test_a_public_instance_with_a_key_gets_a_machine(
    with_machines: Stack, machines: Machines, network: Network
) -> None:
    pair = with_machines.create(PAIR, {"publicKey": f"{PUBLIC_KEY}\n"})
    inputs = _machine(with_machines, network, keyName=pair.id, userData="#!/bin/sh\n")

    made = with_machines.create(INSTANCE, inputs)
    found = with_machines.read(made)
    with_machines.delete(made)

    assert machines.booted == {made.id: ("#!/bin/sh\n", PUBLIC_KEY)}
    assert made.outputs["publicIp"] == "127.0.0.7"
    assert found is not None
    assert found.outputs["publicIp"] == "127.0.0.7"
    assert machines.terminated == [made.id]
    assert with_machines.read(made) is None


@pytest.mark.parametrize("more", [{"associatePublicIpAddress": False}, {"keyName": None}])
def test_an_instance_nobody_can_log_in_to_gets_none(
    with_machines: Stack, machines: Machines, network: Network, more: dict[str, Any]
) -> None:
    pair = with_machines.create(PAIR, {"publicKey": PUBLIC_KEY})

    with_machines.create(INSTANCE, _machine(with_machines, network, **{"keyName": pair.id, **more}))

    assert machines.booted == {}


def test_a_key_pair_that_does_not_exist_is_refused(cloud: Stack, network: Network) -> None:
    with pytest.raises(Refused, match=r"creating EC2 Instance: .*InvalidKeyPair\.NotFound"):
        cloud.create(INSTANCE, _machine(cloud, network, keyName="no-such-key"))


def _live(cloud: Stack, subnet: str) -> list[str]:
    answer = cloud.client("ec2").describe_instances(Filters=[{"Name": "subnet-id", "Values": [subnet]}])
    found = [each for group in answer["Reservations"] for each in group["Instances"]]
    return [each["InstanceId"] for each in found if each["State"]["Name"] != "terminated"]


def test_an_instance_whose_machine_does_not_start_is_taken_away_again(
    with_machines: Stack, machines: Machines, network: Network
) -> None:
    machines.broken = "no room"
    pair = with_machines.create(PAIR, {"publicKey": PUBLIC_KEY})

    with pytest.raises(Refused, match="no room"):
        with_machines.create(INSTANCE, _machine(with_machines, network, keyName=pair.id))

    assert _live(with_machines, network.subnet.id) == []


def test_what_can_not_be_taken_away_again_is_handed_to_the_engine(
    with_machines: Stack, machines: Machines, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.broken = "no room"
    pair = with_machines.create(PAIR, {"publicKey": PUBLIC_KEY})
    monkeypatch.setattr("localcloud.aws_stand_in.resources.instances._TERMINATION_SECONDS", 0.0)
    monkeypatch.setattr(
        "localcloud.aws_stand_in.resources.instances.Instance.read", lambda self, aws, identity, known: {}
    )

    with pytest.raises(Refused, match="no room; and then: waiting for EC2 Instance"):
        with_machines.create(INSTANCE, _machine(with_machines, network, keyName=pair.id))

    ((name, data),) = with_machines.context.metadata
    partly = provider_pb2.ErrorResourceInitFailed()
    assert name == "grpc-status-details-bin"
    assert status_pb2.Status.FromString(data).details[0].Unpack(partly)
    assert partly.id.startswith("i-")
    assert from_struct(partly.properties)[0]["keyName"] == pair.id


def test_a_running_instance_keeps_its_network_from_being_destroyed(cloud: Stack, network: Network) -> None:
    group = cloud.create(GROUP, {"vpcId": network.vpc.id})
    machine = cloud.create(INSTANCE, _machine(cloud, network, vpcSecurityGroupIds=[group.id]))
    chain = [group, network.subnet, network.vpc]

    for resource in chain:
        with pytest.raises(Refused, match="api error DependencyViolation"):
            cloud.delete(resource, seconds=0.1)
    for resource in [machine, *chain]:
        cloud.delete(resource)

    assert [cloud.read(resource) for resource in chain] == [None, None, None]


@pytest.mark.parametrize("seconds", [0, 600], ids=["as long as the provider wants", "as long as the program says"])
def test_a_subnet_waits_for_the_machines_in_it_to_go(cloud: Stack, network: Network, seconds: float) -> None:
    machine = cloud.create(INSTANCE, _machine(cloud, network))
    with ThreadPoolExecutor() as pool:
        deletion = pool.submit(cloud.delete, network.subnet, seconds)
        # It has been refused at least once when it has not come to an end after a while.
        with pytest.raises(TimeoutError):
            deletion.result(timeout=1.5)
        cloud.delete(machine)
        deletion.result(timeout=60)

    assert cloud.read(network.subnet) is None


def test_changes_of_an_instance_reach_aws(cloud: Stack, network: Network) -> None:
    group = cloud.create(GROUP, {"vpcId": network.vpc.id})
    made = cloud.create(INSTANCE, _machine(cloud, network, userData="one"))
    wanted = {
        **made.inputs,
        "instanceType": "t3.large",
        "userData": "two",
        "vpcSecurityGroupIds": [group.id],
        "metadataOptions": {"httpTokens": "required"},
        "rootBlockDevice": {"volumeSize": 30},
        "tags": {"Name": "n"},
    }

    outputs = cloud.update(made, wanted)

    live = cloud.client("ec2").describe_instance_attribute(InstanceId=made.id, Attribute="userData")
    assert live["UserData"]["Value"] == "dHdv"
    assert (outputs["instanceType"], outputs["instanceState"]) == ("t3.large", "running")
    assert outputs["vpcSecurityGroupIds"] == [group.id]
    assert outputs["metadataOptions"]["httpTokens"] == "required"
    assert outputs["rootBlockDevice"]["volumeSize"] == 30
    assert outputs["tags"] == {"Name": "n"}


def test_a_protected_instance_is_not_destroyed_and_its_machine_goes_on(
    with_machines: Stack, machines: Machines, network: Network
) -> None:
    pair = with_machines.create(PAIR, {"publicKey": PUBLIC_KEY})
    inputs = _machine(with_machines, network, keyName=pair.id, disableApiTermination=True, disableApiStop=True)
    made = with_machines.create(INSTANCE, inputs)

    with pytest.raises(Refused, match=r"terminating EC2 Instance .* may not be terminated"):
        with_machines.delete(made)
    protected = machines.terminated == [] and made.outputs["disableApiTermination"] and made.outputs["disableApiStop"]
    forced = with_machines.update(made, {**made.inputs, "forceDestroy": True})
    with_machines.delete(Resource(INSTANCE, made.id, made.inputs, forced))

    assert protected
    assert machines.terminated == [made.id]


def test_protection_is_switched_off_in_place(cloud: Stack, network: Network) -> None:
    made = cloud.create(INSTANCE, _machine(cloud, network, disableApiTermination=True))

    outputs = cloud.update(made, {**made.inputs, "disableApiTermination": False})
    cloud.delete(made)

    assert outputs["disableApiTermination"] is False
    assert cloud.read(made) is None


def test_an_instance_that_may_not_be_stopped_keeps_its_type(cloud: Stack, network: Network) -> None:
    made = cloud.create(INSTANCE, _machine(cloud, network, disableApiStop=True))

    with pytest.raises(Refused, match=r"updating EC2 Instance .*disableApiStop"):
        cloud.update(made, {**made.inputs, "instanceType": "t3.large"})


def test_tags_of_all_volumes_are_changed_together(cloud: Stack, network: Network) -> None:
    disk = {"deviceName": "/dev/sdf", "volumeSize": 10}
    given = _machine(cloud, network, volumeTags={"a": "1"}, rootBlockDevice={"volumeSize": 20}, ebsBlockDevices=[disk])
    made = cloud.create(INSTANCE, given)

    outputs = cloud.update(made, {**made.inputs, "volumeTags": {"b": "2"}})

    of_instance = [{"Name": "attachment.instance-id", "Values": [made.id]}]
    volumes = cloud.client("ec2").describe_volumes(Filters=of_instance)["Volumes"]
    assert [volume["Tags"] for volume in volumes] == [[{"Key": "b", "Value": "2"}]] * 2
    assert outputs["volumeTags"] == {"b": "2"}
