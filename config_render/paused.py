"""What a paused `[[runners]]` looks like, made beforehand and taken into use on the manager."""

from typing import Any

from .models.breaker import BreakerSettings

MACHINES = "<machines>"
"""Stands for the number of machines that the entry has when it is paused."""

_FORM: dict[str, dict[str, str | int | None]] = {
    "runners": {"limit": MACHINES},
    "runners.machine": {
        # With 0, gitlab-runner would ask for a job first and make its machine afterwards.
        "IdleCount": 1,
        "IdleCountMin": None,
        "IdleScaleFactor": None,
        "MaxGrowthRate": 1,
        "autoscaling": None,
    },
}


def breaker_plan(breaker: BreakerSettings, drift: str) -> dict[str, Any]:
    """Return what the manager's tool is told: when to pause an entry, for how long, and what becomes of its keys.

    `drift` is `manager.drift`. Keys of `paused` and `trying` are tables of config.toml; null leaves a key out, or the
    tables of that name.
    """
    if not breaker.enabled:
        return {"enabled": False, "drift": drift}
    return {
        "enabled": True,
        "drift": drift,
        "failures": breaker.failures,
        "seconds": breaker.minutes * 60,
        "coolDownSeconds": breaker.cool_down_minutes * 60,
        "paused": _FORM,
        # The one machine that may be made then is made at once, whether a job needs it or not.
        "trying": {**_FORM, "runners.machine": {**_FORM["runners.machine"], "IdleCount": MACHINES}},
    }
