"""Where the machines of a call of the module start, and from which image."""

import re

from ..settings.image import DEFAULT_SYSTEM, published_image
from .module_call import ModuleCall
from .old_keys import without
from .places import below

INVENTED_VPC, INVENTED_SUBNET = "vpc-00000000000000000", "subnet-00000000000000000"
"""For the module's config.toml: what the call says is put into the settings themselves."""
_VPC, _SUBNETS = "vpc-0123456789abcdef0", [f"subnet-0123456789abcde{number:02x}" for number in range(0xF0, 0x100)]
_IMAGE = "pools[0].image"
_UBUNTU = published_image(DEFAULT_SYSTEM, "x86_64", "aws").model_dump(exclude_none=True)
_A_VPC, _A_SUBNET = re.compile(r"vpc-\w+", re.ASCII), re.compile(r"subnet-\w+", re.ASCII)


def take_network(call: ModuleCall, own: str) -> None:
    """Take the network; `own` is the variable of the workers' subnets, which the manager is in too."""
    network = {"vpcId": call.ask("vpc_id", "network.vpcId", _VPC, form=_A_VPC)}
    names = [own, "subnet_id", "subnet_id_runners"]
    name = next((each for each in names if call.gives(each)), "subnet_id")
    network["subnetIds"] = call.ask_list(name, "network.subnetIds", _SUBNETS, _A_SUBNET)
    if network["subnetIds"] is None:
        call.ask(name, "network.subnetIds[0]", _SUBNETS[0])
    call.leave_out(names, f"{call.place(name)} is there too, and the module takes that")
    if name == "subnet_id_runners":
        managers, path = "subnet_ids_gitlab_runner", "network.managerSubnetId"
        subnets = call.ask_list(managers, path, [], _A_SUBNET) or []
        network["managerSubnetId"] = next(iter(subnets), None)
        if len(subnets) > 1:
            call.findings.note(call.place(managers), f"the manager is in one subnet, {subnets[0]}")
    call.set("network", {key: value for key, value in network.items() if value}, name)


def take_image(call: ModuleCall, kind: str) -> None:
    """Take the image of the executor whose variables begin with `kind`, where a name alone tells it."""
    names, owners = f"{kind}_ami_filter", f"{kind}_ami_owners"
    if call.gives(f"{kind}_ami_id"):
        call.leave_out([names, owners], f"{call.place(f'{kind}_ami_id')} is there too, and the module takes that")
        return
    if not call.gives(names):
        return
    found, owner = call.take(names, {}, _IMAGE), call.take(owners, [_UBUNTU["owner"]], _IMAGE)
    if not isinstance(found, dict) or not isinstance(owner, list) or len(owner) != 1 or not _is_one(found.get("name")):
        call.findings.note(call.place(names), f"is not a single name and owner; set {_IMAGE}.name and .owner")
        return
    image = {"owner": owner[0], "name": found["name"][0]}
    if image != _UBUNTU:  # which is the default
        call.set(_IMAGE, image, names)
    for key in without(found, "name"):
        call.findings.left_out(below(call.place(names), key), f"{_IMAGE} finds an image by owner and name alone")


def _is_one(names: object) -> bool:
    return isinstance(names, list) and len(names) == 1 and isinstance(names[0], str)
