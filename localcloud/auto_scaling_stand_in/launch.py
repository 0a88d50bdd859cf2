"""Stand-in for Auto Scaling: an instance made in the emulated EC2 from a launch template, with all that is in it."""

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .spot_requests import SpotRequest

_PENDING, _SHUTTING_DOWN = ("pending", 0), ("shutting-down", 32)


@dataclass(frozen=True)
class Placement:
    """What kind of machine is to be launched, and where."""

    market: str
    instance_type: str
    zone: str
    subnet: str


def launched(ec2: Any, version: Any, placement: Placement, tags: Mapping[str, str], max_price: str) -> Any:
    """Make the instance and return it: moto's object, pending. `tags` are the group's own for its instances."""
    data = version.data
    of_template: dict[str, dict[str, str]] = {
        each["ResourceType"]: {tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", ())}
        for each in data.get("TagSpecifications", ())
    }
    reservation = ec2.run_instances(
        data["ImageId"],
        1,
        data.get("UserData"),
        data.get("SecurityGroups", []),
        instance_type=placement.instance_type,
        is_instance_type_default=False,
        region_name=ec2.region_name,
        placement=placement.zone,
        key_name=data.get("KeyName"),
        tags={"instance": of_template.get("instance", {}), "volume": of_template.get("volume", {})},
        ebs_optimized=bool(data.get("EbsOptimized")),
        instance_market_options="spot" if placement.market == "spot" else {},
        monitoring_state="enabled" if (data.get("Monitoring") or {}).get("Enabled") else "disabled",
        metadata_options=data.get("MetadataOptions") or {},
        instance_initiated_shutdown_behavior=data.get("InstanceInitiatedShutdownBehavior"),
        disable_api_termination=bool(data.get("DisableApiTermination")),
        **_network(data, placement),
        **_disks(ec2, data),
    )
    (instance,) = reservation.instances
    _finish(ec2, instance, data, of_template)
    own = {"aws:ec2launchtemplate:id": version.template.id, "aws:ec2launchtemplate:version": str(version.number)}
    instance.add_tags({**tags, **own})
    if placement.market == "spot":
        request = SpotRequest(instance, max_price, of_template.get("spot-instances-request", {}))
        ec2.spot_instance_requests[request.id] = request
        instance.spot_instance_request_id = request.id
    set_state(instance, *_PENDING)
    return instance


def _network(data: Mapping[str, Any], placement: Placement) -> dict[str, Any]:
    subnet = {"SubnetId": placement.subnet} if placement.subnet else {}
    interfaces = [copy.deepcopy(each) for each in data.get("NetworkInterfaces") or ()]
    if interfaces:
        for number, interface in enumerate(interfaces):
            interface.setdefault("DeviceIndex", number)
        interfaces[0] |= subnet
        # moto takes an address of the subnet's kind only where nothing is said, as None.
        return {"nics": interfaces, "security_group_ids": [], "associate_public_ip": None}
    groups = list(data.get("SecurityGroupIds") or ())
    return {"subnet_id": placement.subnet or None, "security_group_ids": groups, "associate_public_ip": None}


def _disks(ec2: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    mappings = [
        {"DeviceName": each["DeviceName"], "NoDevice": each.get("NoDevice"), "Ebs": {**_whole(each.get("Ebs") or {})}}
        for each in data.get("BlockDeviceMappings") or ()
        if each.get("Ebs")
    ]
    return {"block_device_mappings": mappings} if mappings else {}


def _whole(disk: Mapping[str, Any]) -> dict[str, Any]:
    # Left out, AWS takes a template's disk as one that goes with the machine.
    return {"VolumeSize": 8, "DeleteOnTermination": True, **disk}


def _finish(ec2: Any, instance: Any, data: Mapping[str, Any], tags: Mapping[str, Mapping[str, str]]) -> None:
    """What moto's RunInstances leaves out."""
    profile = data.get("IamInstanceProfile") or {}
    if profile:
        ec2.associate_iam_instance_profile(
            instance_id=instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )
    asked = {int(each.get("DeviceIndex", 0)): each for each in data.get("NetworkInterfaces") or ()}
    for number, nic in instance.nics.items():
        nic.delete_on_termination = bool(asked.get(number, {}).get("DeleteOnTermination", True))
        nic.add_tags(dict(tags.get("network-interface", {})))
    disks = {each["DeviceName"]: each["Ebs"] for each in data.get("BlockDeviceMappings") or () if each.get("Ebs")}
    for device, attached in instance.get_block_device_mapping:
        disk = disks.get(device, {})
        volume = ec2.volumes[attached.volume_id]
        volume.iops, volume.throughput = disk.get("Iops") or volume.iops, disk.get("Throughput") or volume.throughput


def set_state(instance: Any, name: str, code: int) -> None:
    """Change an instance's state in EC2."""
    instance._state.name, instance._state.code = name, code


def end(ec2: Any, instance_id: str, reason: tuple[str, str] | None = None) -> None:
    """Terminate the instance in EC2, whatever protects it there; `reason` are the code and text of its state."""
    instance = next((each for each in ec2.all_instances() if each.id == instance_id), None)
    if instance is None or instance.state == "terminated":
        return
    instance.terminate()
    if reason is not None:
        instance.state_reason.code, instance.state_reason.message = reason


def fleet_id() -> str:
    """The id of the fleet by which a group with a mixed instances policy has its instances launched."""
    return f"fleet-{secrets.token_hex(4)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(8)}"
