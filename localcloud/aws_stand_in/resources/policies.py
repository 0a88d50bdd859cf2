"""Stand-in for pulumi-aws: managed IAM policies and their attachment to roles and users."""

import json
from typing import ClassVar

from ..access import Access
from ..errors import unless_gone
from ..naming import with_prefix
from ..properties import Properties
from ..same import normal_policy
from .base import Resource, differs, present, tag_map
from .roles import iam_tags, name_of, retag_iam


class Policy(Resource):
    kind = "aws:iam/policy:Policy"
    service = "IAM"
    carries_out = frozenset({"policy", "description", "name", "namePrefix", "path", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        with self.doing(f"creating IAM Policy ({name})"):
            answer = aws.client("iam").create_policy(
                PolicyName=name,
                PolicyDocument=inputs["policy"],
                **present(Description=inputs.get("description"), Path=inputs.get("path")),
                **iam_tags(inputs),
            )
        return str(answer["Policy"]["Arn"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        iam = aws.client("iam")
        answer = unless_gone(lambda: iam.get_policy(PolicyArn=identity))
        if answer is None:
            return None
        policy = answer["Policy"]
        version = iam.get_policy_version(PolicyArn=identity, VersionId=policy["DefaultVersionId"])
        return {
            "arn": identity,
            "attachmentCount": policy["AttachmentCount"],
            "description": policy.get("Description") or "",
            "name": policy["PolicyName"],
            "namePrefix": known.get("namePrefix") or "",
            "path": policy["Path"],
            "policy": normal_policy(json.dumps(version["PolicyVersion"]["Document"])),
            "policyId": policy["PolicyId"],
            "tags": tag_map(policy),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        iam = aws.client("iam")
        with self.doing(f"updating IAM Policy ({identity})"):
            if differs("policy", olds, news):
                self._drop_old_versions(aws, identity)
                iam.create_policy_version(PolicyArn=identity, PolicyDocument=news["policy"], SetAsDefault=True)
            retag_iam(aws, "policy", {"PolicyArn": identity}, olds, news)
        return None

    def _drop_old_versions(self, aws: Access, identity: str) -> None:
        """IAM keeps five versions at most, and deletes no policy that has more than one."""
        iam = aws.client("iam")
        for version in iam.list_policy_versions(PolicyArn=identity)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=identity, VersionId=version["VersionId"])

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting IAM Policy ({identity})"):
            self._drop_old_versions(aws, identity)
            aws.client("iam").delete_policy(PolicyArn=identity)


class _Attachment(Resource):
    """Of a managed policy to a role or a user."""

    service = "IAM"
    to: ClassVar[str]
    """`Role` or `User`, as IAM's calls spell it."""

    def _holder(self, properties: Properties) -> str:
        return str(properties[self.to.lower()])

    def _call(self, aws: Access, verb: str, holder: str, policy: str) -> None:
        arguments = {f"{self.to}Name": holder, "PolicyArn": policy}
        getattr(aws.client("iam"), f"{verb}_{self.to.lower()}_policy")(**arguments)

    def create(self, aws: Access, inputs: Properties) -> str:
        policy, holder = inputs["policyArn"], self._holder(inputs)
        with self.doing(f"attaching IAM Policy ({policy}) to IAM {self.to} ({holder})"):
            self._call(aws, "attach", holder, policy)
        return with_prefix(f"{holder}-")

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        holder = self._holder(known)
        call = getattr(aws.client("iam"), f"list_attached_{self.to.lower()}_policies")
        answer = unless_gone(lambda: call(**{f"{self.to}Name": holder}))
        attached = [] if answer is None else answer["AttachedPolicies"]
        if known["policyArn"] not in [policy["PolicyArn"] for policy in attached]:
            return None
        return {self.to.lower(): holder, "policyArn": known["policyArn"]}

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        policy, holder = known["policyArn"], self._holder(known)
        with self.doing(f"detaching IAM Policy ({policy}) from IAM {self.to} ({holder})"):
            self._call(aws, "detach", holder, policy)


class RolePolicyAttachment(_Attachment):
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    carries_out = frozenset({"policyArn", "role"})
    to = "Role"


class UserPolicyAttachment(_Attachment):
    kind = "aws:iam/userPolicyAttachment:UserPolicyAttachment"
    carries_out = frozenset({"policyArn", "user"})
    to = "User"
