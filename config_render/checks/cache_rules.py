"""Rules that join settings of the cache: what its bucket and its key must be able to do."""

import re
from collections.abc import Callable, Iterator

from ..base.problems import Problem, problem
from ..settings.cache import is_amazons
from .raw import RawStack, text


def _acceleration_is_possible(stack: RawStack) -> Iterator[Problem]:
    s3 = stack.table("cache", "s3")
    if s3.get("Accelerate") is not True:
        return
    bucket, server = text(s3.get("BucketName")), text(s3.get("ServerAddress"))
    reason = None
    if server and not is_amazons(server):
        reason = f"is of Amazon's S3 alone, not of {server}"
    elif bucket is None:
        reason = "needs a bucket with transfer acceleration, which the stack's own has not; name one in BucketName, or"
    elif "." in bucket:
        reason = f"is not possible for a bucket with dots in its name, {bucket}"
    elif s3.get("PathStyle") is True:
        reason = "is not possible with PathStyle"
    if reason:
        joint = "" if reason.endswith("or") else ";"
        yield problem(("cache", "s3", "Accelerate"), f"{reason}{joint} leave it out", True)


def _key_may_be_used(stack: RawStack) -> Iterator[Problem]:
    cache, s3 = stack.table("cache"), stack.table("cache", "s3")
    key, allowed = text(s3.get("ServerSideEncryptionKeyID")), text(cache.get("kmsKey"))
    by_others = (
        stack.table("identity").get("managerInstanceProfile"),
        stack.table("manager").get("host"),
        s3.get("AccessKey"),
        s3.get("RoleARN"),
    )
    if not key or any(each is not None for each in by_others):
        return
    # An alias or an id may be of the same key.
    if allowed is None or (key.startswith("arn:") and ":key/" in key and key != allowed):
        fix = f"set kmsKey to {key} too" if re.fullmatch(r"arn:[\w:/-]+", key) else "set kmsKey to the key's ARN"
        message = f"is a key that the manager's role may not use; {fix}, or leave it out"
        yield problem(("cache", "s3", "ServerSideEncryptionKeyID"), message, key)


CACHE_RULES: tuple[Callable[[RawStack], Iterator[Problem]], ...] = (_acceleration_is_possible, _key_may_be_used)
