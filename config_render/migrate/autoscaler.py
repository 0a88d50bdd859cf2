"""`[runners.autoscaler]` that somebody wrote, as a pool's `autoscaler`; and the group behind it, which is made anew."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ..checks.docker_autoscaler_rules import MOST_INSTANCES
from ..settings.autoscaler import Policy, seconds_of
from ..settings.machine import Machine
from ..settings.programs import FleetingPlugin
from ..settings.runner import Executor
from ..settings.spot import ON_DEMAND
from .findings import Findings
from .old_keys import pick, spelled, without
from .options import Choices
from .places import below

Place = tuple[str, object, str]
"""Where something stands, what it is, and what is to be said of it."""

GROUP_IS_MADE = "names no group; the stack makes one for the pool"
STAYS = "this [[runners]] stays on the old manager"
_NEWEST = FleetingPlugin.model_fields["version"].default
_PLUGINS_USER = "ec2-user"
"""Whom the plugin logs in as where no username is given (`ConnectInfo` in provider.go of fleeting-plugin-aws 0.4.0)."""
_SIGNS_IN = "the manager signs in to AWS by its instance profile"
_CONFIG = {
    "profile": _SIGNS_IN,
    "config_file": f"it is a file on the old manager; {_SIGNS_IN}",
    "credentials_file": f"it is a file on the old manager; {_SIGNS_IN}",
}
_KEY = (
    "it is a file on the old manager; the new one makes a key of its own, which EC2 Instance Connect takes to machines"
)


def group_stays_behind(table: Mapping[str, object], at: str) -> Place | None:
    """Return why `[runners.autoscaler]` is none of this program's: another cloud's, or of machines without SSH."""
    plugin = pick(table, "plugin")
    if isinstance(plugin, str) and plugin and _plugin(plugin) is None:
        return f"{at}.{spelled(table, 'plugin')}", plugin, f"is not the plugin for AWS: {STAYS}"
    connector = pick(table, "connector_config")
    for key, ours in (("os", "linux"), ("protocol", "ssh")):
        value = pick(connector, key) if isinstance(connector, dict) else None
        if isinstance(value, str) and value.lower() not in ("", ours):
            return f"{at}.connector_config.{key}", value, f"is not {ours}, as workers are here: {STAYS}"
    return None


def read_group(table: Mapping[str, object], at: str, findings: Findings) -> Choices:
    """Return what `plugin_config` says of the group, which is hardly more than its name."""
    key = spelled(table, "plugin_config")
    config, place = pick(table, "plugin_config", {}), f"{at}.{key}"
    found = Choices(place, of_group=True)
    if not isinstance(config, dict):
        findings.refuse(place, None, "must be a table: [runners.autoscaler.plugin_config]")
        return found
    if not pick(config, "name"):
        findings.note(place, GROUP_IS_MADE)
    for each, value in config.items():
        there, lowered = below(place, each), each.lower()
        if lowered == "name":
            message = "the stack makes a group and a launch template of its own for the pool; what these say is above"
            findings.left_out(there, message)
        elif lowered == "region" and isinstance(value, str) and value:
            findings.note(there, "becomes aws:region; the plugin itself passes over it")
            found.placed["amazonec2-region"], found.places["amazonec2-region"] = [value], there
        else:
            findings.left_out(there, _CONFIG.get(lowered, "the plugin for AWS knows no such key"))
    return found


def rest_of(table: Mapping[str, object], at: str, findings: Findings) -> dict[str, object]:
    """Return `[runners.autoscaler]` without what is told here, and what other settings say."""
    rest = without(table, "plugin", "plugin_config", "max_instances")
    key = spelled(rest, "connector_config")
    connector = pick(rest, key)
    if isinstance(connector, dict):
        if pick(connector, "key_path"):
            findings.left_out(f"{at}.{key}.{spelled(connector, 'key_path')}", _KEY)
        if pick(connector, "protocol_port") == 0:  # the same as none
            connector = without(connector, "protocol_port")
        rest[key] = without(connector, "key_path")
    return rest


def complete(
    pool: dict[str, Any], table: Mapping[str, object], at: str, executor: Executor, findings: Findings
) -> None:
    """Write down what gitlab-runner and its plugin take for what the autoscaler's table leaves out.

    `executor` is what the pool will have.
    """
    autoscaler = pool.setdefault("autoscaler", {})
    if not isinstance(autoscaler, dict):
        return
    connector = autoscaler.setdefault("connector_config", {})
    if isinstance(connector, dict) and "username" not in connector:
        connector["username"] = _PLUGINS_USER
        message = f"no username, so that it is {_PLUGINS_USER}, as on Amazon Linux; on an image of Ubuntu it is ubuntu"
        findings.note(f"{at}.connector_config", message)
    storage = pick(table, "state_storage", {})
    if (
        executor == "docker-autoscaler"
        and isinstance(storage, dict)
        and "enabled" not in autoscaler.get("state_storage", {})
    ):
        findings.note(f"{at}.state_storage", "is on here: without it a restart of gitlab-runner removes all machines")
    policies = autoscaler.get("policy")
    if not policies:
        findings.note(f"{at}.policy", "missing; here no machine waits for jobs, and a spare one goes after 30m")
    for each in policies if isinstance(policies, list) else []:
        if isinstance(each, dict) and "preemptive_mode" not in each and _whole(each.get("idle_count")):
            each["preemptive_mode"] = True
    if _is_default(policies):
        del autoscaler["policy"]


def _is_default(policies: object) -> bool:
    """Return whether policies say what a pool without any has."""
    try:
        (policy,) = [Policy.model_validate(each) for each in policies] if isinstance(policies, list) else []
    except (ValidationError, ValueError):
        return False
    same = policy.model_copy(update={"idle_time": Policy().idle_time, "timezone": None}) == Policy()
    return same and seconds_of(policy.idle_time) == Machine().idle_time


def fit_jobs(
    pool: dict[str, Any],
    entry: Mapping[str, object],
    table: Mapping[str, object],
    at: str,
    concurrent: int,
    findings: Findings,
) -> None:
    """Give a pool of docker-autoscaler its limit: what `limit` and `max_instances` both allow."""
    limit, most = pick(entry, "limit", 0), pick(table, "max_instances", 0)
    autoscaler = pool.get("autoscaler")
    autoscaler = autoscaler if isinstance(autoscaler, dict) else {}
    limit_at = f"{at}.{spelled(entry, 'limit')}"
    most_at = f"{at}.{spelled(entry, 'autoscaler')}.{spelled(table, 'max_instances')}"
    if _whole(most) is None:
        findings.refuse(most_at, None, "must be a whole number")
    if autoscaler.get("capacity_per_instance") == 0:
        del autoscaler["capacity_per_instance"]
    jobs = _whole(autoscaler.get("capacity_per_instance", 1)) or 1
    pool["limit"] = limit
    if _whole(limit) is None or _whole(most) is None or jobs < 1:
        return
    fits = most * jobs
    if limit < 1 and most > 0:
        findings.note(limit_at, f"none; it is {fits}, max_instances {most} x capacity_per_instance {jobs}")
        limit = fits
    elif limit < 1:
        findings.note(limit_at, "none; it is concurrent here, for a pool needs one")
        limit = concurrent
    elif 0 < fits < limit:
        findings.note(limit_at, f"becomes {fits}: max_instances {most} x capacity_per_instance {jobs} take no more")
        limit = fits
    if _whole(limit) is not None and limit > MOST_INSTANCES * jobs:
        limit = MOST_INSTANCES * jobs
        findings.note(limit_at, f"becomes {limit}: a group has at most {MOST_INSTANCES} machines")
    if _whole(limit) and 0 < most != math.ceil(limit / jobs):
        needed = math.ceil(limit / jobs)
        findings.note(most_at, f"becomes {needed}, as many as limit {limit} needs at capacity_per_instance {jobs}")
    pool["limit"] = limit
    _fit_policies(autoscaler.get("policy"), limit, f"{at}.{spelled(entry, 'autoscaler')}.policy", findings)


def _fit_policies(policies: object, limit: object, at: str, findings: Findings) -> None:
    for index, policy in enumerate(policies if isinstance(policies, list) else []):
        idle = _whole(policy.get("idle_count")) if isinstance(policy, dict) else None
        if idle is None:
            continue
        if isinstance(limit, int) and idle > limit:
            findings.note(f"{at}[{index}].idle_count", f"becomes {limit}, the limit, at which the runner stops")
            policy["idle_count"] = idle = limit
        most = _whole(policy.get("scale_factor_limit"))
        if most and most < idle and policy.get("scale_factor"):
            findings.note(
                f"{at}[{index}].scale_factor_limit", f"becomes {idle}, the idle_count, below which it can't go"
            )
            policy["scale_factor_limit"] = idle


def ask_for_group(pool: Mapping[str, Any], index: int, at: str, executor: Executor, findings: Findings) -> None:
    """Ask for what the launch template of a group says of a pool's machines."""

    def want(setting: str, example: str | float, why: str) -> None:
        findings.want(f"pools[{index}].{setting}", example, f"{at}: {why}")

    want("instanceTypes[0]", "m5.large", "an instance type of its group, or several")
    want("ami", "ami-0123456789abcdef0", "the image of its launch template; or leave it out for a current Ubuntu")
    connector = pool["autoscaler"].get("connector_config") if isinstance(pool["autoscaler"], dict) else None
    if isinstance(connector, dict) and connector.get("username") == _PLUGINS_USER:
        want(
            "driver.amazonec2-device-name", "/dev/xvda", "the image's root device; leave it out for Ubuntu's /dev/sda1"
        )
    want("driver.amazonec2-root-size", 40, "the GiB of its disk; 40 if left out")
    price: str | float = ON_DEMAND if executor == "docker-autoscaler" else 0.1
    want("spot.maxPrice", price, "if its group takes spot capacity; else leave it out")
    if isinstance(connector, dict) and connector.get("protocol_port") not in (None, 22):
        why = f"{at}: its group's security group, by name, which lets the manager in on that port"
        findings.want("network.workerSecurityGroup", "workers", why)


def read_plugin(
    tables: Sequence[tuple[str, Mapping[str, object]]], executor: Executor | None, findings: Findings
) -> dict[str, object]:
    """Return the setting `manager` for the plugin that autoscaler tables, each with its place, name.

    `executor` is that of all pools, where one was chosen.
    """
    if executor == "docker+machine":
        for at, table in tables:
            findings.left_out(f"{at}.{spelled(table, 'plugin')}", "docker+machine has no plugin")
        return {}
    found: dict[str, str] = {}
    for at, table in tables:
        place, given = f"{at}.{spelled(table, 'plugin')}", pick(table, "plugin")
        registry, version = (_plugin(given) if isinstance(given, str) else None) or (False, "")
        if given is not None and not isinstance(given, str):
            findings.refuse(place, None, 'must be text, such as "aws:1.1.0"')
        elif not re.fullmatch(r"\d{1,6}(\.\d{1,6}){2}", version, re.ASCII):
            findings.note(place, f"says no whole version; manager.fleetingPlugin.version is {_NEWEST}")
        else:
            found[place] = version
            findings.note(place, f"becomes manager.fleetingPlugin.version {version}")
        if registry:
            findings.note(place, "its registry is left out: GitLab's serves, or a mirror at manager.fleetingPlugin.url")
    if not found:
        return {}
    version = max(found.values(), key=lambda each: [int(part) for part in each.split(".")])
    for place, other in found.items():
        if other != version:
            findings.note(place, f"the manager has one plugin, and {version} is named too")
    return {} if version == _NEWEST else {"fleetingPlugin": {"version": version}}


def _plugin(reference: str) -> tuple[bool, str] | None:
    """Return whether a reference names a registry other than GitLab's, and a version; None for no plugin for AWS.

    The forms: NAME, NAME:VERSION, REGISTRY/PATH/NAME:VERSION, a path, or a program in PATH
    (`docs/fleet_scaling/fleeting.md` of gitlab-runner).
    """
    path, _, name = reference.strip().rpartition("/")
    name, _, version = name.partition(":")
    if not re.fullmatch(r"aws|fleeting-plugin-aws([-_.].*)?", name):
        return None
    return bool(path) and not path.startswith(("/", "registry.gitlab.com")), version


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
