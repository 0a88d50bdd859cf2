"""How many instances taskscaler wants: policies by time, and its formula, as far as logs of others show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import go_durations
from . import taskscaler_assumptions as assumed
from .minute_periods import in_minute_period


class ScheduleError(Exception):
    """Policies that can't be read."""


@dataclass(frozen=True)
class Policy:
    """What holds now; counts are slots for jobs, not instances."""

    idle_count: int = assumed.FALLBACK_IDLE_COUNT
    idle_seconds: float = assumed.FALLBACK_IDLE_SECONDS
    scale_factor: float = 0.0
    scale_factor_limit: int = 0
    preemptive: bool = False

    def idle(self, in_use: int) -> int:
        """How many slots are to wait idle."""
        if self.scale_factor <= 0:
            return self.idle_count
        wanted = max(self.idle_count, assumed.scaled(in_use, self.scale_factor))
        return min(wanted, self.scale_factor_limit) if self.scale_factor_limit > 0 else wanted


def policy(policies: Sequence[Mapping[str, Any]], now: datetime) -> Policy:
    """The last whose period holds now. Raises `PeriodError`."""
    chosen: Mapping[str, Any] | None = None
    for each in policies:
        if in_minute_period(each.get("periods") or ["* * * * *"], each.get("timezone", ""), now):
            chosen = each
    if chosen is None:
        return Policy()
    idle_count = chosen.get("idle_count", 0)
    return Policy(
        idle_count,
        go_durations.seconds(chosen.get("idle_time"), 0.0),
        float(chosen.get("scale_factor", 0.0)),
        chosen.get("scale_factor_limit", 0),
        bool(chosen.get("preemptive_mode", idle_count > 0)),
    )


@dataclass(frozen=True)
class Demand:
    """What taskscaler counts before it decides; `instances` and `most` are instances, the others slots."""

    instances: int
    most: int
    capacity: int
    acquired: int
    unavailable: int
    waiting: int
    """Jobs that were taken and have no slot yet."""
    reserved: int
    """Requests for jobs that are open."""

    def required(self, now: Policy) -> int:
        """How many instances more are needed, or with a minus how many less."""
        idle = now.idle(assumed.slots_in_use(self.acquired, self.reserved))
        busy = self.acquired + self.unavailable
        if idle == 0 and busy > self.instances * self.capacity:
            # taskscaler!49
            return 0
        kept = self._instances_for(busy + self.waiting + self.reserved + idle)
        asked = kept if assumed.RESERVATIONS_CREATE else self._instances_for(busy + self.waiting + idle)
        if asked > self.instances:
            return max(0, min(asked, self.most) - self.instances)
        return min(0, kept - self.instances)

    def _instances_for(self, slots: int) -> int:
        return -(-slots // self.capacity)
