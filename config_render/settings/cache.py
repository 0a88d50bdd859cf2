"""The shared cache: `[runners.cache]`, and the bucket that this stack creates for it.

https://docs.gitlab.com/runner/configuration/advanced-configuration/#the-runnerscache-section
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..base.section import ConfigTable, left_out, refuse
from ..base.values import Natural, NoLess, Pattern, Positive, Secret, checked_by


def _check_key(arn: str) -> str | None:
    fits = re.fullmatch(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", arn, re.ASCII)
    return None if fits else "is not a valid KMS key ARN; write it as arn:aws:kms:eu-central-1:123456789012:key/ID"


def _check_role(arn: str) -> str | None:
    fits = re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", arn, re.ASCII)
    return None if fits else "is not a valid role ARN; write it as arn:aws:iam::123456789012:role/cache"


_OWN_SERVERS = re.compile(r"(?:|s3[.a-z0-9-]*\.amazonaws\.com(?:\.cn)?)(?::\d+)?")


def is_amazons(server_address: str) -> bool:
    """Return whether a ServerAddress is one of Amazon's, so that a bucket there can be made."""
    return _OWN_SERVERS.fullmatch(server_address) is not None


def is_amazons_in_another_spelling(server_address: str) -> bool:
    """Return whether a ServerAddress means Amazon's S3, in a form that gitlab-runner can't use or only just can."""
    host = re.sub(r"^[a-z]+://", "", server_address.lower()).partition("/")[0]
    return re.search(r"(?:^|\.)(?:s3[.-]|.*\.s3[.-]).*amazonaws\.com(?:\.cn)?(?::\d+)?$", host) is not None and (
        not is_amazons(server_address) or re.match(r"s3-(?!fips|accelerate)", host) is not None
    )


def _check_server(address: str) -> str | None:
    if is_amazons_in_another_spelling(address) and not is_amazons(address):
        return "is Amazon's own S3 in a form that gitlab-runner can't use; leave it out"
    return None


_SERVER = Pattern(
    r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])?(:\d{1,5})?",
    "is not a server; write it as minio.example.com:9000, and Insecure: true where it has no TLS",
)


class CacheS3(ConfigTable):
    """`[runners.cache.s3]`, in the order of GitLab's reference."""

    server_address: Annotated[str, checked_by(_check_server), _SERVER] | None = Field(
        default=None,
        alias="ServerAddress",
        description="By default Amazon's; or another S3-compatible server's, which needs BucketName too",
    )
    access_key: Secret | None = Field(
        default=None, alias="AccessKey", description="A secret's name, such as <secret:cacheKeyId>"
    )
    secret_key: Secret | None = Field(
        default=None, alias="SecretKey", description="A secret's name, such as <secret:cacheKey>"
    )
    session_token: Secret | None = Field(
        default=None, alias="SessionToken", description="A secret's name, such as <secret:cacheSession>"
    )
    bucket_name: Annotated[str, Pattern(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "is not a valid bucket name")] | None = (
        Field(default=None, alias="BucketName", description="An existing bucket; without it one is made")
    )
    bucket_location: str | None = Field(
        default=None, alias="BucketLocation", description="Region of BucketName; by default the stack's own"
    )
    insecure: bool | None = Field(
        default=None, alias="Insecure", description="Whether the server is asked by HTTP, without TLS"
    )
    authentication_type: Literal["iam", "access-key"] | None = Field(
        default=None,
        alias="AuthenticationType",
        description="iam: by the manager's instance profile; access-key: with AccessKey and SecretKey, if they are set",
    )
    server_side_encryption: Literal["S3", "AES256", "KMS", "aws:kms", "DSSE-KMS", "aws:kms:dsse"] | None = Field(
        default=None,
        alias="ServerSideEncryption",
        description="Encryption that gitlab-runner asks for at uploads; the stack's own bucket encrypts without it",
    )
    server_side_encryption_key_id: str | None = Field(
        default=None,
        alias="ServerSideEncryptionKeyID",
        description="ARN of the KMS key for that; of the stack's own bucket, set kmsKey",
    )
    dual_stack: bool | None = Field(
        default=None,
        alias="DualStack",
        description="Whether S3 is reached by addresses that have IPv6 too; true if left out",
    )
    path_style: bool | None = Field(
        default=None,
        alias="PathStyle",
        description="Whether the bucket's name is in the path of addresses, as some other servers need it",
    )
    accelerate: bool | None = Field(
        default=None,
        alias="Accelerate",
        description="Whether S3 Transfer Acceleration is used, which a bucket must have",
    )
    role_arn: Annotated[str, checked_by(_check_role)] | None = Field(
        default=None, alias="RoleARN", description="Role assumed for objects, which may then be larger than 5 GB"
    )
    upload_role_arn: None = refuse("is deprecated; set RoleARN", alias="UploadRoleARN")
    assume_role_max_concurrency: NoLess | None = Field(
        default=None,
        alias="AssumeRoleMaxConcurrency",
        description="Requests for RoleARN's credentials at a time; 5 if left out, -1 for no limit",
    )
    disable_assume_role_credentials_caching: bool | None = Field(
        default=None,
        alias="DisableAssumeRoleCredentialsCaching",
        description="Whether credentials of RoleARN are asked for anew with each job",
    )


class CacheGcs(ConfigTable):
    """`[runners.cache.gcs]`: a bucket of Google's."""

    access_id: str | None = Field(
        default=None, alias="AccessID", description="E-mail address of the service account, beside PrivateKey"
    )
    private_key: Secret | None = Field(
        default=None, alias="PrivateKey", description="A secret's name, such as <secret:gcsKey>"
    )
    credentials_file: str | None = Field(
        default=None, alias="CredentialsFile", description="Path on the manager of a JSON key file"
    )
    bucket_name: str = Field(alias="BucketName", description="The bucket")
    universe_domain: str | None = Field(
        default=None, alias="UniverseDomain", description="Domain of Google's API; googleapis.com if left out"
    )


class CacheAzure(ConfigTable):
    """`[runners.cache.azure]`: a container of Azure's blob storage."""

    account_name: str = Field(alias="AccountName", description="The storage account")
    account_key: Secret | None = Field(
        default=None, alias="AccountKey", description="A secret's name, such as <secret:azureKey>"
    )
    container_name: str = Field(alias="ContainerName", description="The container")
    storage_domain: str | None = Field(
        default=None, alias="StorageDomain", description="Domain of Azure's storage; blob.core.windows.net if left out"
    )


_MOVED = "is passed over here since gitlab-runner 12.0; it goes under s3"


class CacheKeys(ConfigTable):
    """`[runners.cache]`."""

    type: Literal["s3", "gcs", "azure"] = Field(
        default="s3",
        alias="Type",
        description="s3 is the stack's own bucket, or an existing one; gcs and azure are existing ones",
    )
    path: str | None = Field(default=None, alias="Path", description="Prefix of the objects in the bucket")
    # Several pools, each a runner entry of its own, would not find each other's objects otherwise.
    shared: bool = Field(default=True, alias="Shared", description="Whether pools find each other's objects")
    max_uploaded_archive_size: Natural | None = Field(
        default=None, alias="MaxUploadedArchiveSize", description="Largest cache archive in bytes"
    )
    server_address: None = refuse(_MOVED, alias="ServerAddress")
    access_key: None = refuse(_MOVED, alias="AccessKey")
    secret_key: None = refuse(_MOVED, alias="SecretKey")
    bucket_name: None = refuse(_MOVED, alias="BucketName")
    bucket_location: None = refuse(_MOVED, alias="BucketLocation")
    insecure: None = refuse(_MOVED, alias="Insecure")
    s3: CacheS3 = Field(default_factory=left_out, description="The stack's own bucket")
    gcs: CacheGcs | None = Field(default=None, description="With Type gcs: the bucket")
    azure: CacheAzure | None = Field(default=None, description="With Type azure: the container")


class CacheSettings(CacheKeys):
    """The cache's settings: those of config.toml, and those of the bucket."""

    expire_days: Positive = Field(
        default=14, alias="expireDays", description="Days after which a cached object is deleted"
    )
    kms_key: Annotated[str, checked_by(_check_key)] | None = Field(
        default=None,
        alias="kmsKey",
        description="ARN of the KMS key that encrypts the bucket; S3's own keys do without it",
    )
    upload_role: bool = Field(
        default=False,
        alias="uploadRole",
        description="Whether a role is made for uploads and downloads in parts, which caches over 5 GB need",
    )
    force_destroy: bool = Field(
        default=False,
        alias="forceDestroy",
        description="Whether `pulumi destroy` may delete the bucket while there are objects in it",
    )

    @property
    def makes_bucket(self) -> bool:
        """Whether this stack makes the bucket: an S3 cache that names none."""
        return self.type == "s3" and self.s3.bucket_name is None

    @property
    def at_amazon(self) -> bool:
        """Whether the cache is in Amazon's S3, in a bucket of this stack or in an existing one."""
        return self.type == "s3" and is_amazons(self.s3.server_address or "")
