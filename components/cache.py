"""The S3 bucket in which jobs share their cache."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from config_render import CacheSettings

from . import aws
from .iam import policies

_ABANDONED_UPLOAD_DAYS = 1


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """What a caller decides about a `Cache`.

    Args:
        settings: The table `cache` of a stack file: days until objects expire, a KMS key, and whether a bucket that
            holds objects may be deleted.
        tags: Put on the bucket.
    """

    settings: CacheSettings
    tags: Mapping[str, str] = field(default_factory=dict)


class Cache(pulumi.ComponentResource):
    """A bucket that is private, encrypted and reached by TLS alone, and whose objects expire.

    Args:
        name: What the names of its resources begin with; another name replaces the bucket, and the cache starts empty.
        args: The settings and tags.
        opts: Provider, protection, aliases and so on; they hold for all its resources.

    Attributes:
        bucket_name: The bucket's name, which AWS's provider makes up.
        bucket_arn: Its ARN, for policies.
    """

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Cache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        # Renaming it replaces the bucket: the cache starts empty, and a bucket that holds objects can't be deleted.
        bucket = aws.Bucket(
            f"{name}-bucket", force_destroy=args.settings.force_destroy, tags=dict(args.tags), opts=child
        )
        aws.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        closed = aws.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[_encryption(args.settings.kms_key)],
            opts=child,
        )
        aws.BucketLifecycleConfiguration(
            f"{name}-expiry",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.settings.expire_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": _ABANDONED_UPLOAD_DAYS},
                }
            ],
            opts=child,
        )
        aws.BucketPolicy(
            f"{name}-tls",
            bucket=bucket.bucket,
            policy=bucket.arn.apply(lambda arn: json.dumps(policies.tls_only(arn))),
            # S3 refuses two changes of a bucket's access at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )

        self.bucket_name, self.bucket_arn = bucket.bucket, bucket.arn
        self.register_outputs({"bucket_name": self.bucket_name})


def _encryption(kms_key: str | None) -> Any:
    if kms_key is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    # A bucket key asks KMS once for many objects.
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": kms_key},
        "bucket_key_enabled": True,
    }
