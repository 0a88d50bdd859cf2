"""How many machines wait idle: the limits in force, and gitlab-runner's formulas on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .periods import in_period


@dataclass
class Counts:
    """How many machines of one entry are in which state."""

    by_state: dict[str, int] = field(default_factory=dict)

    def add(self, state: str) -> None:
        """Count one more machine."""
        self.by_state[state] = self.by_state.get(state, 0) + 1

    def __getitem__(self, state: str) -> int:
        return self.by_state.get(state, 0)

    @property
    def available(self) -> int:
        """Machines that are or will be free for a job."""
        return self["acquired"] + self["creating"] + self["idle"]

    @property
    def total(self) -> int:
        """All machines, those that are being removed included."""
        return sum(self.by_state.values())


@dataclass(frozen=True)
class Policy:
    """The numbers that hold now for one entry; counts of machines, and seconds."""

    idle_count: int
    """Below 0 no machine is made before a job asks, and a job is asked for only while a machine is idle."""
    idle_count_min: int
    idle_scale_factor: float
    idle_seconds: int
    limit: int
    max_growth_rate: int
    max_builds: int

    def growth_exceeded(self, counts: Counts) -> bool:
        """Whether as many machines as allowed are being created already."""
        return 0 < self.max_growth_rate <= counts["creating"]

    def total_exceeded(self, counts: Counts) -> bool:
        """Whether there are as many machines as allowed already."""
        return 0 < self.limit <= counts.total

    def idle_exceeded(self, counts: Counts) -> bool:
        """Whether enough machines wait already."""
        if counts.available >= self.idle_count:
            return True
        if self.idle_scale_factor <= 0:
            return False
        least = max(1, self.idle_count_min)
        scaled = int(counts["used"] * self.idle_scale_factor)
        return counts.available >= least and counts.available >= scaled

    def may_create(self, counts: Counts) -> bool:
        """Whether one more machine may be made for a job that waits."""
        return not (self.growth_exceeded(counts) or self.total_exceeded(counts))

    def should_create_idle(self, counts: Counts) -> bool:
        """Whether one more machine is to be made before any job asks for it."""
        return self.may_create(counts) and not self.idle_exceeded(counts)

    def removal_reason(self, before: Counts, used_count: int, idle_for: float) -> str:
        """Why an idle machine has to go, or nothing; `before` counts the machines looked at before it."""
        if 0 < self.max_builds <= used_count:
            return "too many builds"
        if self.total_exceeded(before):
            return "too many machines"
        if idle_for > self.idle_seconds and self.idle_exceeded(before):
            return "too many idle machines"
        return ""


def policy(entry: Mapping[str, Any], now: datetime) -> Policy:
    """The entry's policy at this time: the last matching autoscaling period wins and inherits nothing."""
    machine = entry.get("machine", {})
    chosen = machine
    for period in machine.get("autoscaling", []):
        if in_period(period.get("Periods", []), period.get("Timezone", ""), now):
            chosen = period
    return Policy(
        idle_count=chosen.get("IdleCount", 0),
        idle_count_min=chosen.get("IdleCountMin", 0),
        idle_scale_factor=chosen.get("IdleScaleFactor", 0.0),
        idle_seconds=chosen.get("IdleTime", 0),
        limit=entry.get("limit", 0),
        max_growth_rate=machine.get("MaxGrowthRate", 0),
        max_builds=machine.get("MaxBuilds", 0),
    )
