"""What gitlab-runner's own schema finds in a config that its decoder takes. Seen with the real 19.3.0.

`lint` refuses the file for it; the service says so at each load, and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import go_durations

_ADVICE = """There might be a problem with your config
based on jsonschema annotations in common/config.go
(experimental feature):
"""


def problems(config: Mapping[str, Any]) -> list[str]:
    """Each place, in quotes, with what is wrong there."""
    return [
        f"'/runners/{number}/{each}" for number, runner in enumerate(config.get("runners", ())) for each in _of(runner)
    ]


def warning(config: Mapping[str, Any]) -> str:
    """What the service says of the same; empty where there is nothing."""
    found = problems(config)
    return _ADVICE + "\n".join(f"- at {each}" for each in found) if found else ""


def _of(runner: Mapping[str, Any]) -> Iterator[str]:
    # The one array of the schema that null is written for where it is not set.
    if "queries" not in runner.get("referees", {}).get("metrics", {"queries": []}):
        yield "referees/metrics/queries': got null, want array"
    if "autoscaler" not in runner:
        return
    autoscaler = runner["autoscaler"]
    if "plugin_config" not in autoscaler:
        yield "Autoscaler/PluginConfig': got null, want object"
    for number, policy in enumerate(autoscaler.get("policy", ())):
        if "preemptive_mode" not in policy:
            yield f"Autoscaler/Policy/{number}/PreemptiveMode': got null, want boolean"
        nanoseconds = round(go_durations.seconds(policy.get("idle_time"), 0.0) * 1e9)
        if nanoseconds < 0 or 0 < nanoseconds < 1e9:
            yield f"Autoscaler/Policy/{number}/IdleTime': minimum: got {nanoseconds:,}, want 1\u00d710\u2070\u2079"
