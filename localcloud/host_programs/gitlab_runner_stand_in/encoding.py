"""What gitlab-runner writes that a file did not have, as `SaveConfig` encodes whole structures.

Worked out from the struct tags in common/config.go of 19.3 and from `isEmpty` and `isZero` of its encoder
(BurntSushi/toml 1.6.0): `omitempty` keeps numbers and durations, `omitzero` keeps booleans, and a field without either
is always there. Each of these is only in a table that is there itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..program_stamp import stamp
from . import go_durations

NO_TIME = datetime(1, 1, 1, tzinfo=timezone.utc)

_IDLE = {"IdleCount": 0, "IdleScaleFactor": 0.0, "IdleCountMin": 0}
ALWAYS: dict[str, dict[str, Any]] = {
    "runners": {
        **dict.fromkeys(("name", "url", "token", "executor"), ""),
        "id": 0,
        **dict.fromkeys(("token_obtained_at", "token_expires_at"), NO_TIME),
    },
    "runners.cache": {"MaxUploadedArchiveSize": 0},
    "runners.docker": {
        "tls_verify": False,
        "image": "",
        **dict.fromkeys(("privileged", "disable_entrypoint_overwrite", "oom_kill_disable", "disable_cache"), False),
        "volume_keep": False,
        "shm_size": 0,
        "network_mtu": 0,
    },
    "runners.docker.services": {"name": ""},
    "runners.machine": {**_IDLE, "IdleTime": 0, "MachineDriver": "", "MachineName": ""},
    "runners.machine.autoscaling": {"Timezone": "", **_IDLE, "IdleTime": 0},
    "runners.monitoring.job_queuing_durations": {"timezone": ""},
    "machine.shutdown_drain": {"concurrency": 0, "max_retries": 0},
    "experimental.usage_logger": {"enabled": False},
}
"""What is written in a table whatever it has, by the table's name."""


def encoded(section: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of known keys as it is written, those inside it included, in the program's own order."""
    known: dict[str, dict[str, str]] = stamp()["sections"][section]
    durations = {key: "0s" for key, fact in known.items() if fact["type"] == "time.Duration"}
    whole = {**durations, **ALWAYS.get(section, {}), **table}
    return {key: _value(known[key], whole[key]) for key in known if key in whole}


def _value(fact: Mapping[str, str], value: Any) -> Any:
    go_type, section = fact["type"].lstrip("*"), fact.get("section", "")
    if section in stamp()["sections"]:
        return encoded(section, value) if isinstance(value, dict) else [encoded(section, each) for each in value]
    if go_type == "time.Duration":
        return go_durations.text(go_durations.seconds(value, 0.0))
    if go_type == "StringOrArray" and isinstance(value, str):
        return [value]
    return value
