"""Stand-in for pulumi-aws: settings of S3 buckets that are resources of their own."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from ..access import Access
from ..errors import unless_gone
from ..properties import Properties
from ..same import normal_policy
from .base import Resource

_API_NAMES: Mapping[str, str] = {
    "id": "ID",
    "sseAlgorithm": "SSEAlgorithm",
    "kmsMasterKeyId": "KMSMasterKeyID",
}
_PROPERTY_NAMES: Mapping[str, str] = {api: name for name, api in _API_NAMES.items()}


def to_api(value: Any) -> Any:
    """`{"objectOwnership": ...}` -> `{"ObjectOwnership": ...}`, at every level."""
    if isinstance(value, dict):
        return {
            _API_NAMES.get(key, key[:1].upper() + key[1:]): to_api(item)
            for key, item in value.items()
            if item is not None
        }
    return [to_api(item) for item in value] if isinstance(value, list) else value


def from_api(value: Any) -> Any:
    """The inverse of `to_api`."""
    if isinstance(value, dict):
        return {_PROPERTY_NAMES.get(key, key[:1].lower() + key[1:]): from_api(item) for key, item in value.items()}
    return [from_api(item) for item in value] if isinstance(value, list) else value


class _BucketSetting(Resource):
    """One setting per bucket, so its id is the bucket's name; putting it again replaces it."""

    service = "S3"
    operation: ClassVar[str]
    """As in boto3's `put_<operation>`."""
    deletion: ClassVar[str] = ""
    """As in boto3's `delete_<deletion>`, where it is called differently."""
    noun: ClassVar[str]
    verb: ClassVar[str] = "creating"

    @abstractmethod
    def arguments(self, inputs: Properties) -> dict[str, Any]:
        """What `put_<operation>` takes beside the bucket."""

    @abstractmethod
    def shown(self, answer: Mapping[str, Any]) -> Properties:
        """Outputs from the answer of `get_<operation>`."""

    def create(self, aws: Access, inputs: Properties) -> str:
        self._put(aws, inputs, self.verb)
        return str(inputs["bucket"])

    def _put(self, aws: Access, inputs: Properties, verb: str) -> None:
        bucket = inputs["bucket"]
        with self.doing(f"{verb} S3 Bucket ({bucket}) {self.noun}"):
            getattr(aws.client("s3"), f"put_{self.operation}")(Bucket=bucket, **self.arguments(inputs))

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        call = getattr(aws.client("s3"), f"get_{self.operation}")
        answer = unless_gone(lambda: call(Bucket=identity))
        return None if answer is None else {"bucket": identity, **self.shown(answer)}

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        self._put(aws, news, "updating")
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting S3 Bucket ({identity}) {self.noun}"):
            getattr(aws.client("s3"), f"delete_{self.deletion or self.operation}")(Bucket=identity)


class PublicAccessBlock(_BucketSetting):
    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    operation = "public_access_block"
    noun = "Public Access Block"
    _flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    carries_out = frozenset({"bucket", *_flags})

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        return {"PublicAccessBlockConfiguration": to_api({flag: bool(inputs.get(flag)) for flag in self._flags})}

    def shown(self, answer: Mapping[str, Any]) -> Properties:
        flags: Properties = from_api(answer["PublicAccessBlockConfiguration"])
        return flags


class Encryption(_BucketSetting):
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    operation = "bucket_encryption"
    noun = "Server-side Encryption Configuration"
    carries_out = frozenset({"bucket", "rules"})

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        return {"ServerSideEncryptionConfiguration": {"Rules": to_api(inputs["rules"])}}

    def shown(self, answer: Mapping[str, Any]) -> Properties:
        rules = from_api(answer["ServerSideEncryptionConfiguration"]["Rules"])
        for rule in rules:
            if not rule.get("bucketKeyEnabled"):
                rule.pop("bucketKeyEnabled", None)
            rule.get("applyServerSideEncryptionByDefault", {}).setdefault("kmsMasterKeyId", "")
        return {"rules": rules}


class Lifecycle(_BucketSetting):
    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    operation = "bucket_lifecycle_configuration"
    deletion = "bucket_lifecycle"
    noun = "Lifecycle Configuration"
    carries_out = frozenset({"bucket", "rules"})

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        return {"LifecycleConfiguration": {"Rules": to_api(inputs.get("rules") or [])}}

    def shown(self, answer: Mapping[str, Any]) -> Properties:
        rules = from_api(answer["Rules"])
        for rule in rules:
            rule |= {"prefix": rule.get("prefix", "")}
            rule |= {name: rule.get(name, []) for name in ("noncurrentVersionTransitions", "transitions")}
            if "expiration" in rule:
                rule["expiration"].setdefault("expiredObjectDeleteMarker", False)
        return {"rules": rules}


class BucketPolicy(_BucketSetting):
    kind = "aws:s3/bucketPolicy:BucketPolicy"
    operation = "bucket_policy"
    noun = "Policy"
    verb = "putting"
    carries_out = frozenset({"bucket", "policy"})

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        return {"Policy": inputs["policy"]}

    def shown(self, answer: Mapping[str, Any]) -> Properties:
        return {"policy": normal_policy(answer["Policy"])}


class OwnershipControls(_BucketSetting):
    kind = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    operation = "bucket_ownership_controls"
    noun = "Ownership Controls"
    carries_out = frozenset({"bucket", "rule"})

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        return {"OwnershipControls": {"Rules": [to_api(inputs["rule"])]}}

    def shown(self, answer: Mapping[str, Any]) -> Properties:
        return {"rule": from_api(answer["OwnershipControls"]["Rules"][0])}
