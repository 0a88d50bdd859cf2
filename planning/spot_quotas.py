"""AWS's quotas of spot capacity: virtual processors of an account in a region, for each group of families.

https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class SpotQuota:
    """One quota, as Service Quotas has it."""

    code: str
    name: str
    families: frozenset[str]
    """The letters that a type's name begins with."""


def _quota(code: str, kind: str, families: str) -> SpotQuota:
    return SpotQuota(code, f"All {kind} Spot Instance Requests", frozenset(families.split()))


SPOT_QUOTAS = (
    _quota("L-34B43A08", "Standard (A, C, D, H, I, M, R, T, Z)", "a c d h i im is m r t z"),
    _quota("L-3819A6DF", "G and VT", "g gr vt"),
    _quota("L-7212CCBC", "P", "p"),
    _quota("L-88CF9481", "F", "f"),
    _quota("L-E3A00192", "X", "x"),
    _quota("L-B5D1601B", "Inf", "inf"),
    _quota("L-85EED4F7", "DL", "dl"),
    _quota("L-6B0D517C", "Trn", "trn"),
)


def spot_quota(instance_type: str) -> SpotQuota | None:
    """Return the quota that spot machines of a type count against; None for families without one, such as hpc7a."""
    letters = re.match("[a-z]*", instance_type)
    family = letters.group() if letters else ""
    return next((quota for quota in SPOT_QUOTAS if family in quota.families), None)
