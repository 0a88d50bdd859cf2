"""Stand-in for pulumi-aws: S3 buckets."""

from collections.abc import Iterator

from ..access import Access
from ..errors import ProviderError, unless_gone
from ..naming import with_prefix
from ..properties import Properties
from .base import Resource, tag_list, tag_map


class Bucket(Resource):
    kind = "aws:s3/bucket:Bucket"
    service = "S3"
    carries_out = frozenset({"bucket", "bucketPrefix", "forceDestroy", "objectLockEnabled", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        s3, region = aws.client("s3"), aws.settings.region
        name = inputs.get("bucket") or with_prefix(inputs.get("bucketPrefix", "terraform-"))
        what = f"creating S3 Bucket ({name})"
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        lock = {"ObjectLockEnabledForBucket": True} if inputs.get("objectLockEnabled") else {}
        with self.doing(what):
            # In us-east-1 S3 answers the second creation of one's own bucket as if it were the first.
            if unless_gone(lambda: s3.head_bucket(Bucket=name)) is not None:
                raise ProviderError(f"{what}: BucketAlreadyExists")
            s3.create_bucket(Bucket=name, **where, **lock)
        return str(name)

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        if inputs.get("tags"):
            self._tag(aws, identity, inputs["tags"])

    def _tag(self, aws: Access, identity: str, tags: dict[str, str]) -> None:
        with self.doing(f"setting S3 Bucket ({identity}) tags"):
            if tags:
                aws.client("s3").put_bucket_tagging(Bucket=identity, Tagging={"TagSet": tag_list(tags)})
            else:
                aws.client("s3").delete_bucket_tagging(Bucket=identity)

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        s3, region = aws.client("s3"), aws.settings.region
        if unless_gone(lambda: s3.head_bucket(Bucket=identity)) is None:
            return None
        tags = unless_gone(lambda: s3.get_bucket_tagging(Bucket=identity))
        lock = unless_gone(lambda: s3.get_object_lock_configuration(Bucket=identity))
        versioning = s3.get_bucket_versioning(Bucket=identity)
        live = {
            "arn": f"arn:aws:s3:::{identity}",
            "bucket": identity,
            "bucketPrefix": known.get("bucketPrefix") or "",
            "bucketDomainName": f"{identity}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{identity}.s3.{region}.amazonaws.com",
            "objectLockEnabled": lock is not None,
            "objectLockConfiguration": None if lock is None else {"objectLockEnabled": "Enabled"},
            "versioning": {"enabled": versioning.get("Status") == "Enabled", "mfaDelete": False},
            "tags": tag_map(tags or {}, "TagSet"),
        }
        if region != "us-east-1":
            # Recorded in us-east-1 only.
            live["hostedZoneId"] = None
        return live

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        if (news.get("tags") or {}) != (olds.get("tagsAll") or {}):
            self._tag(aws, identity, news.get("tags") or {})
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        s3 = aws.client("s3")
        with self.doing(f"deleting S3 Bucket ({identity})"):
            if known.get("forceDestroy"):
                for objects in self._objects(aws, identity):
                    s3.delete_objects(Bucket=identity, Delete={"Objects": objects, "Quiet": True})
            s3.delete_bucket(Bucket=identity)

    def _objects(self, aws: Access, identity: str) -> Iterator[list[dict[str, str]]]:
        for page in aws.client("s3").get_paginator("list_object_versions").paginate(Bucket=identity):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if found:
                yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
