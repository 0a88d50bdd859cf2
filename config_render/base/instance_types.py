"""What an EC2 instance type's name says."""

import re
from typing import Literal

Architecture = Literal["arm64", "x86_64"]

_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_FAMILY = re.compile(r"[a-z-]+?\d+(?P<attributes>[a-z-]*)")


def architecture(instance_type: str) -> Architecture:
    """Tell the processor architecture: a `g` after the generation's digit means Graviton (m6g, c7gn, x2gd).

    The g of a family (g5, g4dn) stands before the digit. The first Graviton type, a1, has none.
    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    """
    family = _FAMILY.match(instance_type)
    graviton = family is not None and "g" in family["attributes"]
    return "arm64" if graviton or instance_type.startswith("a1.") else "x86_64"


def check_instance_type(instance_type: str) -> str | None:
    """Return why this can't be an instance type's name, or None."""
    return None if _TYPE.fullmatch(instance_type) else "is not a valid instance type; write it as m5.large"
