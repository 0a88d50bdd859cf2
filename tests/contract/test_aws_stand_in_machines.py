"""EC2 instances of the aws stand-in: how they are made, and what can't be destroyed while they run."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from localcloud.aws_stand_in.errors import ProviderError
from localcloud.aws_stand_in.properties import from_struct

from .aws_stand_in import Network, Refused, Resource, Stack, emulated_aws, stack
from .aws_stand_in_prerequisites import KEY

GROUP, INSTANCE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/instance:Instance"
PAIR = "aws:ec2/keyPair:KeyPair"
PUBLIC_KEY = f"ssh-ed25519 {KEY}"


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


def test_a_key_pair_that_does_not_exist_is_refused(cloud: Stack, network: Network) -> None:
    with pytest.raises(Refused, match=r"creating EC2 Instance: .*InvalidKeyPair\.NotFound"):
        cloud.create(INSTANCE, _machine(cloud, network, keyName="no-such-key"))


def _live(cloud: Stack, subnet: str) -> list[str]:
    answer = cloud.client("ec2").describe_instances(Filters=[{"Name": "subnet-id", "Values": [subnet]}])
    found = [each for group in answer["Reservations"] for each in group["Instances"]]
    return [each["InstanceId"] for each in found if each["State"]["Name"] != "terminated"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances start, and then something of them can't be set."""

    def refuse(*_: object) -> None:
        raise ProviderError("no room")

    monkeypatch.setattr("localcloud.aws_stand_in.resources.instances.protect", refuse)


@pytest.mark.usefixtures("broken")
def test_an_instance_that_is_made_half_way_is_taken_away_again(cloud: Stack, network: Network) -> None:
    with pytest.raises(Refused, match="no room"):
        cloud.create(INSTANCE, _machine(cloud, network))

    assert _live(cloud, network.subnet.id) == []


@pytest.mark.usefixtures("broken")
def test_what_can_not_be_taken_away_again_is_handed_to_the_engine(
    url: str, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = stack(url)
    pair = cloud.create(PAIR, {"publicKey": PUBLIC_KEY})
    monkeypatch.setattr("localcloud.aws_stand_in.resources.instances._TERMINATION_SECONDS", 0.0)
    monkeypatch.setattr(
        "localcloud.aws_stand_in.resources.instances.Instance.read", lambda self, aws, identity, known: {}
    )

    with pytest.raises(Refused, match="no room; and then: waiting for EC2 Instance"):
        cloud.create(INSTANCE, _machine(cloud, network, keyName=pair.id))

    ((name, data),) = cloud.context.metadata
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


def test_a_protected_instance_is_not_destroyed(cloud: Stack, network: Network) -> None:
    made = cloud.create(INSTANCE, _machine(cloud, network, disableApiTermination=True, disableApiStop=True))

    with pytest.raises(Refused, match=r"terminating EC2 Instance .* may not be terminated"):
        cloud.delete(made)
    protected = made.outputs["disableApiTermination"] and made.outputs["disableApiStop"]
    forced = cloud.update(made, {**made.inputs, "forceDestroy": True})
    cloud.delete(Resource(INSTANCE, made.id, made.inputs, forced))

    assert protected
    assert cloud.read(made) is None


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
