"""Rules of what `identity` gives roles beside the stack's own policies, and of the partitions of its ARNs."""

from collections.abc import Callable, Iterator, Mapping

from ..base.problems import Problem, problem
from ..base.regions import check_region, partition
from .raw import RawStack, items, text, texts, walk

MOST_POLICIES = 10
"""Managed policies of one role or user, unless AWS has raised the account's quota.

Source: "IAM and AWS STS quotas" in the User Guide of IAM.
"""

_WITHOUT_HELPER = ("rhel-9", "rocky-9")
"""Distributions that have no package amazon-ecr-credential-helper."""
_SSM = "AmazonSSMManagedInstanceCore"


def partition_problems(raw: Mapping[str, object], region: str | None) -> Iterator[Problem]:
    """Yield the ARNs in `identity` that belong to another partition of AWS than the region."""
    if region is None or check_region(region) is not None:
        return
    here = partition(region)
    for place, value in walk(RawStack(raw).table("identity"), ("identity",)):
        parts = value.split(":")
        if len(parts) > 2 and parts[0] == "arn" and parts[1] != here:
            message = f"belongs to {parts[1]}, while {region} is in {here}; write it as arn:{here}:..."
            yield problem(place, message, value)


def _policies_have_a_role(stack: RawStack) -> Iterator[Problem]:
    identity = stack.table("identity")
    for who in ("manager", "worker"):
        policies, profile = f"{who}Policies", f"{who}InstanceProfile"
        if identity.get(policies) is not None and identity.get(profile) is not None:
            message = f"is for a role that the stack makes, while {profile} brings its own; attach them there"
            yield problem(("identity", policies), message)


def _policies_fit_the_quota(stack: RawStack) -> Iterator[Problem]:
    for who, own in (("manager", _attached_by_the_stack(stack)), ("worker", ())):
        count = len(texts(stack.table("identity").get(f"{who}Policies")))
        if count and count + len(own) > MOST_POLICIES:
            beside = f", beside {' and '.join(own)}" if own else ""
            message = (
                f"lists {count} policies{beside}; IAM attaches at most {MOST_POLICIES} to one role or user: "
                "join some into one policy"
            )
            yield problem(("identity", f"{who}Policies"), message)


def _attached_by_the_stack(stack: RawStack) -> tuple[str, ...]:
    """Name the managed policies that the manager's role or user has anyway."""
    manager = stack.table("manager")
    if stack.table("identity").get("mode") != "accessKey":
        return (f"{_SSM} of manager.ssm",) if manager.get("ssm") else ()
    # A user's rights are managed policies: its inline ones hold too little.
    reports = manager.get("alarms") is not None or stack.table("manager", "logs").get("journal")
    return ("the stack's policy for its calls", *(["its policy for alarms and logs"] if reports else []))


def _ssm_is_attached_once(stack: RawStack) -> Iterator[Problem]:
    if not stack.table("manager").get("ssm"):
        return
    for index, arn in enumerate(items(stack.table("identity").get("managerPolicies"))):
        if (text(arn) or "").endswith(f":iam::aws:policy/{_SSM}"):
            message = "is attached by manager.ssm already; leave out one of them"
            yield problem(("identity", "managerPolicies", index), message, arn)


def _the_manager_can_pull_from_ecr(stack: RawStack) -> Iterator[Problem]:
    identity, manager = stack.table("identity"), stack.table("manager")
    if identity.get("ecr") is None:
        return
    if identity.get("mode") == "accessKey":
        message = "needs an instance profile, by which the credential helper signs in; leave out mode, or this"
        yield problem(("identity", "ecr"), message)
    system = text(manager.get("os"))
    if system in _WITHOUT_HELPER and manager.get("ami") is None and manager.get("image") is None:
        message = (
            "has no package of the credential helper that identity.ecr needs; take ubuntu-24.04, debian-12 or "
            "amazon-linux-2023, or name an image in ami that has docker-credential-ecr-login"
        )
        yield problem(("manager", "os"), message, system)


POLICY_RULES: tuple[Callable[[RawStack], Iterator[Problem]], ...] = (
    _policies_have_a_role,
    _policies_fit_the_quota,
    _ssm_is_attached_once,
    _the_manager_can_pull_from_ecr,
)
