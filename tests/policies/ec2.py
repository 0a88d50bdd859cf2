"""What EC2 asks of IAM for a call of the driver: one request for each resource that the call touches.

Which resources and context keys these are: AWS's Service Authorization Reference, which iam-simulate checks too.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .evaluator import Request
from .variants import Variant

MACHINE = "runner-abcdefghi-spot-1764000000-0a1b2c3d-a-m5-large"
_RECORDING = Path(__file__).parents[2] / "localcloud" / "recordings" / "driver_ec2_calls.json"
_OURS = {
    r"subnet-\w{17}": "subnet-1",
    r"sg-\w{17}": "sg-1",
    r"vpc-\w{17}": "vpc-1",
    r"i-\w{17}": "i-1",
    r"ami-\w{8}": "ami-1",
    r"t2\.micro": "m5.large",
    '"m1"': f'"{MACHINE}"',
    '"prof"': '"worker"',
    '"k1"': '"gitlab-runner-aws"',
    '"v1"': '"test"',
    '("[^"]*Encrypted": )"false"': r'\1"true"',
}
"""What the recording's names are in the variants."""

_PROFILES = {"i-1": "worker", "i-foreign": "another"}
"""The instance profiles of machines that exist; `i-bare` has none."""

Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """A call to EC2, as it goes over the wire."""

    action: str
    parameters: Parameters


@functools.cache
def recorded(kind: str) -> list[Call]:
    """Return the driver's calls for a `spot` or an `on_demand` machine, from its creation to its removal."""
    text = _RECORDING.read_text()
    for pattern, ours in _OURS.items():
        text = re.sub(pattern, ours, text)
    return [Call(call["action"], call["parameters"]) for call in json.loads(text)[kind]]


def requests(call: Call, where: Variant) -> dict[str, Request]:
    """Return what EC2 asks for this call, by the type of the resource (tags: `tags of` the type)."""
    return {
        asked: Request(
            action=f"ec2:{action}",
            resource=where.fill(resource),
            context={"ec2:Region": where.region} | {key: where.fill(value) for key, value in context.items()},
            principal=where.fill("{iam}:role/manager"),
        )
        for asked, action, resource, context in _asked(call)
    }


_Asked = tuple[str, str, str, dict[str, str]]


def _asked(call: Call) -> Iterator[_Asked]:
    sent = call.parameters
    if call.action.startswith("Describe"):
        yield "all", call.action, "*", {}
    elif call.action in ("ImportKeyPair", "DeleteKeyPair"):
        yield "key-pair", call.action, f"{{ec2}}:key-pair/{sent['KeyName']}", {}
    elif call.action == "RunInstances":
        yield from _run(sent)
        yield from _tag_on_start(sent)
    else:
        machine = sent.get("ResourceId.1") or sent["InstanceId.1"]
        yield "instance", call.action, f"{{ec2}}:instance/{machine}", _profile(_PROFILES.get(machine)) | _tags(sent)


def _run(sent: Parameters) -> Iterator[_Asked]:
    subnet, group = sent["NetworkInterface.1.SubnetId"], sent["NetworkInterface.1.SecurityGroupId.1"]
    market = sent.get("InstanceMarketOptions.MarketType", "on-demand")
    machine = {
        "ec2:InstanceType": sent["InstanceType"],
        "ec2:InstanceMarketType": market,
        "ec2:MetadataHttpTokens": sent.get("MetadataOptions.HttpTokens", "optional"),
        **_profile(sent.get("IamInstanceProfile.Name")),
    }
    asked = {
        "instance": ("instance/new", machine),
        "volume": ("volume/new", {"ec2:Encrypted": sent["BlockDeviceMapping.1.Ebs.Encrypted"]}),
        "network-interface": ("network-interface/new", _vpc(subnet)),
        "subnet": (f"subnet/{subnet}", _vpc(subnet)),
        "security-group": (f"security-group/{group}", _vpc(group)),
        "key-pair": (f"key-pair/{sent['KeyName']}", {"ec2:KeyPairName": sent["KeyName"]}),
    }
    if market == "spot":
        asked["spot-instances-request"] = ("spot-instances-request/new", {})
    for what, (resource, context) in asked.items():
        yield what, "RunInstances", f"{{ec2}}:{resource}", context
    image = f"arn:{{partition}}:ec2:{{region}}::image/{sent['ImageId']}"
    yield "image", "RunInstances", image, {"ec2:ImageID": sent["ImageId"]}


def _tag_on_start(sent: Parameters) -> Iterator[_Asked]:
    for key, what in sent.items():
        if key.endswith(".ResourceType"):
            tags = _tags(sent, f"{key.removesuffix('ResourceType')}Tag")
            yield f"tags of {what}", "CreateTags", f"{{ec2}}:{what}/new", {"ec2:CreateAction": "RunInstances", **tags}


def _vpc(name: str) -> dict[str, str]:
    """Subnets and groups of the VPC are called -1, -2, ...; those of another one `...-foreign`."""
    return {"ec2:Vpc": "{ec2}:vpc/vpc-foreign" if name.endswith("foreign") else "{ec2}:vpc/vpc-1"}


def _profile(name: str | None) -> dict[str, str]:
    return {"ec2:InstanceProfile": f"{{iam}}:instance-profile/{name}"} if name else {}


def _tags(sent: Parameters, prefix: str = "Tag") -> dict[str, str]:
    keys = [key for key in sent if re.fullmatch(rf"{re.escape(prefix)}\.\d+\.Key", key)]
    return {f"aws:RequestTag/{sent[key]}": sent[f"{key.removesuffix('Key')}Value"] for key in keys}
