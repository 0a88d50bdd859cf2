"""Stand-in for pulumi-aws: security groups and their rules."""

from collections.abc import Mapping
from typing import Any, ClassVar

from ..access import Access
from ..errors import ProviderError, api_error, unless_gone
from ..naming import with_prefix
from ..properties import Properties
from .base import Resource, differs, present, retag, tag_map, tagged
from .vpc import live_instances

_SOURCES: Mapping[str, tuple[str, str]] = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
_WAYS: Mapping[str, str] = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
_ALL_OUT: Mapping[str, Any] = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_ALL_OUT_IPV6: Mapping[str, Any] = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


class SecurityGroup(Resource):
    kind = "aws:ec2/securityGroup:SecurityGroup"
    carries_out = frozenset(
        {"name", "namePrefix", "description", "vpcId", "ingress", "egress", "revokeRulesOnDelete", "tags"}
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        name = inputs.get("name") or with_prefix(inputs.get("namePrefix", "terraform-"))
        with self.doing(f"creating Security Group ({name})"):
            answer = aws.client("ec2").create_security_group(
                GroupName=name,
                Description=inputs["description"],
                **present(VpcId=inputs.get("vpcId")),
                **tagged("security-group", inputs),
            )
        return str(answer["GroupId"])

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        # The provider takes away the rules that AWS gives every new group; the second in a VPC with IPv6 only.
        ec2 = aws.client("ec2")
        with self.doing(f"revoking default IPv4 egress rule for Security Group ({identity})"):
            ec2.revoke_security_group_egress(GroupId=identity, IpPermissions=[_ALL_OUT])
        with self.doing(f"revoking default IPv6 egress rule for Security Group ({identity})"):
            unless_gone(lambda: ec2.revoke_security_group_egress(GroupId=identity, IpPermissions=[_ALL_OUT_IPV6]))
        for way in _WAYS:
            self._authorize(aws, identity, way, inputs.get(way) or [])

    def _authorize(self, aws: Access, identity: str, way: str, rules: list[Properties]) -> None:
        if rules:
            with self.doing(f"authorizing Security Group ({identity}) {way} rules"):
                call = getattr(aws.client("ec2"), f"authorize_security_group_{way}")
                call(GroupId=identity, IpPermissions=[_permission(rule, identity) for rule in rules])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        answer = unless_gone(lambda: aws.client("ec2").describe_security_groups(GroupIds=[identity]))
        if answer is None:
            return None
        group = answer["SecurityGroups"][0]
        return {
            "arn": aws.arn("ec2", f"security-group/{identity}"),
            "description": group["Description"],
            "name": group["GroupName"],
            "namePrefix": known.get("namePrefix") or "",
            "ownerId": group["OwnerId"],
            "vpcId": group.get("VpcId") or "",
            "tags": tag_map(group),
            **{way: _rules(group[key], identity) for way, key in _WAYS.items()},
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        for way in _WAYS:
            wanted = news.get(way)
            if wanted is None or wanted == olds.get(way):
                continue
            old = [_permission(rule, identity) for rule in olds.get(way) or ()]
            if old:
                with self.doing(f"revoking Security Group ({identity}) {way} rules"):
                    revoke = getattr(aws.client("ec2"), f"revoke_security_group_{way}")
                    revoke(GroupId=identity, IpPermissions=old)
            self._authorize(aws, identity, way, wanted)
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        what = f"deleting Security Group ({identity})"
        with self.doing(what):
            if live_instances(aws, **{"instance.group_id": identity}):
                text = f"resource {identity} has a dependent object"
                error = api_error("DeleteSecurityGroup", "EC2", "DependencyViolation", text)
                raise ProviderError(f"{what}: {error}")
            aws.client("ec2").delete_security_group(GroupId=identity)


def _permission(rule: Mapping[str, Any], group: str) -> dict[str, Any]:
    note = present(Description=rule.get("description") or None)
    permission: dict[str, Any] = {"IpProtocol": rule["protocol"]}
    if rule["protocol"] != "-1":
        permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    for name, (ranges, key) in _SOURCES.items():
        sources = [*(rule.get(name) or ()), *([group] if name == "securityGroups" and rule.get("self") else ())]
        if sources:
            permission[ranges] = [{key: source, **note} for source in sources]
    return permission


def _rules(permissions: list[Mapping[str, Any]], group: str) -> list[Properties]:
    """Rules as the provider shows them: one for each protocol, range of ports and description."""
    found: dict[tuple[str, int, int, str], Properties] = {}
    for permission in permissions:
        for name, (ranges, key) in _SOURCES.items():
            for source in permission.get(ranges, ()):
                ports = (permission.get("FromPort") or 0, permission.get("ToPort") or 0)
                note = source.get("Description") or ""
                rule = found.setdefault(
                    (permission["IpProtocol"], *ports, note),
                    {
                        "protocol": permission["IpProtocol"],
                        "fromPort": ports[0],
                        "toPort": ports[1],
                        "description": note,
                        "self": False,
                        **{every: [] for every in _SOURCES},
                    },
                )
                if source[key] == group:
                    rule["self"] = True
                else:
                    rule[name].append(source[key])
    return list(found.values())


class _SecurityGroupRule(Resource):
    way: ClassVar[str]
    carries_out = frozenset(
        {
            "ipProtocol",
            "securityGroupId",
            "cidrIpv4",
            "cidrIpv6",
            "description",
            "fromPort",
            "prefixListId",
            "referencedSecurityGroupId",
            "tags",
            "toPort",
        }
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating VPC Security Group Rule"):
            call = getattr(aws.client("ec2"), f"authorize_security_group_{self.way}")
            answer = call(
                GroupId=inputs["securityGroupId"],
                IpPermissions=[_single_permission(inputs)],
                **tagged("security-group-rule", inputs),
            )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        answer = unless_gone(lambda: ec2.describe_security_group_rules(SecurityGroupRuleIds=[identity]))
        if answer is None or not answer["SecurityGroupRules"]:
            return None
        rule = answer["SecurityGroupRules"][0]
        all_ports = rule["IpProtocol"] == "-1"
        return {
            "arn": aws.arn("ec2", f"security-group-rule/{identity}"),
            "securityGroupRuleId": identity,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            # moto forgets it where the other side is a group.
            "description": rule.get("Description") or known.get("description"),
            "fromPort": known.get("fromPort") if all_ports else rule.get("FromPort"),
            "toPort": known.get("toPort") if all_ports else rule.get("ToPort"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            "tags": tag_map(rule),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        if any(differs(name, olds, news) for name in ("cidrIpv6", "prefixListId", "referencedSecurityGroupId")):
            # moto changes nothing but cidrIpv4, and says that it did.
            self.delete(aws, identity, olds)
            return self.create(aws, news)
        with self.doing(f"updating VPC Security Group Rule ({identity})"):
            aws.client("ec2").modify_security_group_rules(
                GroupId=news["securityGroupId"],
                SecurityGroupRules=[
                    {
                        "SecurityGroupRuleId": identity,
                        "SecurityGroupRule": present(
                            IpProtocol=news["ipProtocol"],
                            FromPort=news.get("fromPort", -1),
                            ToPort=news.get("toPort", -1),
                            CidrIpv4=news.get("cidrIpv4"),
                            CidrIpv6=news.get("cidrIpv6"),
                            PrefixListId=news.get("prefixListId"),
                            ReferencedGroupId=news.get("referencedSecurityGroupId"),
                            Description=news.get("description", ""),
                        ),
                    }
                ],
            )
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting VPC Security Group Rule ({identity})"):
            call = getattr(aws.client("ec2"), f"revoke_security_group_{self.way}")
            call(GroupId=known["securityGroupId"], SecurityGroupRuleIds=[identity])


class IngressRule(_SecurityGroupRule):
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    way = "ingress"


class EgressRule(_SecurityGroupRule):
    kind = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    way = "egress"


def _single_permission(inputs: Properties) -> dict[str, Any]:
    note = present(Description=inputs.get("description"))
    permission = present(IpProtocol=inputs["ipProtocol"], FromPort=inputs.get("fromPort"), ToPort=inputs.get("toPort"))
    sources = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    for name, (ranges, key) in sources.items():
        if inputs.get(name) is not None:
            permission[ranges] = [{key: inputs[name], **note}]
    return permission
