"""What is true of a setting beyond its type, said once at its field: `cidr: Annotated[CidrV4, Mark.NEW_VPC]`."""

from collections.abc import Iterator
from enum import Enum, auto
from functools import cache

from pydantic import BaseModel
from pydantic.fields import FieldInfo


class Mark(Enum):
    """A mark in the `Annotated` metadata of a field, or of a type that fields have."""

    SECRET = auto()
    """Is a secret, or the placeholder of one. Messages never show its value."""
    HIDDEN = auto()
    """May hold a secret among other things. Messages never show its value."""
    NEW_VPC = auto()
    """Describes the VPC that the stack makes, so it is refused beside `vpcId`."""
    EXISTING_VPC = auto()
    """Describes the VPC that `vpcId` names, so it needs that."""
    VPC_CHOICE = auto()
    """Says which VPC and subnets there are, so a program that gives these leaves it out."""
    NEW_INSTANCE = auto()
    """Describes the instance that the stack makes for the manager, so it is refused beside `manager.host`."""
    SINCE_30 = auto()
    """An option that GitLab's docker-machine has in 0.16.2-gitlab.30 and had not in .23.

    Source: drivers/amazonec2/amazonec2.go of both.
    """
    CKI_ONLY = auto()
    """An option that only the docker-machine of the CKI project has."""


@cache
def marked(model: type[BaseModel], *marks: Mark) -> tuple[str, ...]:
    """Return the keys of a table's settings that have one of the marks, in the order of their fields."""
    fields = model.model_fields.items()
    return tuple(field.alias or name for name, field in fields if not set(marks).isdisjoint(_marks(field)))


def _marks(field: FieldInfo) -> Iterator[Mark]:
    return (each for each in (*field.metadata, *_metadata_in(field.annotation)) if isinstance(each, Mark))


def _metadata_in(annotation: object) -> Iterator[object]:
    # Not by typing.get_args, which takes several times as long: every start of the program looks through all fields.
    yield from getattr(annotation, "__metadata__", ())
    for inner in getattr(annotation, "__args__", ()):
        yield from _metadata_in(inner)
