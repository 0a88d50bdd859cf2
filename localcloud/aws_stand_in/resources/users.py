"""Stand-in for pulumi-aws: IAM users and their access keys."""

import base64
import hashlib
import hmac

from ..access import Access
from ..errors import ProviderError, api_error, unless_gone
from ..properties import Properties
from .base import Created, Resource, differs, present, tag_map
from .roles import iam_tags, name_of, retag_iam


class User(Resource):
    kind = "aws:iam/user:User"
    service = "IAM"
    # moto keeps no boundary of a user, and can't change it: it stays as given.
    carries_out = frozenset({"forceDestroy", "name", "path", "permissionsBoundary", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        with self.doing(f"creating IAM User ({name})"):
            aws.client("iam").create_user(
                UserName=name,
                **present(Path=inputs.get("path"), PermissionsBoundary=inputs.get("permissionsBoundary")),
                **iam_tags(inputs),
            )
        return name

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        answer = unless_gone(lambda: aws.client("iam").get_user(UserName=identity))
        if answer is None:
            return None
        user = answer["User"]
        return {
            "arn": user["Arn"],
            "name": identity,
            "path": user["Path"],
            "tags": tag_map(user),
            "uniqueId": user["UserId"],
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        iam, name = aws.client("iam"), str(news["name"])
        with self.doing(f"updating IAM User ({identity})"):
            if differs("name", olds, news) or differs("path", olds, news):
                iam.update_user(UserName=identity, NewUserName=name, NewPath=news.get("path") or "/")
                # moto loses the tags of a user that gets another name.
                olds = {**olds, "tagsAll": {}}
            retag_iam(aws, "user", {"UserName": name}, olds, news)
        return name

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        iam, what = aws.client("iam"), f"deleting IAM User ({identity})"
        with self.doing(what):
            for key in iam.list_access_keys(UserName=identity)["AccessKeyMetadata"]:
                if not known.get("forceDestroy"):
                    # moto would delete the user.
                    text = "Cannot delete entity, must delete access keys first."
                    raise ProviderError(f"{what}: {api_error('DeleteUser', 'IAM', 'DeleteConflict', text)}")
                iam.delete_access_key(UserName=identity, AccessKeyId=key["AccessKeyId"])
            iam.delete_user(UserName=identity)


class AccessKey(Resource):
    kind = "aws:iam/accessKey:AccessKey"
    service = "IAM"
    # Not pgpKey: there is nobody whose key could be used.
    carries_out = frozenset({"user", "status"})

    def create(self, aws: Access, inputs: Properties) -> Created:
        with self.doing(f"creating IAM Access Key ({inputs['user']})"):
            key = aws.client("iam").create_access_key(UserName=inputs["user"])["AccessKey"]
        secret = key["SecretAccessKey"]
        told = {"secret": secret, "sesSmtpPasswordV4": smtp_password(secret, aws.settings.region)}
        return Created(key["AccessKeyId"], told)

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        if inputs.get("status") == "Inactive":
            self._set(aws, identity, inputs["user"], "Inactive")

    def _set(self, aws: Access, identity: str, user: str, status: str) -> None:
        with self.doing(f"updating IAM Access Key ({identity})"):
            aws.client("iam").update_access_key(UserName=user, AccessKeyId=identity, Status=status)

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        answer = unless_gone(lambda: aws.client("iam").list_access_keys(UserName=known["user"]))
        for key in [] if answer is None else answer["AccessKeyMetadata"]:
            if key["AccessKeyId"] == identity:
                return {
                    "createDate": f"{key['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
                    "secret": known.get("secret"),
                    "sesSmtpPasswordV4": known.get("sesSmtpPasswordV4"),
                    "status": key["Status"],
                    "user": known["user"],
                }
        return None

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        self._set(aws, identity, news["user"], news.get("status") or "Active")
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting IAM Access Key ({identity})"):
            aws.client("iam").delete_access_key(UserName=known["user"], AccessKeyId=identity)


def smtp_password(secret: str, region: str) -> str:
    """The password for SES's SMTP interface: 44 characters, made of the secret key as SES's documentation says."""
    signature = f"AWS4{secret}".encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    version = b"\x04"
    return base64.b64encode(version + signature).decode()
