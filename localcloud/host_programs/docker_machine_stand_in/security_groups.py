"""The groups of a machine: found by name, made where they are missing, opened where that is allowed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from typing import Any

from ..aws_query import AwsError

_DOCKER_PORT = 2376
_ANYWHERE = "0.0.0.0/0"

Call = Callable[[str, Mapping[str, str]], ElementTree.Element]
Port = tuple[int, str]


def ensure(call: Call, driver: Mapping[str, Any]) -> list[str]:
    """Return the ids of the machine's groups. Raises `AwsError`."""
    names = driver["SecurityGroupNames"]
    sent = {"Filter.1.Name": "group-name", "Filter.2.Name": "vpc-id", "Filter.2.Value.1": driver["VpcId"]}
    for number, name in enumerate(names, 1):
        sent[f"Filter.1.Value.{number}"] = name
    answer = call("DescribeSecurityGroups", sent)
    found = {group.findtext("groupName"): group for group in answer.findall("securityGroupInfo/item")}
    ids = []
    for name in names:
        group = found.get(name)
        if group is None:
            group = _create(call, name, driver["VpcId"])
        ids.append(group.findtext("groupId", ""))
        # A group that was missing is made even so; only its rules are left alone.
        if not driver["SecurityGroupReadOnly"]:
            _open(call, group, [driver["SSHPort"], _DOCKER_PORT], driver["OpenPorts"])
    return ids


def _create(call: Call, name: str, vpc: str) -> ElementTree.Element:
    # AWS's own rule, which an emulated AWS may not know; so an id is never taken for a name in silence.
    if not name or name.startswith("sg-"):
        raise AwsError("InvalidParameterValue", f"Invalid value '{name}' for groupName.", 400)
    sent = {"GroupDescription": "Docker Machine", "GroupName": name, "VpcId": vpc}
    number = call("CreateSecurityGroup", sent).findtext("groupId", "")
    group = call("DescribeSecurityGroups", {"GroupId.1": number}).find("securityGroupInfo/item")
    if group is None:
        raise AwsError("InvalidGroup.NotFound", f"The security group '{name}' does not exist", 400)
    return group


def _open(call: Call, group: ElementTree.Element, ports: list[int], more: list[str]) -> None:
    wanted = [(port, "tcp") for port in ports] + [_parse(text) for text in more]
    # Only a rule that starts at this very port counts, not a range and not "all traffic".
    already = {
        (int(rule.findtext("fromPort") or -1), rule.findtext("ipProtocol", ""))
        for rule in group.findall("ipPermissions/item")
    }
    sent = {"GroupId": group.findtext("groupId", "")}
    missing = [port for port in dict.fromkeys(wanted) if port not in already]
    for number, (port, protocol) in enumerate(missing, 1):
        sent[f"IpPermissions.{number}.FromPort"] = sent[f"IpPermissions.{number}.ToPort"] = str(port)
        sent[f"IpPermissions.{number}.IpProtocol"] = protocol
        sent[f"IpPermissions.{number}.IpRanges.1.CidrIp"] = _ANYWHERE
    if missing:
        call("AuthorizeSecurityGroupIngress", sent)


def _parse(text: str) -> Port:
    number, _, protocol = text.partition("/")
    if not number.isdigit():
        raise AwsError("invalid port number", text)
    return int(number), protocol or "tcp"
