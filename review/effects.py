"""What a preview means for jobs, from what it does with which resource: the knowledge of docs/changes.md.

`tests/engine/test_changes.py` holds every line of that page against it and against the engine's own plan.
"""

from collections.abc import Iterable

from .changes import Resource

NOTHING = "nothing is interrupted"
STOPS = "the manager stops and starts: its running jobs fail"
REPLACES_MANAGER = "**the manager is replaced**; jobs that run on the last one end first"
REPLACES_NETWORK = "**machines are replaced with their network: running jobs fail**"
REPLACES_CACHE = "nothing is interrupted; the cache starts empty"

_STOPPING = {"instanceType", "userData", "ebsOptimized"}
"""Properties for whose sake the provider stops and starts an instance: `updates_in_place` in the recording."""

_NETWORK = ("-network-vpc", "-network-worker")
_INSTANCE = ("-manager-instance", "-manager-instance-arm64")
_LIFE = "-registration-life"
"""The runner's life on one host, which another host ends: an instance, or one that was there already."""
_BUCKET = "-cache-bucket"


def effects_of(resources: Iterable[Resource]) -> list[str]:
    """Return all that a preview interrupts, the worst first; empty for nothing."""
    every = tuple(resources)
    return [
        effect
        for effect, happens in (
            (REPLACES_NETWORK, _any_goes(every, *_NETWORK)),
            (REPLACES_MANAGER, replaces_manager(every)),
            (STOPS, any(map(_stops, every))),
            (REPLACES_CACHE, _any_goes(every, _BUCKET)),
        )
        if happens
    ]


def effect_of(resources: Iterable[Resource]) -> str:
    """Return the worst of what a preview interrupts."""
    return next(iter(effects_of(resources)), NOTHING)


def replaces_manager(resources: Iterable[Resource]) -> bool:
    """Tell whether a manager is replaced, or goes."""
    return _any_goes(resources, *_INSTANCE, _LIFE)


def _any_goes(resources: Iterable[Resource], *ends: str) -> bool:
    return any(resource.goes and resource.name.endswith(ends) for resource in resources)


def _stops(resource: Resource) -> bool:
    changed = {each.path for each in resource.properties}
    return resource.op == "update" and resource.name.endswith(_INSTANCE) and bool(_STOPPING & changed)
