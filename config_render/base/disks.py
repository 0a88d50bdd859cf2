"""The root disks of machines: how fast EBS lets them be, and what its price of a GiB includes.

Source: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html and https://aws.amazon.com/ebs/pricing/
"""

from typing import NamedTuple


class Operations(NamedTuple):
    """Operations a second that a volume can be ordered with."""

    least: int
    most: int
    for_each_gib: int
    """The most for each GiB of the volume."""

    def most_of(self, gib: int) -> int:
        """Return the most that a volume of this size can have."""
        return min(self.most, max(self.least, self.for_each_gib * gib))


OPERATIONS = {
    "gp3": Operations(3000, 80_000, 500),
    "io1": Operations(100, 64_000, 50),
    "io2": Operations(100, 256_000, 1000),
}
"""By EBS type; the others have none to order."""
MOST_THROUGHPUT = 2000
"""MiB a second of a gp3 volume; each takes `OPERATIONS_FOR_EACH_MIB` operations."""
OPERATIONS_FOR_EACH_MIB = 4
_INCLUDED_OPERATIONS, _INCLUDED_THROUGHPUT = 3000, 125


def is_paid_by_speed(kind: str, operations: int | None, throughput: int | None) -> bool:
    """Return whether a volume costs more than its size: gp3 beyond what is included, io1 and io2 always."""
    if kind == "gp3":
        return (operations or 0) > _INCLUDED_OPERATIONS or (throughput or 0) > _INCLUDED_THROUGHPUT
    return kind in OPERATIONS
