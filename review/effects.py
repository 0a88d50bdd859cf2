"""What a preview means for jobs, from what it does with which resource: the knowledge of docs/changes.md.

`tests/engine/test_changes.py` holds every line of that page against it and against the engine's own plan.
"""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from .changes import Changes, ConfigToml, Resource
from .events import SECRET

NOTHING = "nothing is interrupted"
STOPS = "the manager stops and starts: its running jobs fail"
REPLACES_MANAGER = "**the manager is replaced**; jobs on the old manager finish first"
REPLACES_NETWORK = "**machines are replaced with their network: running jobs fail**"
RESTARTS = "gitlab-runner starts again once its jobs have ended; new ones wait until then"
UNKNOWN = "config.toml can't be read here, so that nobody can tell what its change interrupts"
REPLACES_CACHE = "nothing is interrupted; the cache starts empty"

_STOPPING = {"instanceType", "userData", "ebsOptimized"}
"""Properties for whose sake the provider stops and starts an instance: `updates_in_place` in the recording."""

_NETWORK = ("-network-vpc", "-network-worker")
_INSTANCE = ("-manager-instance", "-manager-instance-arm64")
_LIFE = "-registration-life"
"""The runner's life on one host, which another host ends: an instance, or one that was there already."""
_CONFIG = "-registration-config"
_BUCKET = "-cache-bucket"


def effects_of(changes: Changes) -> list[str]:
    """Return all that a preview interrupts, the worst first; empty for nothing."""
    every, of_configs = changes.resources, {_effect_of_config(each) for each in changes.configs}
    return [
        effect
        for effect, happens in (
            (REPLACES_NETWORK, _any_goes(every, *_NETWORK)),
            (REPLACES_MANAGER, replaces_manager(every)),
            (STOPS, any(map(_stops, every))),
            (RESTARTS, not replaces_manager(every) and RESTARTS in of_configs),
            (UNKNOWN, _any_changes(every, _CONFIG) and UNKNOWN in of_configs),
            (REPLACES_CACHE, _any_goes(every, _BUCKET)),
        )
        if happens
    ]


def effect_of(changes: Changes) -> str:
    """Return the worst of what a preview interrupts."""
    return next(iter(effects_of(changes)), NOTHING)


def replaces_manager(resources: Iterable[Resource]) -> bool:
    """Return whether a manager is replaced, or goes."""
    return _any_goes(resources, *_INSTANCE, _LIFE)


def _any_goes(resources: Iterable[Resource], *ends: str) -> bool:
    return any(resource.goes and resource.name.endswith(ends) for resource in resources)


def _any_changes(resources: Iterable[Resource], *ends: str) -> bool:
    return any(resource.op == "update" and resource.name.endswith(ends) for resource in resources)


def _effect_of_config(config: ConfigToml) -> str:
    """Return whether the manager starts gitlab-runner again to follow a change, as its tool decides (`restarts.py`)."""
    if config.before is None or config.after is None:
        return NOTHING
    if SECRET in (config.before, config.after):
        return UNKNOWN
    if config.before == config.after:
        return NOTHING
    try:
        before, after = map(_read_once, (config.before, config.after))
    except (tomllib.TOMLDecodeError, AttributeError):
        return UNKNOWN
    # At its start it is told where the plugin is, which the first such section needs.
    begins = any(after.values()) and not any(before.values())
    return RESTARTS if begins or any(was != after.get(name) for name, was in before.items()) else NOTHING


def _read_once(text: str) -> dict[str, Mapping[str, Any] | None]:
    """Return what gitlab-runner reads once of each section: of docker-autoscaler's table all but the policies."""
    return {
        runner.get("name", ""): {key: value for key, value in runner.get("autoscaler", {}).items() if key != "policy"}
        if runner.get("executor") == "docker-autoscaler"
        else None
        for runner in tomllib.loads(text).get("runners", [])
    }


def _stops(resource: Resource) -> bool:
    changed = {each.path for each in resource.properties}
    return resource.op == "update" and resource.name.endswith(_INSTANCE) and bool(_STOPPING & changed)
