"""Names and numbers of pools that these settings can have, where gitlab-runner is content with others."""

import re
from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any

from ..base.secret_texts import holds_secret
from ..executors.docker_machine.entries import LONGEST_MACHINE_NAME, machine_name, same_machines
from ..executors.entries import placements
from ..settings.machine import check_machine_name
from .findings import Findings
from .old_keys import pick, spelled

_LONGEST = 32
_ANY = "%s"
"""In place of a MachineName, where machines have the name of their group."""


class Names:
    """Gives names to pools, and sees that gitlab-runner and the watch can tell their machines by them."""

    def __init__(self, findings: Findings, *, several: bool) -> None:
        self._findings = findings
        self._several = several
        self._taken: set[str] = set()
        self._machines: list[tuple[str, str]] = []
        """Tokens and MachineNames of the pools that have their names."""

    def give(
        self, pool: dict[str, Any], entry: Mapping[str, object], at: str, network_zones: int, *, by_machine: bool
    ) -> None:
        """Set a pool's name, and its MachineName if it can have that of the entry.

        `network_zones` is how many zones there are for a pool that names none, `by_machine` whether docker-machine
        names its machines.
        """
        token, given = str(pick(entry, "token", "")), pick(entry, "name", "")
        given = given if isinstance(given, str) else ""
        zones = pool.get("zones") or ["a", "b"][: max(1, min(network_zones, 2))]
        labels = [each.label for each in placements(zones, pool.get("instanceTypes", ["m5.large"]))]
        label = max(labels, key=len)
        machine = pool["machine"] if isinstance(pool.get("machine"), dict) else {}
        place = f"{at}.machine.MachineName"
        if (template := machine.get("MachineName") if by_machine else None) is not None:
            reason = self._refusal(token, template, label)
            if reason:
                del machine["MachineName"]
                self._findings.left_out(place, f"{reason}; the machines are called like their pool")
                template = None
        template = template if isinstance(template, str) else None
        name = self._name(given, at, token, template if by_machine else _ANY, label)
        if name != given:
            self._findings.note(f"{at}.name", f"becomes {name}; a pool's name has 1 to 32 of a to z, digits and -")
        self._taken.add(name)
        if by_machine:
            self._machines.append((token, template or f"{name}-%s"))
        pool["name"] = name

    def _refusal(self, token: str, template: object, label: str) -> str | None:
        if not isinstance(template, str):
            return None
        if reason := check_machine_name(template):
            return f"it {reason}"
        if template.startswith("%s") and self._several:
            return "machines of other entries could not be told from its machines, whose names begin with their numbers"
        if len(machine_name("", template, label)) > LONGEST_MACHINE_NAME:
            return f"with the machine's type and number it is longer than {LONGEST_MACHINE_NAME} characters"
        return "other machines are called alike" if self._is_alike(token, template) else None

    def _is_alike(self, token: str, template: str) -> bool:
        # The runner tells machines of one token by the beginning of their names, the watch those of two by all of it.
        return any(
            same_machines(other, template) if token == its_token else other == template
            for its_token, other in self._machines
        )

    def _name(self, given: str, at: str, token: str, template: str | None, label: str) -> str:
        index = re.sub(r"\D", "", at)
        slug = "" if holds_secret(given) else re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")
        room = _LONGEST if template else LONGEST_MACHINE_NAME - len(machine_name("", "-%s", label))
        base = slug[:room].strip("-") or f"pool-{index}"
        candidates = [base, f"{base[: max(room - 1 - len(index), 1)]}-{index}", f"{index}-{base}"[:room].strip("-")]
        # No MachineName of ours is empty before its %s, so one of these letters is free unless all are taken.
        candidates += [f"{letter}{index}{end}" for end in ("", "-x", "-y") for letter in ascii_lowercase]
        free = next((name for name in candidates if self._is_free(name, token, template)), None)
        if free is None:
            self._findings.refuse(f"{at}.name", None, "can't be told from the other names on its token; choose others")
        return free or base

    def _is_free(self, name: str, token: str, template: str | None) -> bool:
        return name not in self._taken and (template is not None or not self._is_alike(token, f"{name}-%s"))


def fit_numbers(
    pool: dict[str, object], entry: Mapping[str, object], at: str, concurrent: int, findings: Findings
) -> None:
    """Give a pool its limit, and no more idle machines than that."""
    limit = pick(entry, "limit", 0)
    if isinstance(limit, int) and not isinstance(limit, bool) and limit < 1:
        findings.note(f"{at}.{spelled(entry, 'limit')}", "none; it is concurrent here, for a pool needs one")
        limit = concurrent
    pool["limit"] = limit
    machine = pool.get("machine")
    if not isinstance(machine, dict) or not isinstance(limit, int):
        return
    idle = machine.get("IdleCount")
    if isinstance(idle, int) and idle > limit:
        findings.note(f"{at}.machine.IdleCount", f"becomes {limit}, the limit, at which the runner stops")
        machine["IdleCount"] = idle = limit
    numbers = [(f"{at}.machine", machine)]
    periods = machine.get("autoscaling")
    numbers += [
        (f"{at}.machine.autoscaling[{n}]", each)
        for n, each in enumerate(periods if isinstance(periods, list) else [])
        if isinstance(each, dict)
    ]
    for place, table in numbers:
        least, most = table.get("IdleCountMin"), table.get("IdleCount", 0)
        if isinstance(least, int) and isinstance(most, int) and least > most:
            findings.note(f"{place}.IdleCountMin", f"becomes {most}, the IdleCount, which bounds it")
            table["IdleCountMin"] = most
