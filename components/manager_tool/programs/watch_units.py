"""The systemd units by which the watch looks after the manager again and again."""

from __future__ import annotations

import sys
from pathlib import Path

from ..contract.constants import TARGET
from ..host import WATCH_SETTINGS, load, run, write

SERVICE = Path("/etc/systemd/system/gitlab-runner-aws-watch.service")
TIMER = SERVICE.with_suffix(".timer")

_SERVICE = f"""[Unit]
Description=Looks after gitlab-runner's machines, once
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={TARGET} watch
TimeoutStartSec=600
"""
_TIMER = """[Unit]
Description=Looks after gitlab-runner's machines, again and again

[Timer]
OnBootSec={seconds}
OnUnitActiveSec={seconds}
AccuracySec=5

[Install]
WantedBy=timers.target
"""


def put(seconds: int) -> None:
    """Have the watch run each so many seconds."""
    write(SERVICE, _SERVICE, 0o644)
    write(TIMER, _TIMER.format(seconds=seconds), 0o644)
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", TIMER.name)
    # A timer that runs keeps its old interval otherwise.
    run("systemctl", "restart", TIMER.name)


def revive() -> None:
    """Have the watch run again if somebody has disabled or stopped it: only the settings switch it off."""
    if not TIMER.exists() or not load(WATCH_SETTINGS).get("enabled"):
        return
    asked = [run("systemctl", verb, "--quiet", TIMER.name, check=False)[0] for verb in ("is-enabled", "is-active")]
    if any(asked):
        run("systemctl", "enable", TIMER.name)
        run("systemctl", "restart", TIMER.name)
        again = (
            f"{TIMER.name} had been switched off on the manager; it runs again. manager.watch.enabled: false ends it"
        )
        print(again, file=sys.stderr)


def remove() -> None:
    """Have the watch run no longer."""
    if TIMER.exists():
        run("systemctl", "disable", "--now", TIMER.name)
        TIMER.unlink()
        SERVICE.unlink(missing_ok=True)
        run("systemctl", "daemon-reload")
