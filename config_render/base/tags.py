"""AWS tags: what AWS, and docker-machine's way of writing them, allow."""

import re
from collections.abc import Mapping
from typing import Annotated

from .values import checked_by

DEPLOYMENT_TAG = "gitlab-runner-aws"
"""The tag by which a deployment finds what is its own."""
MANAGER_TAG = "runner-manager-name"
"""The tag by which GitLab's guide tells which runner entry a machine belongs to."""

_IS_OURS = "is a tag that this program sets itself; choose another key"


def _check_key(key: str) -> str | None:
    return _IS_OURS if key == MANAGER_TAG else _check_machine_key(key)


def _check_machine_key(key: str) -> str | None:
    # The first names the machine.
    if key in ("Name", DEPLOYMENT_TAG):
        return _IS_OURS
    if key.lower().startswith("aws:"):
        return "begins with aws:, which AWS keeps for itself; choose another key"
    if not 1 <= len(key) <= 128:
        return f"has {len(key)} characters; a tag's key has 1 to 128"
    return _check_text(key)


def _check_value(value: str) -> str | None:
    if len(value) > 256:
        return f"has {len(value)} characters; a tag's value has at most 256"
    return _check_text(value)


def _check_text(text: str) -> str | None:
    if "," in text:
        return "holds a comma, at which docker-machine would split it; write it without"
    # The strictest of the services that are tagged is IAM.
    return None if re.fullmatch(r"[\w .:/=+@-]*", text) else "may hold letters, digits, blanks and _ . : / = + - @ only"


def check_machine_tag(key: str, value: str) -> str | None:
    """Return why a machine can't have a tag, or None. Quotes neither its key nor its value."""
    return _check_machine_key(key) or _check_value(value)


TagKey = Annotated[str, checked_by(_check_key)]
MachineTagKey = Annotated[str, checked_by(_check_machine_key)]
"""Machines alone may have another manager's name on them, as in GitLab's guide."""
TagValue = Annotated[str, checked_by(_check_value)]


def join_tags(tags: Mapping[str, str]) -> str:
    """Write tags as the driver reads them: `key1,value1,key2,value2`."""
    return ",".join(f"{key},{value}" for key, value in tags.items())


def split_tags(text: str) -> dict[str, str]:
    """Read `key1,value1,key2,value2` as the driver does. Raises ValueError where it would drop a part."""
    parts = text.split(",")
    if len(parts) % 2:
        raise ValueError("holds a key without a value; write it as key1,value1,key2,value2")
    return dict(zip(parts[::2], parts[1::2], strict=True))
