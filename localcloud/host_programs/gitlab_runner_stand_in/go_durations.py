"""Durations as Go writes and reads them: `1h0m0s`, `500ms`, or a bare number of nanoseconds."""

from __future__ import annotations

import re

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def seconds(value: int | str | None, default: float) -> float:
    """A duration of the config in seconds; what is not set is `default`."""
    if value is None:
        return default
    if isinstance(value, int):
        return value * 1e-9
    size = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    return -size if value.startswith("-") else size


def text(duration: float) -> str:
    """A duration in seconds, in Go's words."""
    if duration < 0:
        return f"-{text(-duration)}"
    for unit in ("ns", "us", "ms"):
        if 0 < duration < _UNITS[unit] * 999.9999995:
            return f"{duration / _UNITS[unit]:.6f}".rstrip("0").rstrip(".") + unit.replace("us", "µs")
    minutes, rest = divmod(duration, 60)
    hours, minutes = divmod(int(minutes), 60)
    seconds = f"{rest:.9f}".rstrip("0").rstrip(".")
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
