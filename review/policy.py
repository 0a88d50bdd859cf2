"""What a merge request's job fails on, and the label that says that it is meant."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .bill import Bill
from .changes import DONE, Changes, Resource
from .effects import replaces_manager

MANAGER = "manager-replacement"
STATE = "state-loss"
CAP = "cap-under-market"
POLICIES = (MANAGER, STATE, CAP)

_STATEFUL = {
    "aws:s3/bucket:Bucket": "the cache starts empty",
    "aws:s3/bucketV2:BucketV2": "the cache starts empty",
    "aws:cloudwatch/logGroup:LogGroup": "its logs are lost",
    "aws:ec2/eip:Eip": "its address is given back, and whoever lets it through a firewall has to know the next one",
}


@dataclass(frozen=True)
class Verdict:
    """What one policy says of a preview."""

    policy: str
    reasons: tuple[str, ...]
    """What is against it, each with the fix; empty if nothing is."""
    label: str
    """With this label on the merge request it is meant."""
    labelled: bool

    @property
    def fails(self) -> bool:
        """Whether the job has to fail."""
        return bool(self.reasons) and not self.labelled


class UnknownPolicyError(Exception):
    """A policy's name is none; the text says which there are."""


def verdicts(
    changes: Changes, bill: Bill | None, *, enforced: Collection[str], labels: Iterable[str], prefix: str = "allow-"
) -> list[Verdict]:
    """Judge a preview by the policies that are `enforced`. Raises UnknownPolicyError.

    `labels` are those of the merge request; `prefix` and a policy's name are the label that allows what it forbids.
    """
    if unknown := sorted({*enforced} - {*POLICIES}):
        raise UnknownPolicyError(
            f"policies: {', '.join(unknown)} is none; there are {', '.join(POLICIES)}, and the empty text for none"
        )
    there = {*labels}
    reasons = {
        MANAGER: ["the manager is replaced, or goes"] if replaces_manager(changes.resources) else [],
        STATE: [_loss(resource) for resource in changes.resources if resource.goes and resource.type in _STATEFUL],
        CAP: _caps(bill),
    }
    return [
        Verdict(name, tuple(reasons[name]), f"{prefix}{name}", f"{prefix}{name}" in there)
        for name in POLICIES
        if name in enforced
    ]


def _loss(resource: Resource) -> str:
    return f"{resource.name} is {DONE[resource.op]}: {_STATEFUL[resource.type]}"


def _caps(bill: Bill | None) -> list[str]:
    if bill is None or bill.after is None:
        return []
    found = []
    for row in bill.rows:
        history = bill.market.spot.get((row.type, row.zone))
        if row.cap is not None and history is not None and history.is_above(row.cap):
            found.append(
                f"pool {row.pool}: its spot.maxPrice, {row.cap:g}, is under today's price of {row.type} in {row.zone}, "
                f"{history.latest:g}, so that AWS starts none; raise it, or take another zone or type"
            )
    return found
