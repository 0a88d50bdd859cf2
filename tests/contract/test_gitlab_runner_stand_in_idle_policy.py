"""How many machines the stand-in for gitlab-runner keeps idle, and when its autoscaling periods hold."""

from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.host_programs.gitlab_runner_stand_in.idle_policy import Counts, policy
from localcloud.host_programs.gitlab_runner_stand_in.periods import PeriodError, in_period

_MONDAY_NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "moment", "expected"),
    [
        ("* * 9-17 * * mon-fri *", "UTC", _MONDAY_NOON, True),
        ("* * 9-17 * * mon-fri *", "UTC", _MONDAY_NOON.replace(day=22), False),
        ("* * 9-17 * * mon-fri *", "UTC", _MONDAY_NOON.replace(hour=17, minute=59, second=58), True),
        # The last second is outside: gitlab-runner#2170.
        ("* * 9-17 * * mon-fri *", "UTC", _MONDAY_NOON.replace(hour=17, minute=59, second=59), False),
        ("* * 13 * * * *", "Europe/Berlin", _MONDAY_NOON, True),
        ("* * 13 * * * *", "UTC", _MONDAY_NOON, False),
        # Five fields: the seconds are 0, so it holds for one second a minute.
        ("* 12 * * *", "UTC", _MONDAY_NOON, False),
        ("* 12 * * *", "UTC", _MONDAY_NOON.replace(second=59), True),
        ("* */15 * * * * *", "UTC", _MONDAY_NOON.replace(minute=30), True),
        ("* */15 * * * * *", "UTC", _MONDAY_NOON.replace(minute=31), False),
        # A range that runs backwards is empty, without any error.
        ("* * * * * fri-sun *", "UTC", _MONDAY_NOON.replace(day=28), False),
        ("* * * * nov sat,7 *", "UTC", _MONDAY_NOON.replace(day=22), True),
        # Day of month and day of week: either will do.
        ("* * * 1 * mon *", "UTC", _MONDAY_NOON, True),
        ("* * * 1 * * *", "UTC", _MONDAY_NOON, False),
        ("* * * * * * 2027", "UTC", _MONDAY_NOON, False),
    ],
)
def test_periods_hold_as_in_the_real_program(expression: str, zone: str, moment: datetime, expected: bool) -> None:
    assert in_period([expression], zone, moment) is expected


@pytest.mark.parametrize("expression", ["", "* * 25 * * * *", "* * 9- * * * *", "* * * * * day *", "*/0 * * * * * *"])
def test_periods_that_cannot_be_read_are_refused(expression: str) -> None:
    with pytest.raises(PeriodError):
        in_period([expression], "UTC", _MONDAY_NOON)


def counts(**states: int) -> Counts:
    return Counts(dict(states))


@pytest.mark.parametrize(
    ("machine", "limit", "now", "create"),
    [
        ({"IdleCount": 2}, 0, counts(idle=1), True),
        ({"IdleCount": 2}, 0, counts(idle=1, creating=1), False),
        ({"IdleCount": 2}, 3, counts(idle=1, used=1, removing=1), False),
        ({"IdleCount": 2, "MaxGrowthRate": 1}, 0, counts(creating=1), False),
        ({"IdleCount": 9, "IdleScaleFactor": 0.5}, 0, counts(), True),
        ({"IdleCount": 9, "IdleScaleFactor": 0.5}, 0, counts(idle=1), False),
        ({"IdleCount": 9, "IdleScaleFactor": 0.5}, 0, counts(idle=1, used=4), True),
        ({"IdleCount": 9, "IdleScaleFactor": 0.5, "IdleCountMin": 3}, 0, counts(idle=2), True),
        ({"IdleCount": 0}, 0, counts(), False),
    ],
)
def test_idle_machines_are_made_by_the_documented_formula(
    machine: dict[str, Any], limit: int, now: Counts, create: bool
) -> None:
    assert policy({"machine": machine, "limit": limit}, _MONDAY_NOON).should_create_idle(now) is create


def test_the_last_matching_period_wins_and_inherits_nothing() -> None:
    always, never = ["* * * * * * *"], ["* * 3 * * * *"]
    machine = {
        "IdleCount": 1,
        "IdleTime": 600,
        "MaxBuilds": 7,
        "autoscaling": [
            {"Periods": always, "IdleCount": 2, "IdleTime": 60, "Timezone": "UTC"},
            {"Periods": always, "IdleCount": 3, "Timezone": "UTC"},
            {"Periods": never, "IdleCount": 4, "Timezone": "UTC"},
        ],
    }

    chosen = policy({"machine": machine}, _MONDAY_NOON)

    assert (chosen.idle_count, chosen.idle_seconds, chosen.max_builds) == (3, 0, 7)


@pytest.mark.parametrize(
    ("before", "used_count", "idle_for", "reason"),
    [
        (counts(idle=1), 0, 61, "too many idle machines"),
        (counts(idle=1), 0, 59, ""),
        (counts(), 0, 61, ""),
        (counts(), 5, 0, "too many builds"),
        (counts(used=4), 0, 0, "too many machines"),
    ],
)
def test_idle_machines_go_by_the_documented_formula(
    before: Counts, used_count: int, idle_for: float, reason: str
) -> None:
    rules = policy({"limit": 4, "machine": {"IdleCount": 1, "IdleTime": 60, "MaxBuilds": 5}}, _MONDAY_NOON)

    assert rules.removal_reason(before, used_count, idle_for) == reason
