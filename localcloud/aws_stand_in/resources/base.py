"""Stand-in for pulumi-aws: what every resource type has in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import errors
from ..access import Access
from ..properties import Properties


@dataclass(frozen=True)
class Created:
    """The id of a thing that was made, with outputs that AWS tells at that time and never again."""

    identity: str
    told_once: Properties


class Resource(ABC):
    """Creates, reads, changes and deletes resources of one type through boto3.

    `inputs` and `news` hold in `tags` the provider's default tags too. What `read` returns is laid over the inputs and
    over the recorded constants, so it returns what AWS knows better than they do; None takes a property away.
    """

    kind: ClassVar[str]
    """Pulumi's type token, e.g. `aws:ec2/vpc:Vpc`."""
    service: ClassVar[str] = "EC2"
    carries_out: ClassVar[frozenset[str]]
    """Inputs; the others are refused rather than ignored."""
    awaited_seconds: ClassVar[float] = 0
    """How long a deletion is tried again, unless the program says, while something else still uses the thing."""

    def refusals(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        """Yield (property, reason) for values that the stand-in can't carry out although the real provider can."""
        yield from ()

    @abstractmethod
    def create(self, aws: Access, inputs: Properties) -> str | Created:
        """Make the thing and return its id."""

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        """Do the rest of the creation; where it fails, the thing is deleted again."""
        return

    @abstractmethod
    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        """Return what AWS says of it; None when it does not exist. `known`: inputs or earlier outputs."""

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        """Change it in place; `olds` are outputs. Return the id when it is a new one."""
        raise errors.ProviderError(f"{self.kind} can't be changed in place")

    @abstractmethod
    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        """Delete it. An error that says it does not exist is taken as success by the caller."""

    def doing(self, what: str) -> AbstractContextManager[None]:
        return errors.doing(what, self.service)


def present(**arguments: Any) -> dict[str, Any]:
    """Arguments of an API call, without those that are None."""
    return {name: value for name, value in arguments.items() if value is not None}


def differs(name: str, olds: Properties, news: Properties) -> bool:
    """Whether the program gives `name` another value than AWS has."""
    return news.get(name) is not None and news.get(name) != olds.get(name)


def tagged(kind: str, inputs: Properties) -> dict[str, Any]:
    """The argument by which EC2 tags what it creates; `kind` is EC2's resource type."""
    tags = inputs.get("tags")
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tag_list(tags)}]} if tags else {}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(answer: Mapping[str, Any], key: str = "Tags") -> dict[str, str]:
    """Tags of an API answer; AWS's own (aws:...) are not the user's."""
    return {tag["Key"]: tag["Value"] for tag in answer.get(key, ()) if not tag["Key"].startswith("aws:")}


def tag_changes(olds: Properties, news: Properties) -> tuple[list[str], dict[str, str]]:
    """The keys to take away and the tags to set, so that a resource has the tags `news["tags"]` and no others."""
    before, after = olds.get("tagsAll") or {}, news.get("tags") or {}
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return sorted(before.keys() - after.keys()), changed


def retag(aws: Access, identity: str, olds: Properties, news: Properties) -> None:
    """Give an EC2 resource the tags `news["tags"]` and no others."""
    gone, changed = tag_changes(olds, news)
    with errors.doing(f"updating tags for EC2 resource ({identity})", "EC2"):
        if gone:
            aws.client("ec2").delete_tags(Resources=[identity], Tags=[{"Key": key} for key in gone])
        if changed:
            aws.client("ec2").create_tags(Resources=[identity], Tags=tag_list(changed))


def values_filter(**filters: str) -> list[dict[str, Any]]:
    """EC2's `Filters`; `_` in a name stands for `-`."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
