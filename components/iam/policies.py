"""IAM policy documents as plain data: what the manager may do, and who may assume which role."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..executors.docker_autoscaler.group_policy import Groups, use_groups, wider
from ..executors.docker_machine.worker_policy import Workers, ever_wider, remove, remove_earlier, start
from ..policy_parts import Place, Policy, Statement, allow, document, ec2_service, length, use_keys

__all__ = [
    "LONGEST_GROUPS_POLICY",
    "LONGEST_MANAGED_POLICY",
    "LONGEST_ROLE_POLICY",
    "METRICS_NAMESPACE",
    "CacheAccess",
    "Groups",
    "Place",
    "Policy",
    "Workers",
    "assumed_by",
    "assumed_by_ec2",
    "cache_objects",
    "events_to_logs",
    "group_manager",
    "length",
    "manager",
    "own_account",
    "remove_earlier",
    "reports",
    "tls_only",
]

LONGEST_ROLE_POLICY = 10_240 - 1_024
"""Characters for `manager` in a role: its inline policies share 10,240; the rest is for `reports`.

IAM's quotas count no white space ("IAM and AWS STS quotas" in its User Guide). A user's inline policies hold 2,048,
too few for `manager`.
"""

LONGEST_GROUPS_POLICY = 3_072
"""Characters for `group_manager`; in a role that has both, `manager` gets the rest."""

LONGEST_MANAGED_POLICY = 6_144
"""Characters of a managed policy, which a user may have attached."""

METRICS_NAMESPACE = "gitlab-runner-aws"
"""Where in CloudWatch the manager puts metrics of its own."""


@dataclass(frozen=True, kw_only=True)
class CacheAccess:
    """The bucket of the jobs' cache."""

    bucket_arn: str
    kms_key: str | None = None
    """ARN of the key, where the bucket is encrypted with SSE-KMS."""

    role_arn: str | None = None
    """Role that the manager assumes for uploads over 5 GB (`RoleARN`)."""


def manager(workers: Workers, cache: CacheAccess | None, at_most: int = LONGEST_ROLE_POLICY) -> Policy:
    """Return what the manager may do, as narrowly as fits into `at_most` characters.

    Raises:
        ValueError: Even the widest patterns leave it longer.
    """
    shortest = 0
    for candidate in ever_wider(workers):
        policy = document(*start(candidate), *remove(candidate), *(_use_cache(cache) if cache else []))
        shortest = length(policy)
        if shortest <= at_most:
            return policy
    # IAM needs no names of statements.
    bare = document(*({k: v for k, v in each.items() if k != "Sid"} for each in policy["Statement"]))
    shortest = length(bare)
    if shortest <= at_most:
        return bare
    raise ValueError(
        f"the manager's IAM policy has {shortest} characters, but at most {at_most} are allowed: "
        "let the pools use fewer different `amazonec2-volume-kms-key`, `amazonec2-keypair-name` and "
        "`amazonec2-launch-template`"
    )


def group_manager(
    groups: Groups,
    cache: CacheAccess | None,
    earlier: Sequence[Statement] = (),
    at_most: int = LONGEST_GROUPS_POLICY,
) -> Policy:
    """Return what a manager of docker-autoscaler may do, by the groups' names or, if too long, by a pattern.

    `earlier` is `remove_earlier`, where no pool has docker+machine any more.

    It is apart from `manager`: where a stack changes its executor, the new rights are there before the old ones go.
    """
    exactly, by_pattern = (
        document(*use_groups(each), *earlier, *(_use_cache(cache) if cache else [])) for each in (groups, wider(groups))
    )
    return exactly if length(exactly) <= at_most else by_pattern


def assumed_by_ec2(partition: str = "aws") -> Policy:
    """Return the trust policy of a role that EC2 instances take."""
    return _trust({"Service": ec2_service(partition)})


def assumed_by(role_arn: str) -> Policy:
    """Return the trust policy of a role that one other role, or user, may assume."""
    return _trust({"AWS": role_arn})


def cache_objects(access: CacheAccess) -> Policy:
    """Return what the role for large uploads may do: what the cache needs, and no more."""
    return document(*_objects(access))


def tls_only(bucket_arn: str) -> Policy:
    """Return a bucket policy that refuses every request without TLS."""
    return document(
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def own_account(account: str) -> Policy:
    """Return the policy of an interface endpoint that serves identities of one account alone."""
    everything = allow("OwnAccount", ["*"], ["*"], {"StringEquals": {"aws:PrincipalAccount": account}})
    return document({**everything, "Principal": "*"})


def events_to_logs(log_group_arns: Sequence[str], rule_arns: Sequence[str]) -> Policy:
    """Return the resource policy of CloudWatch Logs by which these EventBridge rules write into these log groups.

    Only writing is bound to the rules, as in AWS's own example ("Using resource-based policies for Amazon EventBridge"
    in its User Guide): that a stream's creation names its rule too is nowhere promised.
    """
    streams = _streams(*log_group_arns)
    rules = {"ArnEquals": {"aws:SourceArn": list(rule_arns)}}
    principal = {"Service": ["delivery.logs.amazonaws.com", "events.amazonaws.com"]}
    return document(
        {**allow("CreateStreams", ["logs:CreateLogStream"], streams), "Principal": principal},
        {**allow("Write", ["logs:PutLogEvents"], streams, rules), "Principal": principal},
    )


def reports(log_group_arn: str | None, *, metrics: bool) -> Policy:
    """Return what the manager's own reports need: its journal in one log group, and metrics in one namespace."""
    statements = []
    if log_group_arn:
        statements.append(allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], _streams(log_group_arn)))
    if metrics:
        # CloudWatch knows no resource of this call.
        condition = {"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}}
        statements.append(allow("Metrics", ["cloudwatch:PutMetricData"], ["*"], condition))
    return document(*statements)


def _use_cache(cache: CacheAccess) -> list[Statement]:
    statements = _objects(cache, "s3:GetBucketLocation")
    if cache.role_arn:
        statements.append(allow("CacheRole", ["sts:AssumeRole"], [cache.role_arn]))
    return statements


def _objects(cache: CacheAccess, *on_bucket: str) -> list[Statement]:
    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    return [
        allow("CacheObjects", ["s3:GetObject", "s3:PutObject"], [f"{cache.bucket_arn}/*"]),
        # Without it S3 answers 403 instead of 404 for an object that is not there.
        allow("CacheMisses", ["s3:ListBucket", *on_bucket], [cache.bucket_arn]),
        *(use_keys("CacheKey", use, [cache.kms_key], Place.of(cache.kms_key), "s3") if cache.kms_key else []),
    ]


def _streams(*log_group_arns: str) -> list[str]:
    return [f"{arn.removesuffix(':*')}:*" for arn in log_group_arns]


def _trust(principal: dict[str, str]) -> Policy:
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
