"""Which `[[runners]]` of a config.toml become pools, by their executors; the others stay where they are."""

from collections.abc import Mapping

from ..settings.runner import Executor
from .autoscaler import STAYS, Place, group_stays_behind
from .findings import Findings
from .old_keys import pick, spelled

TABLES: Mapping[Executor, str] = {"docker+machine": "machine", "docker-autoscaler": "autoscaler"}
"""The table of `[[runners]]` that each executor has for its machines."""


def executor_of(entry: Mapping[str, object]) -> Executor | None:
    """Return the executor of an entry, or the one that its table is for; None for another one."""
    executor = pick(entry, "executor")
    for known, table in TABLES.items():
        if executor == known or (executor is None and isinstance(pick(entry, table), dict)):
            return known
    return None


def stays_behind(entry: Mapping[str, object], at: str, findings: Findings) -> Place | None:
    """Return why an entry becomes no pool; None for one that does."""
    executor, place = pick(entry, "executor"), f"{at}.{spelled(entry, 'executor')}"
    if executor is None and (found := executor_of(entry)):
        findings.note(place, f"missing; it is {found}, as there is a table [runners.{TABLES[found]}]")
        executor = found
    if executor == "instance":
        return place, executor, f"runs jobs on machines themselves, while here they run in containers: {STAYS}"
    if executor not in ("docker+machine", "docker-autoscaler"):
        message = "is neither docker+machine nor docker-autoscaler: this [[runners]] stays on the old manager"
        return place, executor, message
    key = TABLES[executor]
    table, table_at = pick(entry, key), f"{at}.{spelled(entry, key)}"
    if table is None:
        what = "which says what machines to start"
        findings.refuse(f"{at}.{key}", None, f"missing; needed: [runners.{key}], {what}")
    elif not isinstance(table, dict):
        findings.refuse(f"{at}.{key}", None, f"must be a table: [runners.{key}]")
    elif executor == "docker-autoscaler":
        return group_stays_behind(table, table_at)
    else:
        return _other_driver(table, at, findings)
    return None


def _other_driver(machine: Mapping[str, object], at: str, findings: Findings) -> Place | None:
    driver, place = pick(machine, "MachineDriver"), f"{at}.machine.MachineDriver"
    if not driver:
        findings.note(place, "missing; it is amazonec2 here")
    return None if driver in ("amazonec2", None, "") else (place, driver, f"is not amazonec2: {STAYS}")
