"""What the manager is told of its breaker: when a placement is paused, and where else machines may be started."""

from collections.abc import Mapping
from typing import Any

from ...settings.breaker import BreakerSettings


def breaker_plan(breaker: BreakerSettings, drift: str, placements: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the manager's tool takes.

    Args:
        breaker: The stack's settings of it.
        drift: `manager.drift`, for the file that is put in place.
        placements: What `placement_plan` returns.
    """
    if not breaker.enabled:
        return {"enabled": False, "drift": drift}
    return {
        "enabled": True,
        "drift": drift,
        "failures": breaker.failures,
        "seconds": breaker.minutes * 60,
        "coolDownSeconds": breaker.cool_down_minutes * 60,
        **placements,
    }
