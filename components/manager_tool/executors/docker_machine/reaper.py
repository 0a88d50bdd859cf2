"""Which machines, and what belonged to machines, is to go. Pure: it is told what there is, and asks nobody.

Whatever costs money and belongs to this deployment, yet to none of the machines that docker-machine knows. Nothing of
anybody else's: neither another deployment's, nor a person's, nor the manager itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from ...aws.ec2_sweep import Ec2Resource
from ...config.machine_names import template_of
from ...texts import one_line
from .folders import Folder

_LONGEST_NAME = 300
KINDS = ("machine", "instance", "key pair", "spot request", "volume")


class Orphan(NamedTuple):
    """One resource to remove; `kind` is one of `KINDS`."""

    kind: str
    id: str
    why: str


class Ownership(NamedTuple):
    """By what this deployment's machines are known."""

    deployment: str
    """Value of the tag that they carry, except for spot machines whose tagging failed."""
    profile: str
    """Name of the workers' instance profile: each machine has it from its first moment, and nothing else may."""
    group: str
    """Name of the workers' security group."""
    apart: bool
    """Whether the profile or the group is this deployment's alone, so that they tell an untagged machine's owner."""
    templates: Set[str]
    """The names of its machines, with %s, at present and of late."""
    manager: str
    """Id of this instance."""
    manager_name: str = ""
    """The tag Name of this deployment's managers."""
    former: Set[str] = frozenset()
    """Values of the tag on machines of earlier releases, or of before a stack was renamed. Another deployment may have
    the same, so they say no more than no tag does."""
    own_profile: bool = True
    """Whether the profile is this deployment's alone."""
    spared_before: float = 0.0
    """What is older may be an earlier manager's, which still waits for its jobs; in seconds since 1970."""


class Inventory(NamedTuple):
    """What there is."""

    now: float
    folders: Sequence[Folder] = ()
    instances: Sequence[Ec2Resource] = ()
    alive: Set[str] = frozenset()
    """Ids of the instances of folders that are not terminated."""
    key_pairs: Sequence[Ec2Resource] = ()
    keys_elsewhere: Set[str] = frozenset()
    """Names of key pairs that instances in other VPCs have."""
    requests: Sequence[Ec2Resource] = ()
    volumes: Sequence[Ec2Resource] = ()


def findings(seen: Inventory, ours: Ownership, in_error_since: Mapping[str, float], grace: float) -> Iterator[Orphan]:
    """Yield what is to go; nothing younger than `grace` seconds is, as it may be about to be known.

    `in_error_since` says of machines that earlier looks have seen in state Error when the first of these was.
    """
    before = seen.now - grace
    # Until the manager whose place this one takes has gone, its machines and this one's can't be told apart.
    after = seen.now if other_managers(seen, ours) else ours.spared_before
    for folder in seen.folders:
        # EC2 may tell of a new instance late, and for a while not at all; one that is being made has no id yet.
        since = in_error_since.get(folder.name, seen.now) if folder.instance else folder.changed
        if in_error(folder, seen.alive) and since < before:
            yield Orphan("machine", folder.name, "docker-machine has it in state Error: its instance is gone")
    ids = {folder.instance for folder in seen.folders}
    names = {folder.name for folder in seen.folders}
    # A machine that is being made has a folder before that one knows the instance. Nothing is made for longer than the
    # grace: an older folder is one whose file is damaged, or that docker-machine failed to remove.
    unfinished = {folder.name for folder in seen.folders if not folder.instance and folder.changed >= before}
    used = {instance.key for instance in seen.instances} | seen.keys_elsewhere

    def orphaned(resource: Ec2Resource) -> bool:
        return (
            after <= resource.made < before
            and not {resource.name, resource.key} & unfinished
            and resource.id not in ids
        )

    yield from _found("instance", seen.instances, lambda resource: orphaned(resource) and owned(resource, ours))
    yield from _found("spot request", seen.requests, lambda resource: orphaned(resource) and owned(resource, ours))
    yield from _found("volume", seen.volumes, lambda resource: orphaned(resource) and _own_volume(resource, ours))
    yield from _found(
        "key pair",
        seen.key_pairs,
        lambda key: (
            after <= key.made < before
            and key.name not in used
            and key.name not in names
            and named_by_runner(key.name, ours)
        ),
    )


def _found(kind: str, resources: Sequence[Ec2Resource], condition: Callable[[Ec2Resource], bool]) -> Iterator[Orphan]:
    for resource in resources:
        if condition(resource):
            # Whoever may tag an instance chooses its name.
            name = one_line(resource.name or resource.key, _LONGEST_NAME)
            yield Orphan(
                kind,
                resource.id,
                f"none of docker-machine's machines has it{f' ({name})' if name != resource.id else ''}",
            )


def other_managers(seen: Inventory, ours: Ownership) -> list[str]:
    """Return the ids of this deployment's other managers: each is there while another takes its place."""
    own_key = next((each.key for each in seen.instances if each.id == ours.manager), "")

    def is_ours(manager: Ec2Resource) -> bool:
        # Whatever a stack was called, its managers have one key pair. Without it, rather one too many.
        same_key = manager.key == own_key if own_key else manager.deployment in ours.former
        return manager.deployment == ours.deployment or same_key

    others = (each for each in seen.instances if each.name == ours.manager_name and each.id != ours.manager)
    return [each.id for each in others if is_ours(each) and not each.scaling_group]


def owned(resource: Ec2Resource, ours: Ownership) -> bool:
    """Return whether an instance, or a request for one, is a machine of this deployment's docker-machine."""
    # The instances of its Auto Scaling groups have its tag and profile too: these are the groups' to remove.
    if resource.scaling_group or resource.profile != ours.profile or resource.id == ours.manager:
        return False
    named = named_by_runner(resource.key, ours) or named_by_runner(resource.name, ours)
    if resource.deployment == ours.deployment:
        # Machines of a stack that was renamed may have the tag of the one that got its name.
        apart = ours.own_profile or ours.group in resource.groups if ours.apart else named
        return apart and (template_of(resource.name) or template_of(resource.key)) is not None
    if resource.deployment and resource.deployment not in ours.former:
        return False
    return ours.apart and ours.group in resource.groups and named


def named_by_runner(name: str, ours: Ownership) -> bool:
    """Return whether gitlab-runner here could have given this name; what stands behind %s may have changed since."""
    template = template_of(name)
    # As a whole: another deployment with the same token may have pools whose names begin like ours.
    return template is not None and _beginning(template) in {*map(_beginning, ours.templates)}


def _beginning(template: str) -> str:
    return template.partition("%s")[0]


def _own_volume(volume: Ec2Resource, ours: Ownership) -> bool:
    # The manager's own has the tag too, but another name.
    return volume.deployment == ours.deployment and template_of(volume.name) is not None


def in_error(folder: Folder, alive: Set[str]) -> bool:
    """Return whether docker-machine would show a machine in state Error, as far as EC2 causes it."""
    return folder.on_ec2 and template_of(folder.name) is not None and folder.instance not in alive


def machines_in_error(seen: Inventory, since: Mapping[str, float]) -> dict[str, float]:
    """Return those machines, and since when that is known; `since` is what the last look returned."""
    # A clock that was ahead is no reason to wait for the time that it showed.
    known = {name: min(time, seen.now) for name, time in since.items()}
    return {folder.name: known.get(folder.name, seen.now) for folder in seen.folders if in_error(folder, seen.alive)}
