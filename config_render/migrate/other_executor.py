"""Pools of one executor as pools of the other, by the table in docs/docker-autoscaler.md."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..base.periods import check_period, five_fields
from ..checks.docker_autoscaler_rules import MOST_INSTANCES
from ..executors.docker_autoscaler.group import lost
from ..settings.autoscaler import AutoscalerKeys, Policy, seconds_of
from .findings import Findings
from .old_keys import without
from .options import Choices

_NONE = "docker+machine has no counterpart"
_ALWAYS = ("* * * * *",)


def to_docker_autoscaler(pool: dict[str, Any], chosen: Choices, at: str, findings: Findings) -> None:
    """Change a pool of docker+machine. Its numbers under `machine` stay, as this program makes policies of them."""
    driver, machine = (pool.get(key) for key in ("driver", "machine"))
    driver, machine = (each if isinstance(each, dict) else {} for each in (driver, machine))
    if driver.get("amazonec2-use-private-address") is False:
        del driver["amazonec2-use-private-address"]
        pool["autoscaler"] = {"connector_config": {"use_external_addr": True}}
        findings.note(
            chosen.place("amazonec2-use-private-address"), "becomes autoscaler.connector_config.use_external_addr"
        )
    if isinstance(limit := pool["limit"], int) and limit > MOST_INSTANCES:
        findings.note(f"{at}.limit", f"becomes {MOST_INSTANCES}, the most machines of a group")
        pool["limit"] = MOST_INSTANCES
    if driver.get("amazonec2-ssh-port") not in (None, 22):
        place = chosen.place("amazonec2-ssh-port")
        findings.want(
            "network.workerSecurityGroup", "workers", f"{place}: a group, by name, that opens it to the manager"
        )
    for name, what in lost(driver, machine).items():
        place = chosen.place(name) if name in driver else f"{at}.machine.{name}"
        reason = what.removeprefix("leave it out: ")
        findings.left_out(place, f"{name} has no counterpart in docker-autoscaler: {reason}")
        (driver if name in driver else machine).pop(name)
    machine.pop("MachineDriver", None)
    if isinstance(machine.get("autoscaling"), list):
        machine["autoscaling"] = _in_five_fields(machine["autoscaling"], f"{at}.machine.autoscaling", findings)
    for key in ("driver", "machine"):
        if pool.get(key) == {}:
            del pool[key]


def _in_five_fields(numbers: list[Any], at: str, findings: Findings) -> list[Any]:
    """Return what holds in periods that docker-autoscaler knows too."""
    kept = []
    for index, each in enumerate(numbers):
        periods = each.get("Periods") if isinstance(each, dict) else None
        if isinstance(periods, list):
            each["Periods"] = []
            for number, period in enumerate(periods):
                if isinstance(period, str) and check_period(period) is None and five_fields(period) is None:
                    findings.left_out(
                        f"{at}[{index}].Periods[{number}]", "docker-autoscaler knows no such days or years"
                    )
                else:
                    each["Periods"].append(period)
            if not each["Periods"]:
                findings.left_out(f"{at}[{index}]", "it has no period that can be used, so it never holds")
                continue
        kept.append(each)
    return kept


def to_docker_machine(pool: dict[str, Any], index: int, at: str, findings: Findings) -> None:
    """Change a pool of docker-autoscaler, number `index`, that the check takes; `at` is its table's place."""
    given = pool.pop("autoscaler", {})
    keys = AutoscalerKeys.model_validate(given)
    jobs = keys.capacity_per_instance
    if jobs > 1:
        message = f"docker+machine runs one job on a machine: limit and IdleCount are as many machines as jobs, {jobs} "
        findings.left_out(f"{at}.capacity_per_instance", f"{message}times as many as before; take smaller ones")
    machine: dict[str, Any] = {}
    for number, policy in enumerate(keys.policy or ()):
        place = f"{at}.policy[{number}]"
        numbers = _numbers(policy, pool["limit"], place, findings)
        if number == 0 and policy.periods == _ALWAYS:
            machine |= numbers
            if policy.timezone:
                findings.left_out(f"{place}.timezone", "a policy that always holds needs none")
            continue
        zone = {} if policy.timezone is None else {"Timezone": policy.timezone}
        periods = machine.setdefault("autoscaling", [])
        now = f"pools[{index}].machine.autoscaling[{len(periods)}].Timezone"
        _move(findings, f"pools[{index}].autoscaler.policy[{number}].timezone", now)
        periods.append({"Periods": [f"* {each} *" for each in policy.periods], **zone, **numbers})
    if keys.max_use_count:
        machine["MaxBuilds"] = keys.max_use_count
    driver = {**pool.pop("driver", {}), **_options(keys)}
    for key in without(given, "capacity_per_instance", "max_use_count", "policy", "connector_config"):
        findings.left_out(f"{at}.{key}", _NONE)
    for key in without(given.get("connector_config", {}), "username", "protocol_port", "use_external_addr"):
        findings.left_out(f"{at}.connector_config.{key}", _NONE)
    pool |= {key: table for key, table in (("machine", machine), ("driver", driver)) if table}


def _numbers(policy: Policy, limit: int, at: str, findings: Findings) -> dict[str, object]:
    """Return what a policy says, as docker+machine does: for its factor IdleCount is the ceiling."""
    numbers: dict[str, object] = {"IdleCount": policy.idle_count}
    if policy.scale_factor:
        least = max(policy.idle_count, 1)
        most = max(least, min(policy.scale_factor_limit or limit, limit))
        numbers = {"IdleCount": most, "IdleScaleFactor": policy.scale_factor, "IdleCountMin": least}
    waits = bool(numbers["IdleCount"])
    if waits != policy.preemptive_mode:
        when = "only once a machine is ready" if waits else "before it makes a machine"
        findings.left_out(f"{at}.preemptive_mode", f"docker+machine asks GitLab for a job {when}")
    if policy.extra:
        findings.left_out(f"{at}.extra", _NONE)
    return {**numbers, "IdleTime": math.ceil(seconds_of(policy.idle_time))}


def _options(keys: AutoscalerKeys) -> Mapping[str, object]:
    connector = keys.connector_config
    options: dict[str, object] = {"amazonec2-ssh-user": connector.username}
    if connector.protocol_port:
        options["amazonec2-ssh-port"] = connector.protocol_port
    if connector.use_external_addr:
        options["amazonec2-use-private-address"] = False
    return options


def _move(findings: Findings, old: str, new: str) -> None:
    findings.wanted[:] = [replace(each, path=new) if each.path == old else each for each in findings.wanted]
