"""The shared cache: a bucket, and `[runners.cache]` for it.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnerscache-section
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from .section import ConfigTable, Integer, Natural, Positive

_NO_KEYS = "is a secret that config.toml would show; the manager's instance profile gives access instead"


class CacheS3(ConfigTable):
    """`[runners.cache.s3]`, less the bucket's name and place, which this program knows."""

    server_address: str = Field(default="s3.amazonaws.com", alias="ServerAddress")
    insecure: bool | None = Field(default=None, alias="Insecure")
    server_side_encryption: str | None = Field(default=None, alias="ServerSideEncryption")
    server_side_encryption_key_id: str | None = Field(default=None, alias="ServerSideEncryptionKeyID")
    dual_stack: bool | None = Field(default=None, alias="DualStack")
    path_style: bool | None = Field(default=None, alias="PathStyle")
    accelerate: bool | None = Field(default=None, alias="Accelerate")
    role_arn: str | None = Field(default=None, alias="RoleARN")
    upload_role_arn: str | None = Field(default=None, alias="UploadRoleARN")
    assume_role_max_concurrency: Integer | None = Field(default=None, alias="AssumeRoleMaxConcurrency")
    disable_assume_role_credentials_caching: bool | None = Field(
        default=None, alias="DisableAssumeRoleCredentialsCaching"
    )
    authentication_type: Literal["iam"] = Field(default="iam", alias="AuthenticationType")

    refused: ClassVar[Mapping[str, str]] = {
        "BucketName": "is the bucket that this stack creates; leave it out",
        "BucketLocation": "is the stack's region; leave it out",
        "AccessKey": _NO_KEYS,
        "SecretKey": _NO_KEYS,
        "SessionToken": _NO_KEYS,
    }


class CacheKeys(ConfigTable):
    """`[runners.cache]`."""

    type: Literal["s3"] = Field(default="s3", alias="Type")
    path: str | None = Field(default=None, alias="Path")
    # Several pools, each a runner entry of its own, would not find each other's objects otherwise.
    shared: bool = Field(default=True, alias="Shared")
    max_uploaded_archive_size: Natural | None = Field(default=None, alias="MaxUploadedArchiveSize")
    s3: CacheS3 = CacheS3()


class CacheSettings(CacheKeys):
    """The cache's settings: those of config.toml, and those of the bucket."""

    expire_days: Positive = Field(
        default=14, alias="expireDays", description="Days after which a cached object is deleted"
    )
    force_destroy: bool = Field(
        default=False,
        alias="forceDestroy",
        description="Whether `pulumi destroy` may delete the bucket while there are objects in it",
    )
