"""Stand-in for pulumi-aws: IAM roles, their inline policies, and instance profiles."""

import json
from typing import Any

from ..access import Access
from ..errors import unless_gone
from ..naming import with_prefix
from ..properties import Properties
from ..same import normal_policy
from .base import Resource, differs, present, tag_changes, tag_list, tag_map


def name_of(inputs: Properties) -> str:
    """The name that the program or the bridge gives, or one made from the prefix."""
    return str(inputs.get("name") or with_prefix(inputs.get("namePrefix", "terraform-")))


def iam_tags(inputs: Properties) -> dict[str, Any]:
    return {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}


def retag_iam(aws: Access, kind: str, key: dict[str, str], olds: Properties, news: Properties) -> None:
    """`kind` as in the API's `tag_<kind>`; `key` is the argument that names the thing."""
    gone, changed = tag_changes(olds, news)
    if gone:
        getattr(aws.client("iam"), f"untag_{kind}")(**key, TagKeys=gone)
    if changed:
        getattr(aws.client("iam"), f"tag_{kind}")(**key, Tags=tag_list(changed))


class Role(Resource):
    kind = "aws:iam/role:Role"
    service = "IAM"
    carries_out = frozenset(
        {
            "assumeRolePolicy",
            "description",
            "forceDetachPolicies",
            "maxSessionDuration",
            "name",
            "namePrefix",
            "path",
            "permissionsBoundary",
            "tags",
        }
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        with self.doing(f"creating IAM Role ({name})"):
            aws.client("iam").create_role(
                RoleName=name,
                AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
                **present(
                    Path=inputs.get("path"),
                    Description=inputs.get("description"),
                    MaxSessionDuration=inputs.get("maxSessionDuration"),
                    PermissionsBoundary=inputs.get("permissionsBoundary"),
                ),
                **iam_tags(inputs),
            )
        return name

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        iam = aws.client("iam")
        answer = unless_gone(lambda: iam.get_role(RoleName=identity))
        if answer is None:
            return None
        role = answer["Role"]
        attached = iam.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]
        inline = iam.list_role_policies(RoleName=identity)["PolicyNames"]
        return {
            "arn": role["Arn"],
            "assumeRolePolicy": normal_policy(json.dumps(role["AssumeRolePolicyDocument"])),
            "createDate": f"{role['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
            "description": role.get("Description") or "",
            "inlinePolicies": [self._inline(aws, identity, name) for name in inline],
            "managedPolicyArns": [policy["PolicyArn"] for policy in attached],
            "maxSessionDuration": role["MaxSessionDuration"],
            "name": identity,
            "namePrefix": known.get("namePrefix") or "",
            "path": role["Path"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "tags": tag_map(role),
            "uniqueId": role["RoleId"],
        }

    def _inline(self, aws: Access, role: str, name: str) -> Properties:
        document = aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        return {"name": name, "policy": normal_policy(json.dumps(document))}

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        iam = aws.client("iam")
        with self.doing(f"updating IAM Role ({identity})"):
            if differs("assumeRolePolicy", olds, news):
                iam.update_assume_role_policy(RoleName=identity, PolicyDocument=news["assumeRolePolicy"])
            iam.update_role(
                RoleName=identity,
                Description=news.get("description") or "",
                MaxSessionDuration=news.get("maxSessionDuration") or 3600,
            )
            boundary = news.get("permissionsBoundary")
            if boundary:
                iam.put_role_permissions_boundary(RoleName=identity, PermissionsBoundary=boundary)
            elif olds.get("permissionsBoundary"):
                iam.delete_role_permissions_boundary(RoleName=identity)
            retag_iam(aws, "role", {"RoleName": identity}, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        iam = aws.client("iam")
        with self.doing(f"deleting IAM Role ({identity})"):
            if known.get("forceDetachPolicies"):
                for policy in iam.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]:
                    iam.detach_role_policy(RoleName=identity, PolicyArn=policy["PolicyArn"])
                for name in iam.list_role_policies(RoleName=identity)["PolicyNames"]:
                    iam.delete_role_policy(RoleName=identity, PolicyName=name)
            iam.delete_role(RoleName=identity)


class RolePolicy(Resource):
    kind = "aws:iam/rolePolicy:RolePolicy"
    service = "IAM"
    carries_out = frozenset({"policy", "role", "name", "namePrefix"})

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        self._put(aws, inputs["role"], name, inputs)
        return f"{inputs['role']}:{name}"

    def _put(self, aws: Access, role: str, name: str, inputs: Properties) -> None:
        with self.doing(f"putting IAM Role ({role}) Policy ({name})"):
            aws.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        role, _, name = identity.partition(":")
        answer = unless_gone(lambda: aws.client("iam").get_role_policy(RoleName=role, PolicyName=name))
        if answer is None:
            return None
        return {
            "name": name,
            "namePrefix": known.get("namePrefix") or "",
            "policy": normal_policy(json.dumps(answer["PolicyDocument"]), version_first=True),
            "role": role,
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        role, _, name = identity.partition(":")
        self._put(aws, role, name, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        role, _, name = identity.partition(":")
        with self.doing(f"deleting IAM Role ({role}) Policy ({name})"):
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class InstanceProfile(Resource):
    kind = "aws:iam/instanceProfile:InstanceProfile"
    service = "IAM"
    carries_out = frozenset({"name", "namePrefix", "path", "role", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        with self.doing(f"creating IAM Instance Profile ({name})"):
            aws.client("iam").create_instance_profile(
                InstanceProfileName=name, **present(Path=inputs.get("path")), **iam_tags(inputs)
            )
        return name

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        if inputs.get("role"):
            with self.doing(f"adding IAM Role ({inputs['role']}) to IAM Instance Profile ({identity})"):
                aws.client("iam").add_role_to_instance_profile(InstanceProfileName=identity, RoleName=inputs["role"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        answer = unless_gone(lambda: aws.client("iam").get_instance_profile(InstanceProfileName=identity))
        if answer is None:
            return None
        profile = answer["InstanceProfile"]
        return {
            "arn": profile["Arn"],
            "createDate": f"{profile['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
            "name": identity,
            "namePrefix": known.get("namePrefix") or "",
            "path": profile["Path"],
            "role": next((role["RoleName"] for role in profile["Roles"]), None),
            "tags": tag_map(profile),
            "uniqueId": profile["InstanceProfileId"],
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        if news.get("role") != olds.get("role"):
            self._remove_role(aws, identity, olds.get("role"))
            self.finish(aws, identity, news)
        with self.doing(f"updating IAM Instance Profile ({identity})"):
            retag_iam(aws, "instance_profile", {"InstanceProfileName": identity}, olds, news)
        return None

    def _remove_role(self, aws: Access, identity: str, role: str | None) -> None:
        if role:
            with self.doing(f"removing IAM Role ({role}) from IAM Instance Profile ({identity})"):
                aws.client("iam").remove_role_from_instance_profile(InstanceProfileName=identity, RoleName=role)

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        live = self.read(aws, identity, known)
        self._remove_role(aws, identity, (live or {}).get("role"))
        with self.doing(f"deleting IAM Instance Profile ({identity})"):
            aws.client("iam").delete_instance_profile(InstanceProfileName=identity)
