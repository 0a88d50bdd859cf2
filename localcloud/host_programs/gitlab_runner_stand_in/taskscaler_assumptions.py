"""What is not known of taskscaler, whose source is not to be had: everything here is this stand-in's assumption.

What is read or recorded stands elsewhere: the provisioner in `provisioner.py`, what gitlab-runner asks of taskscaler in
`autoscaler.py`, what the logs of others show in `scaling.py`.
"""

from __future__ import annotations

import math

TICK_SECONDS = 1.0
"""Logs of others show a decision each second."""

FALLBACK_IDLE_COUNT, FALLBACK_IDLE_SECONDS = 0, 300.0
"""Where no policy fits: as in executors/kubernetes/autoscaler/policy.go, taskscaler's twin."""

FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 1.0, 300.0
"""How long nothing is created after instances did not become ready: doubled each time. That there is one is read."""

HEARTBEAT_SECONDS = 10.0
"""How long an instance has to answer before it gets a job, with FF_USE_FLEETING_ACQUIRE_HEARTBEATS."""

BAD_SCHEDULE_STOPS = True
"""An entry whose periods can't be read takes no job, until they are changed. The error is read; what follows is not."""


RESERVATIONS_CREATE = False
"""A request for a job that is still open keeps instances, as logs of others show, but has none created: else a group
that no job needs would never be empty."""


def scaled(in_use: int, factor: float) -> int:
    """The idle slots that a scale factor wants: rounded up."""
    return math.ceil(in_use * factor)


def slots_in_use(acquired: int, reserved: int) -> int:
    """What the factor is applied to: reservations are no use yet."""
    return acquired


RESERVATION_THROTTLING = False
"""Of `reservation_throttling` only its purpose is known, and so it does nothing here."""


def slot_order(used_slots: int, ready_at: float) -> tuple[int, float]:
    """Which instance gets a job, the smallest first: the fullest, and of those the newest."""
    return -used_slots, -ready_at


def removal_order(idle_since: float) -> float:
    """Which idle instance goes, the smallest first: the one that is idle longest."""
    return idle_since
